// `observer.mjs PEERS`: a server that judges so many, can be told to block, and counts what it says of
// them and when; also what it costs, and how many timers there are.
import { subscribe } from "node:diagnostics_channel";
import { createServer } from "@systole/adapter-net";
import { systemHost } from "@systole/core/system";

const POLICY = { intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000 };
const expected = Number(process.argv[2]);
const say = (message) => process.send(message);
const host = systemHost();
let ticking = 0;
// Node lists only timers that keep a process alive, and those of a tick under way are not set yet.
const clock = {
  ...host,
  setTimer: (callback, delayMs) => host.setTimer(callback, delayMs, true),
  defer: (callback) => {
    ticking += 1;
    host.defer(() => {
      ticking -= 1;
      callback();
    });
  },
};

const living = new Set();
/** Beats that peers owe us before they count as heard of. */
const owed = new Map();
let beats = 0;
/** What happened since we were last told something. */
let since = begin();

const server = createServer({ id: "observer", policy: POLICY, clock });
server.on("alive", ({ id }) => {
  living.add(id);
  if (living.size === expected) say({ type: "all-alive" });
});
server.on("suspect", () => {
  since.suspicions += 1;
});
server.on("stalled", () => {
  since.stalls += 1;
});
server.on("dead", ({ id, reason, at }) => {
  living.delete(id);
  since.deaths[reason] = (since.deaths[reason] ?? 0) + 1;
  since.afterMs.push(at - since.at);
  if (living.size === since.left) tell("left");
});
subscribe("systole:beat", ({ id, direction }) => {
  if (direction !== "received") return;
  beats += 1;
  const left = owed.get(id);
  if (left === undefined) return;
  if (left > 1) owed.set(id, left - 1);
  else if (owed.delete(id) && owed.size === 0) tell("heard-of-all");
});
process.on("disconnect", () => process.exit());
process.on("message", ({ type, ...message }) => {
  since = begin();
  if (type === "block") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, message.ms);
  // Three beats of each: what lay unread after a stall is not enough.
  if (type === "block" || type === "listen") for (const id of living) owed.set(id, 3);
  if (type === "await") since.left = message.left;
  if (type === "await" && living.size === message.left) tell("left");
});

await server.listen(0, "127.0.0.1");
say({ type: "listening", port: server.address().port });

function begin() {
  const cpu = process.cpuUsage();
  return { at: performance.now(), cpu, beats, suspicions: 0, stalls: 0, deaths: {}, afterMs: [] };
}

function tell(type) {
  const { at, suspicions, stalls, deaths } = since;
  const { user, system } = process.cpuUsage(since.cpu);
  const tookMs = performance.now() - at;
  const afterMs = since.afterMs.sort((a, b) => a - b);
  const cpuPercent = (user + system) / 10 / tookMs;
  const figures = { tookMs, cpuPercent, beatsPerSecond: ((beats - since.beats) / tookMs) * 1_000 };
  const rss = process.memoryUsage.rss();
  const counted = { alive: living.size, suspicions, stalls, deaths, afterMs, rss, ...figures };
  betweenTicks(() => {
    const timers = process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
    say({ type, ...counted, timers });
  });
}

function betweenTicks(callback) {
  setImmediate(() => (ticking > 0 ? betweenTicks(callback) : callback()));
}
