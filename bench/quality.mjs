// @ts-check
// `pnpm bench:quality [--quick] [--write] [--seeds N] [--only S3] [--tuning]`: how many mistakes our
// detectors make, and those that others published, at the same mean detection time, in virtual time.
// Prints tables; with `--write` also docs/quality-tables.md and the pictures in docs/images.

import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { adaptive, fixed, phi } from "./quality/detectors.mjs";
import { curve, targetsOf } from "./quality/matching.mjs";
import { pictureOf } from "./quality/pictures.mjs";
import { SCENARIOS } from "./quality/scenarios.mjs";
import { report } from "./quality/tables.mjs";
import { TEXTBOOK, wallClockWatchdog } from "./quality/textbook.mjs";
import { makeTrace } from "./quality/traces.mjs";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean" },
    write: { type: "boolean" },
    tuning: { type: "boolean" },
    seeds: { type: "string" },
    only: { type: "string" },
  },
});
const quick = values.quick === true;
const seeds = Number(values.seeds ?? (quick ? 3 : 32));
const beats = quick ? 7_500 : 12_000;
const places = quick ? 5 : 9;
/** `adaptive` was made on the seeds from 1000 on, and the others never saw any. */
const firstSeed = values.tuning ? 1_000 : 1;
const docs = new URL("../docs/", import.meta.url);

/** @type {import("./quality/tables.mjs").Result[]} */
const results = [];
for (const scenario of SCENARIOS) {
  if (values.only !== undefined && !scenario.id.startsWith(values.only)) continue;
  results.push(...run(scenario));
  process.stderr.write(`${scenario.id}: ${Math.round(process.uptime())} s\n`);
}
const size = `Seeds ${firstSeed}–${firstSeed + seeds - 1}, ${beats.toLocaleString("en")} beats each, Node ${process.version}, ${Math.round(process.uptime())} s${quick ? " (`--quick`: intervals mean little)" : ""}.`;
const text = `${size}\n\n${report(results)}`;
console.log(text);
if (values.write) {
  writeBetweenMarks(new URL("quality-tables.md", docs), text);
  for (const [name, svg] of pictures()) writeFileSync(new URL(`images/${name}`, docs), svg);
}

/** @param {import("./quality/scenarios.mjs").Scenario} scenario */
function run(scenario) {
  const traces = Array.from({ length: seeds }, (_, n) =>
    makeTrace(scenario, firstSeed + n, Math.max(scenario.beats ?? 0, beats)),
  );
  const stalls = scenario.ourStalls !== undefined || scenario.ourThrottling !== undefined;
  const sum = (/** @type {number[]} */ all) => all.reduce((total, one) => total + one, 0);
  return (stalls ? [true, false] : [true]).map((credit) => {
    const targets = targetsOf(scenario, places, credit);
    const detectors = [adaptive, fixed, phi, ...TEXTBOOK];
    if (scenario.wallClock) detectors.push(wallClockWatchdog);
    const curves = detectors.map((detector) => [
      detector.name,
      curve(scenario, traces, detector, credit, targets),
    ]);
    return {
      scenario,
      credit,
      stalls,
      targets,
      sent: sum(traces.map(({ sent }) => sent)) / seeds,
      hours: sum(traces.map(({ spanMs }) => spanMs)) / 3_600_000,
      curves: Object.fromEntries(curves),
    };
  });
}

/** One a scenario, its variants side by side. @returns {[string, string][]} */
function pictures() {
  const names = new Set(results.map(({ scenario }) => /^S\d+/.exec(scenario.id)?.[0] ?? ""));
  return [...names].map((name) => [
    `quality-${name}.svg`,
    pictureOf(results.filter(({ scenario }) => scenario.id.replace(/[a-z]$/, "") === name)),
  ]);
}

/** @param {URL} page @param {string} figures */
function writeBetweenMarks(page, figures) {
  const before = readFileSync(page, "utf8");
  const [from, to] = [
    "<!-- figures: written by `pnpm bench:quality --write` -->",
    "<!-- end of figures -->",
  ];
  const [start, end] = [before.indexOf(from), before.indexOf(to)];
  if (start < 0 || end < start) throw new Error("docs/quality-tables.md lost its marks");
  writeFileSync(page, `${before.slice(0, start)}${from}\n\n${figures}\n\n${before.slice(end)}`);
}
