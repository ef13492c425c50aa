// `node bench/net/allocations.mjs [NAME]` (after `pnpm build`): which functions of a server leave how many
// bytes a beat to the collector, sampled by the inspector while a thousand connections beat.

import { fork } from "node:child_process";
import { Session } from "node:inspector/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { SERVERS } from "./servers.mjs";

const [name = "Systole server"] = process.argv.slice(2);
const CONNECTIONS = 1_000;
const INTERVAL_MS = 111;
const MEASURE_MS = 6_000;
const MOST = 20;

const { clients, start } = SERVERS[name];
const { port, counts } = await start(INTERVAL_MS);
const args = [clients, CONNECTIONS, port, INTERVAL_MS].map(String);
const child = fork(new URL("clients.mjs", import.meta.url), args);
while (counts().connections < CONNECTIONS) await sleep(100);
await sleep(3_000);

const session = new Session();
session.connect();
await session.post("HeapProfiler.startSampling", {
  samplingInterval: 4_096,
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
});
const before = counts();
await sleep(MEASURE_MS);
const after = counts();
const { profile } = await session.post("HeapProfiler.stopSampling");
child.kill("SIGKILL");

const beats = after.received - before.received + after.sent - before.sent;
const bytes = new Map();
add(profile.head);
const all = [...bytes.values()].reduce((sum, each) => sum + each, 0);
console.log(`${name}: ${(all / beats).toFixed(0)} bytes a beat, of ${beats.toFixed(0)} beats`);
for (const [where, own] of [...bytes].sort((a, b) => b[1] - a[1]).slice(0, MOST)) {
  console.log(`${(own / beats).toFixed(0).padStart(6)}  ${where}`);
}
process.exit();

function add({ callFrame, selfSize, children }) {
  const file = callFrame.url.split("/").slice(-2).join("/");
  const where = `${callFrame.functionName || "(anonymous)"} ${file}:${callFrame.lineNumber + 1}`;
  bytes.set(where, (bytes.get(where) ?? 0) + selfSize);
  for (const child of children) add(child);
}
