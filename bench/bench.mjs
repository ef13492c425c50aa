// `pnpm bench`: everything, quickly. First the monitor beside what people use instead (see speed.mjs),
// then what a frame costs.

import { createEndpoint, decodeFrame, encodeFrame } from "@systole/core/endpoint";
import { ManualHost } from "@systole/core/testing";

const ROUNDS = 7;
const POLICY = { intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000 };

process.argv.push("--quick");
await import("./speed.mjs");

console.log(`\n### Frames, in ns: median of ${ROUNDS} rounds (spread)\n`);
report("encode BEAT", encodes());
report("decode BEAT", decodes());
report("endpoint: a beat, both ends", receives());

/** A case is a function that does `count` operations and returns `count`. */
function report(name, run) {
  const { median, least, most } = measure(run);
  const spread = `${least.toFixed(0)}–${most.toFixed(0)}`;
  console.log(`${name.padEnd(28)} ${median.toFixed(1).padStart(9)} (${spread})`);
}

function measure(run) {
  run();
  const figures = Array.from({ length: ROUNDS }, () => {
    globalThis.gc?.();
    const from = process.hrtime.bigint();
    const count = run();
    return Number(process.hrtime.bigint() - from) / count;
  }).sort((a, b) => a - b);
  return { median: figures[ROUNDS >> 1], least: figures[0], most: figures.at(-1) };
}

function aBeat() {
  const word = { hi: 0x12345678, lo: 0x9abcdef0 };
  const pace = { gapMs: 1_000, wishMs: 1_000, minMs: 20, deadMs: 6_000 };
  const clock = { sentMicros: 3_600_000_042, stalledMs: 0 };
  const numbers = { epoch: 1_767_225_600_000, session: 3, seq: 77, echo: 76, heldMicros: 400 };
  const flags = { counted: true, asks: false };
  return {
    type: "beat",
    tag: word,
    handed: word,
    ...numbers,
    ...pace,
    ...clock,
    ...flags,
    extra: new Uint8Array(0),
  };
}

function encodes() {
  const frame = aBeat();
  return () => {
    for (let n = 0; n < 100_000; n++) encodeFrame(frame);
    return 100_000;
  };
}

function decodes() {
  const bytes = encodeFrame(aBeat());
  return () => {
    for (let n = 0; n < 100_000; n++) decodeFrame(bytes);
    return 100_000;
  };
}

/** Two ends beat at each other over a synchronous transport: cost a frame, sending included. */
function receives() {
  return () => {
    const [here, there] = [new ManualHost({ seed: 1 }), new ManualHost({ seed: 2 })];

    const ends = {};
    const end = (id, host, send) =>
      createEndpoint({ id, host, policy: POLICY, send, emit() {}, accept: () => true });
    ends.a = end("a", here, (_peer, frame) => ends.b.receive(frame, ends.pathToA));
    ends.pathToA = {};
    ends.b = end("b", there, (_peer, frame) => ends.a.receive(frame, ends.toB));
    ends.toB = ends.a.add("b");
    for (let n = 0; n < 2_000; n++) {
      here.freeze(500);
      there.freeze(500);
      ends.a.tick();
      ends.b.tick();
    }
    return ends.a.stats().framesReceived + ends.b.stats().framesReceived;
  };
}
