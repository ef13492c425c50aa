// `pnpm bench`: what a heard beat, a tick and a frame cost today, beside what people use instead, in
// one run. The monitor is the simple one (the oracle of the fast one to come): no targets yet.

import { cpus } from "node:os";
import { createMonitor } from "@systole/core";
import { createEndpoint, decodeFrame, encodeFrame } from "@systole/core/endpoint";
import { ManualHost } from "@systole/core/testing";

const ROUNDS = 7;
const POLICY = { intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000 };

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? "unknown CPU"}, ${cpus().length} CPUs; median of ${ROUNDS} rounds (spread)\n`,
);

for (const peers of [1_000, 10_000, 100_000]) {
  const order = shuffled(peers);
  report(`heard, ${peers} peers, random order`, [
    ["bare f64[i] = now", heardInArray(peers, order)],
    ["timeout.refresh()", heardByRefresh(peers, order)],
    ["clear + setTimeout", heardByTimers(peers, order)],
    ["Systole monitor", heardByMonitor(peers, order)],
  ]);
}
report("a tick in which nothing is due, 100 000 peers", [["Systole monitor", idleTicks(100_000)]]);
report("frames", [
  ["encode BEAT", encodes()],
  ["decode BEAT", decodes()],
  ["endpoint: a beat, both ends", receives()],
]);
// The timers of the watchdogs measured above would keep the process alive for seconds.
process.exit();

/** A case is a function that does `count` operations and returns `count`. */
function report(title, cases) {
  console.log(title);
  const base = measure(cases[0][1]);
  for (const [name, run] of cases) {
    const { median, least, most } = name === cases[0][0] ? base : measure(run);
    const ratio = cases.length > 1 ? `${(median / base.median).toFixed(1).padStart(8)} ×` : "";
    const spread = `${least.toFixed(0)}–${most.toFixed(0)}`;
    console.log(`  ${name.padEnd(24)} ${median.toFixed(1).padStart(9)} ns ${ratio}  (${spread})`);
  }
  console.log();
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

function heardInArray(peers, order) {
  const heardAt = new Float64Array(peers);
  return () => {
    for (const peer of order) heardAt[peer] = 1_234.5;
    return order.length;
  };
}

function heardByRefresh(peers, order) {
  const timers = Array.from({ length: peers }, () => setTimeout(() => {}, 6_000).unref());
  return () => {
    for (const peer of order) timers[peer].refresh();
    return order.length;
  };
}

function heardByTimers(peers, order) {
  const timers = Array.from({ length: peers }, () => setTimeout(() => {}, 6_000).unref());
  return () => {
    for (const peer of order) {
      clearTimeout(timers[peer]);
      timers[peer] = setTimeout(() => {}, 6_000).unref();
    }
    return order.length;
  };
}

function heardByMonitor(peers, order) {
  const { monitor, refs } = populated(peers);
  return () => {
    for (const peer of order) monitor.heard(refs[peer]);
    return order.length;
  };
}

function idleTicks(peers) {
  const { monitor } = populated(peers);
  monitor.tick();
  return () => {
    for (let n = 0; n < 100; n++) monitor.tick();
    return 100;
  };
}

function populated(peers) {
  const host = new ManualHost();
  const monitor = createMonitor({ host, policy: POLICY, emit() {} });
  const refs = Array.from({ length: peers }, () => monitor.add());
  for (const ref of refs) monitor.heard(ref);
  return { monitor, refs, host };
}

function aBeat() {
  const word = { hi: 0x12345678, lo: 0x9abcdef0 };
  const pace = { gapMs: 1_000, wishMs: 1_000, minMs: 20, deadMs: 6_000 };
  const numbers = { epoch: 1_767_225_600_000, session: 3, seq: 77, echo: 76, heldMicros: 400 };
  const flags = { counted: true, asks: false };
  return {
    type: "beat",
    tag: word,
    handed: word,
    ...numbers,
    ...pace,
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

function shuffled(count) {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  let seed = 1;
  for (let left = count - 1; left > 0; left--) {
    seed = Math.imul(seed, 1_664_525) + 1_013_904_223;
    const pick = (seed >>> 0) % (left + 1);
    [order[left], order[pick]] = [order[pick], order[left]];
  }
  return order;
}
