// Where one life of a peer ends and the next begins: what the next is judged by, in which conversation it is, and
// what of the life before still holds.
import { describe, expect, test } from "vitest";
import { decodeFrame } from "../src/endpoint/decode.ts";
import { encodeFrame } from "../src/endpoint/encode.ts";
import { type BeatFrame, type LeaveFrame, NO_EXTRA, NO_TAG } from "../src/endpoint/frame.ts";
import { living, told } from "./speaker.ts";
import { policy, Wire } from "./wire.ts";

const datagram = { transport: "datagram" } as const;
const patient = { ...policy, suspectAfterMs: 4_000, deadAfterMs: 9_000 };
const strict = { ...policy, suspectAfterMs: 2_000, deadAfterMs: 5_000 };

describe("a dead peer that is added again", () => {
  /** By which S and D the next life of one is judged, and the one after that. */
  function lives(by: "hand" | "itself", own?: typeof policy) {
    const wire = new Wire({}, { accept: () => ({ policy: patient }) });
    const { endpoint } = wire.right;
    if (by === "hand") endpoint.add("left", { path: "wire", policy: patient });
    const { right, left } = wire.connect();
    wire.left.endpoint.leave(right);
    wire.deliver();
    expect(wire.right.changes.at(-1)).toBe("left alive>dead left");
    expect(endpoint.add("left", { policy: own })).toBe(left());
    const { suspectAfterMs, deadAfterMs } = endpoint.policy(left())!;
    return { wire, judged: [suspectAfterMs, deadAfterMs] };
  }

  test("is judged by what it is added with, else as before; one that came by itself as all are", () => {
    expect(lives("hand").judged).toEqual([4_000, 9_000]);
    expect(lives("hand", strict).judged).toEqual([2_000, 5_000]);
    expect(lives("itself").judged).toEqual([3_000, 6_000]);
    expect(lives("itself", strict).judged).toEqual([2_000, 5_000]);
  });

  test("is one that was added by hand, and never forgotten again", () => {
    const { wire } = lives("itself");
    const { right } = wire;
    wire.cut.add(right).add(wire.left);
    wire.run(120_000);
    right.endpoint.tick();
    expect(right.changes.at(-1)).toBe("left connecting>dead unreachable");
    expect([right.of("forget"), right.endpoint.stats().tombstones]).toEqual([[], 0]);
  });
});

/** A left end that has said hello to a right one, in whose name the test speaks. */
function greeted() {
  const wire = new Wire(datagram, datagram);
  const { left, host } = wire;
  const peer = left.endpoint.add("right", { path: "wire" });
  host.advance(1_000);
  const identity = { boot: { hi: 1, lo: 2 }, id: "right" };
  const pace = { gapMs: 1_000, wishMs: 1_000, minMs: 20, deadMs: 6_000 };
  const common = { epoch: 5, session: 1, extra: NO_EXTRA };
  const hello = () => left.beats.at(-1) as BeatFrame;
  const say = (frame: Partial<BeatFrame>, from = "wire") =>
    left.endpoint.receive(
      encodeFrame({
        ...{ type: "echo", tag: hello().handed, seq: 1, handed: { hi: 7, lo: 7 }, counted: false },
        ...{ echo: hello().seq, heldMicros: 0, asks: false, sentMicros: 1, stalledMs: 0, identity },
        ...pace,
        ...common,
        ...frame,
      } as BeatFrame),
      from,
    );
  const leave = (seq: number) => {
    const frame: LeaveFrame = {
      ...{ type: "leave", tag: hello().handed, seq, reason: "leaving", returnInMs: 0 },
      ...common,
    };
    left.endpoint.receive(encodeFrame(frame), "wire");
  };
  return { wire, left, host, peer, say, leave };
}

