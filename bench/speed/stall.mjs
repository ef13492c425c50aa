// In real time: some peers are killed, and later the watching thread is blocked for three seconds
// while all others beat on. Which of the killed were noticed, and how many healthy ones were killed?

import { Worker } from "node:worker_threads";
import { createMonitor, drive } from "@systole/core";
import { systemHost } from "@systole/core/system";
import { lossy, watchdogMachine } from "./contenders.mjs";
import { Oracle } from "./oracle.mjs";

const PEERS = 500;
const KILLED = 50;
const INTERVAL_MS = 250;
const TIMEOUT_MS = 1_500;
const KILL_AT_MS = 1_000;
const BLOCK_AT_MS = 5_500;
const BLOCK_MS = 3_000;
const END_AT_MS = 10_500;
const LOOK_MS = 100;
const POLICY = {
  intervalMs: INTERVAL_MS,
  suspectAfterMs: TIMEOUT_MS / 2,
  deadAfterMs: TIMEOUT_MS,
};

export async function measure({ name }) {
  const dead = new Set();
  const { hear, look, lookMs = LOOK_MS } = await WATCHES[name]((peer) => dead.add(peer));
  if (look !== undefined) setInterval(look, lookMs);
  // A busy machine may keep the beating thread waiting, too: then nobody was healthy.
  const largestGapMs = new Float64Array(new SharedArrayBuffer(8));
  const workerData = {
    peers: PEERS,
    killed: KILLED,
    intervalMs: INTERVAL_MS,
    killAtMs: KILL_AT_MS,
    largestGapMs,
  };
  const worker = new Worker(new URL("./stall-beats.mjs", import.meta.url), { workerData });
  worker.on("message", hear);
  await new Promise((resolve) => worker.once("online", resolve));
  await sleep(BLOCK_AT_MS);
  const noticed = [...dead].filter((peer) => peer < KILLED).length;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCK_MS);
  await sleep(END_AT_MS - BLOCK_AT_MS - BLOCK_MS);
  const healthyKilled = [...dead].filter((peer) => peer >= KILLED).length;
  return {
    killed: KILLED,
    noticed,
    healthy: PEERS - KILLED,
    healthyKilled,
    blockMs: BLOCK_MS,
    isFair: largestGapMs[0] < 2 * INTERVAL_MS,
    largestGapMs: largestGapMs[0],
  };
}

/** By the names of the contenders; `onDead` is told the index of a peer. */
const WATCHES = {
  "f64[i] = now"() {
    return { hear() {} };
  },
  "Systole heard": (onDead) => systole(onDead, { hear: (monitor, ref) => monitor.heard(ref) }),
  "Systole heardBeat": numbered,
  "Systole, own detector": (onDead) => numbered(onDead, { detector: lossy }),
  "Systole, with ids": (onDead) =>
    systole(onDead, { ids: true, hear: (monitor, ref) => monitor.heard(ref) }),
  "the rules alone"(onDead) {
    const emit = ({ to, peer }) => to === "dead" && onDead(peer);
    const oracle = new Oracle({ host: performance, policy: POLICY, emit });
    for (let n = 0; n < PEERS; n++) oracle.add("listen");
    return { hear: (peer) => oracle.heard(peer), look: () => oracle.tick() };
  },
  "scan all objects"(onDead) {
    const heardAt = new Float64Array(PEERS).fill(performance.now());
    const look = () => {
      const now = performance.now();
      for (let n = 0; n < PEERS; n++) if (now - heardAt[n] >= TIMEOUT_MS) onDead(n);
    };
    const hear = (peer) => {
      heardAt[peer] = performance.now();
    };
    return { hear, look };
  },
  "timeout.refresh()"(onDead) {
    const all = Array.from({ length: PEERS }, (_, n) => setTimeout(onDead, TIMEOUT_MS, n));
    return { hear: (peer) => all[peer].refresh() };
  },
  "clear + setTimeout"(onDead) {
    const all = Array.from({ length: PEERS }, (_, n) => setTimeout(onDead, TIMEOUT_MS, n));
    const hear = (peer) => {
      clearTimeout(all[peer]);
      all[peer] = setTimeout(onDead, TIMEOUT_MS, peer);
    };
    return { hear };
  },
  async "npm heartbeats"(onDead) {
    const { default: hearts } = await import("heartbeats");
    const heart = hearts.createHeart(LOOK_MS);
    const all = Array.from({ length: PEERS }, () => heart.createPulse());
    heart.createEvent(1, () => {
      for (let n = 0; n < PEERS; n++) if (all[n].missedBeats >= TIMEOUT_MS / LOOK_MS) onDead(n);
    });
    return { hear: (peer) => all[peer].beat() };
  },
  async "npm timer-wheel"(onDead) {
    const { default: wheels } = await import("timer-wheel");
    const wheel = new wheels.ReschedulingTimerWheel();
    const all = Array.from({ length: PEERS }, (_, n) => ({ n }));
    const hear = (peer) => wheel.schedule(all[peer], TIMEOUT_MS);
    for (let n = 0; n < PEERS; n++) hear(n);
    const look = () => {
      for (const { n } of wheel.advance()) onDead(n);
    };
    // As its README does. It loses what it moves within a bucket, so what it notices varies.
    return { hear, look, lookMs: 1_000 };
  },
  async "npm xstate"(onDead) {
    const { createActor } = await import("xstate");
    const machine = await watchdogMachine(TIMEOUT_MS);
    const all = Array.from({ length: PEERS }, (_, n) => {
      const actor = createActor(machine);
      actor.subscribe({ complete: () => onDead(n) });
      return actor.start();
    });
    return { hear: (peer) => all[peer].send({ type: "HEARD" }) };
  },
};

export const WATCHED = Object.keys(WATCHES);

function systole(onDead, { hear, ids = false, detector }) {
  const host = systemHost();
  const emit = (output) => {
    if (output.type === "changed" && output.to === "dead") onDead(index.get(output.peer));
  };
  const monitor = createMonitor({ host, policy: { ...POLICY, detector }, emit });
  drive(monitor, host);
  const refs = Array.from({ length: PEERS }, (_, n) =>
    monitor.add(ids ? `peer-${n}` : undefined, { role: "listen" }),
  );
  const index = new Map(refs.map((ref, n) => [ref, n]));
  return { hear: (peer) => hear(monitor, refs[peer]) };
}

function numbered(onDead, options) {
  const seqs = new Map();
  const hear = (monitor, ref) => {
    const seq = (seqs.get(ref) ?? 0) + 1;
    seqs.set(ref, seq);
    monitor.heardBeat(ref, seq);
  };
  return systole(onDead, { ...options, hear });
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
