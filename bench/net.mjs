// `pnpm bench:net [--quick] [--write]`: adapter-net beside bare node:net, in one run, each case in a
// process of its own, rounds interleaved. Figures are CPU time, kernel included. Prints tables with
// targets, and writes bench/results/net.json; with `--write` also docs/performance-net.md.

import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { parseArgs, promisify } from "node:util";
import { MESSAGE_LOOPS } from "./net/loops.mjs";
import { SERVERS } from "./net/servers.mjs";
import { judged, report } from "./net/tables.mjs";
import { median } from "./speed/measuring.mjs";
import { writePage } from "./speed/page.mjs";

const { values } = parseArgs({
  options: { quick: { type: "boolean" }, write: { type: "boolean" } },
});
const quick = values.quick === true;
const ROUNDS = quick ? 1 : 5;
/** A second is what most people beat at; at a ninth of it a thousand connections are as busy as 9,000. */
const BEATS = [
  { connections: 1_000, intervalMs: 1_000 },
  { connections: 1_000, intervalMs: 111 },
  { connections: 9_000, intervalMs: 1_000 },
];
const MESSAGES = [
  { bytes: 64, messages: quick ? 200_000 : 1_000_000 },
  { bytes: 65_536, messages: quick ? 10_000 : 40_000 },
];
const here = new URL(".", import.meta.url);
const run = promisify(execFile);

const startedAt = Date.now();
const machine = {
  node: process.version,
  cpu: cpus()[0]?.model ?? "unknown",
  cpus: cpus().length,
  loadBefore: loadavg()[0],
  quick,
  rounds: ROUNDS,
};
const cells = [
  ...BEATS.flatMap((shape) => Object.keys(SERVERS).map((name) => beats(name, shape))),
  ...MESSAGES.flatMap((shape) => MESSAGE_LOOPS.map((name) => messages(name, shape))),
];
for (let round = 1; round <= ROUNDS; round++) {
  for (const cell of cells) cell.rounds.push(await measured(cell.script, cell.options));
  process.stderr.write(`round ${round} of ${ROUNDS}: ${Math.round(process.uptime())} s\n`);
}
machine.loadAfter = loadavg()[0];
machine.seconds = Math.round((Date.now() - startedAt) / 1_000);
const does = Object.fromEntries(Object.entries(SERVERS).map(([name, each]) => [name, each.does]));
const results = { machine, does, cells: cells.map(summary) };
const rows = judged(results.cells);
const text = report(results, rows);
console.log(text);
mkdirSync(new URL("results/", here), { recursive: true });
writeFileSync(
  new URL("results/net.json", here),
  `${JSON.stringify({ ...results, targets: rows }, null, 2)}\n`,
);
if (values.write) writePage(new URL("../docs/performance-net.md", here), "bench:net", text);

function beats(name, shape) {
  const settleMs = quick ? 3_000 : 10_000;
  const measureMs = quick ? 3_000 : 10_000;
  const options = { name, ...shape, settleMs, measureMs };
  return { kind: "beats", name, ...shape, script: "beats", options, rounds: [] };
}

function messages(name, shape) {
  const options = { name, ...shape };
  return { kind: "messages", name, ...shape, script: "messages", options, rounds: [] };
}

/** The median of each figure, and with it how far the rounds lie apart. */
function summary({ script, options, rounds, ...cell }) {
  const figures = Object.keys(rounds[0]).map((figure) => {
    const all = rounds.map((round) => round[figure]);
    return [figure, { median: median(all), least: Math.min(...all), most: Math.max(...all) }];
  });
  return { ...cell, ...Object.fromEntries(figures), rounds };
}

async function measured(script, options) {
  const file = new URL(`net/${script}.mjs`, here).pathname;
  const { stdout } = await run(process.execPath, ["--expose-gc", file, JSON.stringify(options)]);
  return JSON.parse(stdout);
}
