// `pnpm mutate [area…] [--only FILE] [--fresh] [--write]`: changes the sources in every small way that Stryker knows, one change
// at a time, and asks the tests of the area to notice. Who survives is shown; who cannot be told from the
// original is in `equivalents.mjs` with the reason. Fails where an area scores below what is demanded.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";
import { areas, testFiles } from "./areas.mjs";
import { equivalents } from "./equivalents.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Tries every mutant again, also those whose file and tests did not change since the last run. */
    fresh: { type: "boolean", default: false },
    /** Only this file of the area, by the end of its path. */
    only: { type: "string", default: "" },
    /** Keeps the figures in `proof/results/mutate.json`. */
    write: { type: "boolean", default: false },
  },
});
const { FC_RUNS = "40", FC_SEED = "1" } = process.env;
const DETECTED = ["Killed", "Timeout"];

const chosen = positionals.length > 0 ? positionals : Object.keys(areas);
const rows = [];
for (const area of chosen) {
  if (!(area in areas)) throw new Error(`no area ${area}: ${Object.keys(areas).join(", ")}`);
  rows.push(await judge(area));
}
console.table(rows);
if (values.write) await keep(rows);

async function judge(area) {
  const { mutate, least } = areas[area];
  const from = performance.now();
  const results = await new Stryker(options(area, mutate)).runMutationTest();
  const mutants = results.map((each) => ({ ...each, ...asText(each) }));
  const survivors = mutants.filter(({ status }) => !DETECTED.includes(status));
  const excused = survivors.filter((each) => equivalents.some((other) => isSame(each, other)));
  const left = survivors.filter((each) => !excused.includes(each));
  for (const each of left) console.log(`\nsurvived: ${each.at}\n- ${each.was}\n+ ${each.becomes}`);
  for (const gone of equivalents.filter(({ file }) => mutants.some((each) => each.file === file))) {
    if (excused.some((each) => isSame(each, gone))) continue;
    complain(`listed as equivalent, but killed or gone: ${gone.file}\n- ${gone.was}\n+ ${gone.becomes}`);
  }
  const killed = mutants.filter(({ status }) => status === "Killed").length;
  const timedOut = mutants.filter(({ status }) => status === "Timeout").length;
  const score = (100 * (killed + timedOut)) / (mutants.length - excused.length);
  if (score < least) complain(`${area} scores ${score.toFixed(1)} %, which is below ${least} %`);
  return {
    area,
    "score %": Number(score.toFixed(1)),
    "demanded %": least,
    mutants: mutants.length,
    killed,
    "timed out": timedOut,
    survived: left.length,
    equivalent: excused.length,
    seconds: Math.round((performance.now() - from) / 1_000),
  };
}

function options(area, mutate) {
  return {
    mutate: values.only === "" ? mutate : [`packages/core/src/**/${values.only}`],
    plugins: [new URL("runner.mjs", import.meta.url).href],
    testRunner: "in-place",
    // The same inputs each time, or a survivor of today would be killed tomorrow by luck.
    judgedBy: { tests: testFiles(area), runs: Number(FC_RUNS), seed: Number(FC_SEED) },
    concurrency: availableParallelism(),
    // The runner has its own, of processor time; this one is for what waits for ever.
    timeoutMS: 120_000,
    tempDirName: "reports/stryker",
    // What neither the sources nor the tests of the core need.
    ignorePatterns: ["bench", "examples", "docs", "reports", "dist", "packages/adapter-*/{src,test}"],
    // What did not change since the last run is not tried again. Changes of files beside those of the area
    // and its tests go unnoticed: `--fresh`.
    incremental: true,
    force: values.fresh,
    incrementalFile: `reports/mutate/${area}.json`,
    // There is none to adapt: the bundler reads TypeScript.
    tsconfigFile: "none.json",
    reporters: process.stdout.isTTY ? ["progress"] : [],
    logLevel: "error",
    warnings: { unknownOptions: false },
  };
}

/** A mutant as a reader knows it again after lines were added above: its file, and the text before and after. */
function asText({ fileName, location: { start, end }, replacement }) {
  const lines = readFileSync(fileName, "utf8").split("\n");
  const before = lines[start.line - 1].slice(0, start.column - 1);
  const after = lines[end.line - 1].slice(end.column - 1);
  const was = lines.slice(start.line - 1, end.line).join("\n");
  const file = fileName.replace(/^.*packages\/core\/src\//, "");
  return {
    file,
    at: `${file}:${start.line}`,
    was: oneLine(was),
    becomes: oneLine(`${before}${replacement}${after}`),
  };
}

function oneLine(text) {
  return text.replace(/\s+/g, " ").trim();
}

function isSame(one, other) {
  return one.file === other.file && one.was === other.was && one.becomes === other.becomes;
}

function complain(text) {
  console.log(`\n${text}`);
  process.exitCode = 1;
}

/** Beside the rows of the areas that were not run this time. */
async function keep(rows) {
  const { bundle } = await import("../../scripts/run.mjs");
  const { keepResult } = await import(pathToFileURL(await bundle("proof/results.ts")).href);
  const kept = earlier().filter(({ area }) => !rows.some((row) => row.area === area));
  const all = Object.keys(areas).flatMap((name) =>
    [...kept, ...rows].filter(({ area }) => area === name),
  );
  const sum = (name) => all.reduce((total, row) => total + row[name], 0);
  keepResult("mutate", {
    command: "pnpm mutate --fresh --write",
    figures: {
      mutants: sum("mutants"),
      detected: sum("killed") + sum("timed out"),
      survived: sum("survived"),
      equivalent: sum("equivalent"),
      "runs of each property": Number(FC_RUNS),
      seed: Number(FC_SEED),
    },
    tables: { areas: all },
  });
}

function earlier() {
  try {
    return JSON.parse(readFileSync("proof/results/mutate.json", "utf8")).tables.areas;
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}
