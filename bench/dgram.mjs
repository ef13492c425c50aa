// `pnpm bench:dgram [--quick] [--write]`: datagrams received, sent and authenticated by a node, beside a
// bare node:dgram socket with the same packets. Each case in a process of its own, rounds interleaved.
// Prints a table with targets, writes bench/results/dgram.json and, with `--write`, docs/performance-dgram.md.

import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { parseArgs, promisify } from "node:util";
import { report } from "./dgram/tables.mjs";
import { median } from "./speed/measuring.mjs";
import { writePage } from "./speed/page.mjs";

const { values } = parseArgs({
  options: { quick: { type: "boolean" }, write: { type: "boolean" } },
});
const quick = values.quick === true;
const ROUNDS = quick ? 1 : 5;
const CROWD = { peers: 500, sockets: 500 };
const SECRET = "0123456789abcdef0123456789abcdef";
const KEYS = { sign: "k", accept: { k: [...new TextEncoder().encode(SECRET)] } };
const CASES = [
  { name: "receive", target: 1.2 },
  { name: "send", target: 1.1 },
  { name: "receive", keys: KEYS, target: 2 },
  { name: "send", keys: KEYS, target: 2 },
];
const here = new URL(".", import.meta.url);
const run = promisify(execFile);

const machine = {
  node: process.version,
  cpu: cpus()[0]?.model ?? "unknown",
  cpus: cpus().length,
  loadBefore: loadavg()[0],
  rounds: ROUNDS,
  ...CROWD,
};
const found = CASES.map((each) => ({ ...each, bare: [], ours: [] }));
for (let round = 0; round < ROUNDS; round++) {
  for (const each of found) {
    // The same packets without keys: what they cost is part of the comparison.
    each.bare.push(await measured(each.name, { kind: "bare" }));
    each.ours.push(await measured(each.name, { kind: "ours", keys: each.keys }));
  }
  process.stderr.write(`round ${round + 1} of ${ROUNDS}: ${Math.round(process.uptime())} s\n`);
}
machine.loadAfter = loadavg()[0];
const rows = found.map(({ name, keys, target, bare, ours }) => {
  const [bareNs, oursNs] = [summary(bare, "ns"), summary(ours, "ns")];
  const garbage = summary(ours, "bytes").median - summary(bare, "bytes").median;
  const ratio = oursNs.median / bareNs.median;
  return { name: keys ? `${name}, with HMAC` : name, bareNs, oursNs, garbage, ratio, target };
});
const text = report(machine, rows);
console.log(text);
mkdirSync(new URL("results/", here), { recursive: true });
writeFileSync(
  new URL("results/dgram.json", here),
  `${JSON.stringify({ machine, rows }, null, 2)}\n`,
);
if (values.write) {
  writePage(new URL("../docs/performance-dgram.md", here), "bench:dgram", text);
}

async function measured(name, options) {
  const child = new URL("dgram/child.mjs", here).pathname;
  const all = { ...CROWD, rounds: quick ? 20 : 60, ...options };
  const { stdout } = await run(
    process.execPath,
    // Room for all garbage of a round: a collection would hide how much there is.
    ["--max-semi-space-size=64", child, name, JSON.stringify(all)],
    { timeout: 120_000 },
  );
  return JSON.parse(stdout);
}

function summary(measurements, what) {
  const figures = measurements.map((each) => each[what]);
  return { median: median(figures), least: Math.min(...figures), most: Math.max(...figures) };
}
