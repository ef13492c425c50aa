// `crowd-observer.mjs PEERS POLICY`: a node on one socket that judges so many, can be told to block, and
// counts what it says of them; also what it costs.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createNode } from "@systole/adapter-dgram";

const [peers, policy] = process.argv.slice(2);
const RESOLUTION_MS = 10;
const say = (message) => process.send(message);
const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
const living = new Set();
/** How well we were when a peer was suspected last: that stretches its suspicion. */
const healthOf = new Map();
/** How many shall be left before we say so. */
let left = -1;
/** What happened since we were last told to begin. */
let since;

const node = createNode({ id: "observer", policy: JSON.parse(policy), accept: () => true });
node.on("alive", ({ id }) => {
  living.add(id);
  if (living.size === Number(peers)) say({ type: "all-alive" });
});
node.on("suspect", ({ id, evidence }) => {
  since.suspected.push(id);
  healthOf.set(id, evidence.health);
});
node.on("stalled", () => {
  since.stalls += 1;
});
node.on("dead", ({ id, reason, at, evidence: { silenceMs } }) => {
  living.delete(id);
  since.deaths.push({ id, reason, silenceMs, health: healthOf.get(id), afterMs: at - since.at });
  if (living.size === left) say({ type: "left" });
});
process.on("disconnect", () => process.exit());
process.on("message", ({ type, ms, peers: many }) => {
  if (type === "begin") begin();
  if (type === "count") say({ type: "counted", ...counted() });
  if (type === "block") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  if (type === "await") left = many;
});

begin();
loop.enable();
await node.bind(0, "127.0.0.1");
say({ type: "listening", port: node.address().port });

function begin() {
  loop.reset();
  const { framesReceived } = node.stats();
  const [at, cpu] = [performance.now(), process.cpuUsage()];
  since = { at, cpu, framesReceived, stalls: 0, suspected: [], deaths: [] };
}

function counted() {
  const { at, cpu, suspected, deaths, stalls } = since;
  const { framesReceived, buffers, socketErrors } = node.stats();
  const tookMs = performance.now() - at;
  const { user, system } = process.cpuUsage(cpu);
  const [lateMs, lateMostMs] = [loop.percentile(99), loop.max].map((ns) =>
    Math.max(0, ns / 1e6 - RESOLUTION_MS),
  );
  return {
    tookMs,
    cpuPercent: (user + system) / 10 / tookMs,
    megabytes: process.memoryUsage.rss() / 2 ** 20,
    lateMs,
    lateMostMs,
    suspected,
    deaths,
    alive: living.size,
    stalls,
    datagrams: framesReceived - since.framesReceived,
    buffers,
    socketErrors,
  };
}
