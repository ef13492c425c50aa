// `node bench/speed/profile.mjs CASE OPTIONS`: why a figure is what it is, measured and not guessed. Runs
// one case of the bench (after `pnpm build`) several times, and prints where the time went by function,
// what the optimiser gave up on and why, collections, the machine's counters where it has any, and
// which objects engines keep as dictionaries:
//
//   node bench/speed/profile.mjs beats '{"name":"Systole heard","peers":100000,"passMs":500}'
//   node bench/speed/profile.mjs expiry '{"peers":100000}'

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [name, options = "{}"] = process.argv.slice(2);
const child = new URL("child.mjs", import.meta.url).pathname;
const MOST = 20;

console.log(`### ${name} ${options}\n`);
console.log(run([]).stdout.trim());
print("Self time, in % of all samples", selfTimes());
print("Deoptimisations by reason and function", deoptimisations());
print("Collections: count, ms in all", collections());
print("Counters of the machine", counters());
print("Objects handed out", shapes());

function run(flags, command = [process.execPath], measured = [name, options]) {
  const [program, ...before] = command;
  const heap = ["--expose-gc", "--max-old-space-size=4096"];
  if (measured[0] === "garbage") heap.push("--max-semi-space-size=1");
  const args = [...before, ...heap, ...flags, child, ...measured];
  return spawnSync(program, args, { encoding: "utf8", maxBuffer: 2 ** 28 });
}

function selfTimes() {
  const directory = mkdtempSync(join(tmpdir(), "speed-"));
  run(["--cpu-prof", "--cpu-prof-interval=200", `--cpu-prof-dir=${directory}`]);
  // Workers have profiles of their own; the first is of the thread that measures.
  const [file] = readdirSync(directory).sort();
  const { nodes, samples } = JSON.parse(readFileSync(join(directory, file), "utf8"));
  rmSync(directory, { recursive: true });
  const names = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  return ranked(samples.map((id) => names.get(id))).map(([place, count]) => [
    `${((100 * count) / samples.length).toFixed(1)} %`,
    place,
  ]);
}

function placeOf({ functionName, url, lineNumber }) {
  const file = url.split("/").slice(-2).join("/");
  return `${functionName || "(anonymous)"} ${file && `${file}:${lineNumber + 1}`}`;
}

/** Those of our own code: "bailout (…, reason: X): begin. deoptimizing …, <JSFunction name …>". */
function deoptimisations() {
  const { stdout } = run(["--trace-deopt"]);
  const found = [
    ...stdout.matchAll(/reason: ([^)\n]*)\): begin\. deoptimizing \S+ <JSFunction (\S+)/g),
  ];
  return ranked(found.map(([, reason, where]) => `${where.replace(">", "")}: ${reason}`)).map(
    ([what, count]) => [`${count}`, what],
  );
}

function collections() {
  const { stdout } = run(["--trace-gc"]);
  const found = [...stdout.matchAll(/ms: (Scavenge|Mark-Compact).*? ([\d.]+) \/ [\d.]+ ms/g)];
  return ["Scavenge", "Mark-Compact"].map((kind) => {
    const spent = found.filter(([, each]) => each === kind).map(([, , ms]) => Number(ms));
    const totalMs = spent.reduce((sum, ms) => sum + ms, 0);
    return [`${spent.length}`, `${kind}, ${totalMs.toFixed(1)} ms`];
  });
}

function counters() {
  const events = "cycles,instructions,cache-misses,branch-misses,page-faults";
  const { stderr, error } = run([], ["perf", "stat", "-x", ";", "-e", events, process.execPath]);
  if (error) return [["", "no perf here"]];
  const lines = stderr.split("\n").map((line) => line.split(";"));
  return lines.filter((line) => line.length > 3).map(([count, , event]) => [count, event]);
}

function shapes() {
  const { stdout } = run(["--allow-natives-syntax"], [process.execPath], ["shapes", "{}"]);
  return Object.entries(JSON.parse(stdout)).map(([what, shape]) => [shape, what]);
}

/** From the most frequent on. */
function ranked(all) {
  const counts = new Map();
  for (const each of all) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, MOST);
}

function print(heading, rows) {
  console.log(`\n${heading}\n`);
  for (const [figure, what] of rows) console.log(`${figure.padStart(14)}  ${what}`);
  if (rows.length === 0) console.log("            none");
}