describe("while it is not known whether the other side took us in", () => {
  test("whom we do not reach has not lived: it may answer in the same conversation later", () => {
    const { left, host, say } = greeted();
    say({ seq: 1 });
    host.advance(7_000);
    expect(left.changes).toEqual(["right connecting>dead unreachable"]);
    host.advance(10_000);
    say({ seq: 2, counted: true });
    expect(left.changes.slice(1)).toEqual(["right dead>connecting", "right connecting>alive"]);
  });

  test("who leaves has ended its conversation: only in a later one is it the next life", () => {
    const { left, peer, say, leave } = greeted();
    say({ seq: 1 });
    leave(2);
    expect(left.changes).toEqual(["right connecting>dead left"]);
    left.endpoint.dial(peer, "wire");
    say({ seq: 3, counted: true });
    expect(left.changes.at(-1)).toBe("right dead>connecting");
    expect(left.endpoint.stats().dropped).toEqual({ old: 1 });
    say({ session: 2, counted: true });
    expect(left.changes.at(-1)).toBe("right connecting>alive");
  });

  test("whom we leave may answer in the same one again: it may not know that it was meant", () => {
    const { left, peer, say } = greeted();
    say({ seq: 1 });
    left.endpoint.leave(peer);
    left.endpoint.dial(peer, "wire");
    say({ seq: 2, counted: true });
    expect(left.changes).toEqual([
      "right connecting>dead left",
      "right dead>connecting",
      "right connecting>alive",
    ]);
    expect(left.endpoint.stats().dropped).toEqual({});
  });
});

test("a later conversation always has the higher number, whoever asked where before", () => {
  const { left, host, peer, say } = greeted();
  // Somebody with its id asks at another place, and is answered there as a stranger.
  const padded = new Uint8Array(128);
  say({ type: "beat", tag: NO_TAG, asks: true, extra: padded }, "elsewhere");
  const answered = left.frames.at(-1) as BeatFrame;
  expect(answered).toMatchObject({ type: "echo", counted: false });
  const numbers = ["third", "elsewhere"].map((path) => {
    host.advance(1);
    left.endpoint.dial(peer, path);
    return left.beats.at(-1)?.session as number;
  });
  expect(answered.session).toBeLessThan(numbers[0] as number);
  expect(numbers[0]).toBeLessThan(numbers[1] as number);
});

test("who handed out no tag is told nothing: nobody else could have asked for it", () => {
  const { left, host, say } = greeted();
  say({ counted: true });
  expect(left.changes).toEqual(["right connecting>alive"]);
  const sent = () => left.frames.slice(before).map(({ type }) => type);
  const [behind, padded] = [{ boot: { hi: 9, lo: 9 }, id: "right" }, new Uint8Array(128)];
  const ask = { type: "beat", tag: NO_TAG, asks: true, extra: padded, identity: behind } as const;
  const before = left.sent.length;
  say({ ...ask, epoch: 4, handed: NO_TAG });
  expect([sent(), left.endpoint.stats().dropped]).toEqual([[], { "clock-behind": 1 }]);
  host.freeze(1_000);
  say({ ...ask, epoch: 4 });
  expect(sent()).toEqual(["notice"]);
});

