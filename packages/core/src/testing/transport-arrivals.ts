// Cases of the transport contract: what is sent arrives whole, unchanged, in order, at the right end.

import { encodeFrame } from "../endpoint/encode.ts";
import { MAX_CONTROL_BYTES } from "../endpoint/frame.ts";
import {
  type Bench,
  broken,
  carriesFrames,
  isPromise,
  isTaken,
  type Kind,
  type Probe,
  sameBytes,
  sampleFrame,
} from "./transport-bench.ts";

export async function signsArrive(bench: Bench): Promise<void> {
  const pair = await bench.connect();
  for (const [end, probe] of [
    [pair.left, bench.right],
    [pair.right, bench.left],
  ] as const) {
    await bench.send(end, sampleFrame(1, 68));
    if (!(await bench.until(() => probe.arrived.length > 0)))
      broken("delivers", "a sign of life never came");
  }
}

export async function framesArrive(bench: Bench, kind: Kind): Promise<void> {
  const pair = await bench.connect();
  const sizes = [68, 69, 205, 324, MAX_CONTROL_BYTES];
  for (const [end, probe] of [
    [pair.left, bench.right],
    [pair.right, bench.left],
  ] as const) {
    for (const [n, size] of sizes.entries()) {
      probe.arrived.length = 0;
      const frame = sampleFrame(n + 1, size);
      await bench.send(end, frame);
      await arrives(bench, probe, frame, kind);
    }
  }
}

export async function messagesArrive(bench: Bench, kind: Kind): Promise<void> {
  const pair = await bench.connect();
  for (const size of [0, 1, 65_536, 2 ** 20]) {
    bench.right.arrived.length = 0;
    const payload = Uint8Array.from({ length: size }, (_, n) => n % 251);
    const frame = encodeFrame({ type: "data", payload });
    await bench.send(pair.left, frame);
    await arrives(bench, bench.right, frame, kind);
  }
}

/** This very frame, and nothing else. */
async function arrives(
  bench: Bench,
  probe: Probe,
  frame: Uint8Array,
  { transport }: Kind,
): Promise<void> {
  const size = `a frame of ${frame.length} bytes`;
  await bench.until(() => probe.strange !== undefined || probe.all.length >= frame.length);
  await bench.quiet();
  if (probe.strange !== undefined)
    broken("bytes", `receive was given ${probe.strange}, not a Uint8Array`);
  const pieces = probe.arrived.length;
  if (pieces === 0) broken("delivers", `${size} never came`);
  if (transport !== "stream" && pieces > 1) {
    const isTwice = probe.arrived.every(({ bytes }) => sameBytes(bytes, frame));
    // Datagrams may come twice; a frame in pieces is none.
    if (!isTwice) broken("whole", `${size} came in ${pieces} pieces`);
    if (transport === "message") broken("once", `${size} came ${pieces} times`);
    return;
  }
  const { all } = probe;
  if (all.length !== frame.length) broken("whole", `of ${size} came ${all.length}`);
  const at = all.findIndex((byte, n) => byte !== frame[n]);
  if (at >= 0) broken("unchanged", `${size} came with ${all[at]} for ${frame[at]} at byte ${at}`);
}

export async function inOrder(bench: Bench, { transport }: Kind): Promise<void> {
  const pair = await bench.connect();
  const frames = Array.from({ length: 100 }, (_, n) => sampleFrame(n + 1, 68 + ((n * 37) % 400)));
  for (const frame of frames) await bench.send(pair.left, frame);
  const lengthBytes = frames.reduce((sum, frame) => sum + frame.length, 0);
  await bench.until(() => bench.right.all.length >= lengthBytes);
  await bench.quiet();
  const { arrived, all } = bench.right;
  if (all.length < lengthBytes) broken("delivers", `of 100 frames in a row some never came`);
  if (all.length > lengthBytes)
    broken("once", "of 100 frames in a row some came twice, or were called not sent");
  if (transport === "message" && arrived.length !== frames.length) {
    broken("whole", `100 frames in a row came as ${arrived.length}`);
  }
  let at = 0;
  for (const [n, frame] of frames.entries()) {
    if (!sameBytes(all.subarray(at, at + frame.length), frame)) {
      broken("ordered", `the frame sent as number ${n + 1} did not come as number ${n + 1}`);
    }
    at += frame.length;
  }
}

/** Datagrams may be lost, doubled and overtaken, but each that comes is one that was sent. */
export async function eachByItself(bench: Bench): Promise<void> {
  const pair = await bench.connect();
  const frames = Array.from({ length: 20 }, (_, n) => sampleFrame(n + 1, 68 + ((n * 37) % 400)));
  for (const frame of frames) isTaken(pair.left, frame);
  await bench.quiet();
  for (const { bytes } of bench.right.arrived) {
    if (frames.some((frame) => sameBytes(bytes, frame))) continue;
    broken("whole", `of 20 datagrams in a row one came as ${bytes.length} bytes that nobody sent`);
  }
}

export async function answersAtOnce(bench: Bench): Promise<void> {
  const pair = await bench.connect();
  const answer = pair.left.send(sampleFrame(1, 68));
  if (!isPromise(answer)) return;
  answer.then(undefined, () => {});
  broken("at-once", "send returned a promise: nobody waits for it, nor for its failure");
}

export async function fromTheRightPeer(bench: Bench, kind: Kind): Promise<void> {
  const pairs = [await bench.connect(), await bench.connect()] as const;
  if (pairs[0].right.path === pairs[1].right.path) {
    broken("right-peer", "two connections have one path: an endpoint could not tell them apart");
  }
  for (const [n, { left, right }] of pairs.entries()) {
    for (const [end, other, probe] of [
      [left, right, bench.right],
      [right, left, bench.left],
    ] as const) {
      probe.arrived.length = 0;
      const frame = sampleFrame(n + 1, 100);
      await bench.send(end, frame);
      if (!(await bench.until(() => probe.arrived.length > 0))) {
        broken(
          "right-peer",
          `with two connections, a frame on the ${n === 0 ? "first" : "second"} never came to its other end`,
        );
      }
      if (probe.arrived.some(({ from }) => from !== other.path)) {
        broken("right-peer", "a frame came with another path than that of its connection");
      }
      if (carriesFrames(kind) && !sameBytes(probe.all.subarray(0, frame.length), frame)) {
        broken("right-peer", "with two connections, a frame came that was not sent on this one");
      }
    }
  }
}

export async function notKept(bench: Bench, kind: Kind): Promise<void> {
  const pair = await bench.connect();
  const frame = sampleFrame(1, 205);
  const lent = frame.slice();
  if (!isTaken(pair.left, lent)) broken("delivers", "an open connection refused a frame");
  if (lent.length === 0) return broken("not-kept", "send took the memory of the frame away");
  lent.fill(0);
  await bench.until(() => bench.right.all.length >= frame.length);
  if (!sameBytes(bench.right.all.subarray(0, frame.length), frame) && kind.transport !== "signs") {
    broken(
      "not-kept",
      "what came is not what the frame held when send was called (say keepsFrames where that is meant, as with node:net and node:dgram)",
    );
  }
}
