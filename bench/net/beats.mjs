// `beats.mjs OPTIONS`: a server of one kind with so many connections that do nothing but beat. Prints
// what a beat costs it in CPU time, kernel included, and what a connection weighs.

import { fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { usedBytes } from "../speed/measuring.mjs";
import { SERVERS } from "./servers.mjs";

const { name, connections, intervalMs, settleMs, measureMs } = JSON.parse(process.argv[2]);
const { clients, start } = SERVERS[name];

const { port, counts } = await start(intervalMs);
const [heapBefore, rssBefore] = [usedBytes(), process.memoryUsage.rss()];
const args = [clients, connections, port, intervalMs].map(String);
const child = fork(new URL("clients.mjs", import.meta.url), args);
while (counts().connections < connections) await sleep(100);
await sleep(settleMs);

globalThis.gc();
const [before, startedAt, cpuBefore] = [counts(), performance.now(), process.cpuUsage()];
await sleep(measureMs);
const [after, cpu] = [counts(), process.cpuUsage(cpuBefore)];
const seconds = (performance.now() - startedAt) / 1_000;
const beats = after.received - before.received + after.sent - before.sent;
const found = {
  usPerBeat: (cpu.user + cpu.system) / beats,
  userShare: cpu.user / (cpu.user + cpu.system),
  beatsPerSecond: beats / seconds,
  load: (cpu.user + cpu.system) / 1e6 / seconds,
  bytesPerConnection: (usedBytes() - heapBefore) / connections,
  rssPerConnection: (process.memoryUsage.rss() - rssBefore) / connections,
  suspected: after.suspected ?? 0,
};
child.kill("SIGKILL");
process.stdout.write(JSON.stringify(found), () => process.exit());