describe("leave", () => {
  test("trusts nobody from before its LEAVE is sent, and says at most what fits", () => {
    const trusted: number[] = [];
    const wire = new Wire({
      send: (peer, frame) => {
        const decoded = decodeFrame(frame);
        if (decoded.ok && decoded.frame.type === "leave")
          trusted.push(wire.left.endpoint.trustedUntil(peer!), decoded.frame.returnInMs);
        wire.left.inFlight.push(frame);
      },
    });
    const { right } = wire.connect();
    expect(wire.left.endpoint.trustedUntil(right)).toBeGreaterThan(0);
    wire.left.endpoint.leave(right, { returnInMs: 1e12 });
    expect(trusted).toEqual([Number.NEGATIVE_INFINITY, 2 ** 32 - 1]);
  });

  test("of a dead peer says nothing, now or when its next life is over", () => {
    const wire = new Wire({ policy: patient });
    const { right, left } = wire.connect();
    wire.cut.add(wire.left).add(wire.right);
    wire.run(20_000);
    wire.right.endpoint.leave(left());
    wire.right.endpoint.leaveSoon(left(), { withinMs: 15_000 });
    wire.cut.clear();
    wire.run(14_000);
    expect(wire.right.changes.at(-1)).toBe("left connecting>alive");
    wire.run(10_000);
    expect(wire.right.changes.at(-1)).toBe("left connecting>alive");
    // Only the right one falls for it.
    wire.cut.add(wire.left).add(wire.right);
    wire.run(7_000);
    expect(wire.right.changes.at(-1)).toBe("left suspect>dead silence");
    expect(wire.left.endpoint.state(right)?.status).toBe("suspect");
    wire.cut.clear();
    wire.run(2_000);
    expect(wire.left.of("declared-dead")).toHaveLength(1);
    expect(wire.right.frames.filter(({ type }) => type === "leave")).toEqual([]);
  });
});

test("who only sends says who it is once it has heard nothing for longer than D, and not before", () => {
  const wire = new Wire({ ...datagram, role: "send" }, datagram);
  wire.connect();
  wire.run(1_600);
  const { left, right } = wire;
  wire.cut.add(right);
  const heardAt = left.endpoint.state(wire.left.endpoint.find("right")!)?.heardAt as number;
  const said: [number, boolean][] = [];
  for (let before = left.sent.length; wire.host.now() < heardAt + 9_000; ) {
    wire.run(10);
    const beat = left.sent.length > before && left.beats.at(-1);
    before = left.sent.length;
    if (beat) said.push([Math.round(wire.host.now() - heardAt), beat.identity !== undefined]);
  }
  expect(
    said.filter(([afterMs]) => afterMs <= policy.deadAfterMs).map(([, is]) => is),
  ).not.toContain(true);
  expect(
    said.filter(([afterMs]) => afterMs > policy.deadAfterMs).map(([, is]) => is),
  ).not.toContain(false);
  // To the millisecond: the last of the one kind leaves when D is over.
  expect(said.map(([afterMs]) => afterMs)).toContain(policy.deadAfterMs);
});

test("whoever goes on in a session that has ended is told so, by the tag it knows", () => {
  const { stage, them } = living();
  stage.end.endpoint.ended(stage.ref("them"), "closed");
  expect(told(them.say())).toEqual(["there notice dead"]);
  expect(stage.dropped).toEqual({ old: 1 });
});

test("of all the lives of a peer no more than the last two conversations are kept", () => {
  const wire = new Wire();
  const { right, left } = wire.connect();
  for (let life = 0; life < 4; life++) {
    wire.right.endpoint.ended(left(), "closed");
    wire.run(5_000);
    expect(wire.right.endpoint.state(left())?.status).toBe("alive");
  }
  expect(wire.left.endpoint.state(right)?.status).toBe("alive");
  // And nobody who lives gives way as one who is dead.
  expect(wire.right.endpoint.stats()).toMatchObject({ sessions: 2, tombstones: 0 });
});

test("who only sends has a connection that knows it: there it never says anew who it is", () => {
  const { stage } = living({ transport: "message", role: "send" });
  const sent = stage.during(() => stage.host.advance(3 * policy.deadAfterMs));
  expect(new Set(told(sent))).toEqual(new Set(["there beat"]));
});

test("a beat that the transport did not take was not sent", () => {
  const { stage } = living({ observeBeats: () => true });
  stage.takes = false;
  stage.host.advance(2_500);
  expect(stage.end.of("beat")).toEqual([]);
});

test("how long who comes by itself is remembered is for the application to say", () => {
  const forgetAfterMs = 12_345_678;
  const { stage } = living({ accept: () => ({ policy: { ...policy, forgetAfterMs } }) });
  expect(stage.end.endpoint.policy(stage.ref("them"))).toMatchObject({ forgetAfterMs });
});
