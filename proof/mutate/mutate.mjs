// `pnpm mutate [area…] [--only FILE] [--share 0.2] [--fresh] [--write]`: changes the sources in every small way
// that Stryker knows, one change at a time, and asks the tests of the area to notice. Who survives is shown; who
// cannot be told from the original is in `equivalents.mjs`. Fails where an area scores below what is demanded.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";
import { areas, testFiles } from "./areas.mjs";
import { judged, outOfDate } from "./survivors.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Tries every mutant again, also those whose file and tests did not change since the last run. */
    fresh: { type: "boolean", default: false },
    /** Only these files of the area; with lines, as in `peer/tally.ts:98-101`, only those. */
    only: { type: "string", multiple: true, default: [] },
    /** Of all statements, a random share, the same one for the same FC_SEED. */
    share: { type: "string", default: "1" },
    workers: { type: "string", default: String(availableParallelism()) },
    /** Keeps the figures in `proof/results/mutate.json`. */
    write: { type: "boolean", default: false },
  },
});
const { FC_RUNS = "25", FC_SEED = "1" } = process.env;
const { only, share } = values;
const isWhole = only.length === 0 && share === "1";

if (values.write && only.length > 0) throw new Error("--write keeps whole areas: without --only");

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
  const mutants = results.filter(({ status }) => status !== "Ignored").map(judged);
  for (const { file, was, becomes } of outOfDate(mutants, isWhole)) {
    complain(`listed as equivalent, but killed or gone: ${file}\n- ${was}\n+ ${becomes}`);
  }
  const count = (is) => mutants.filter(is).length;
  const equivalent = count(({ isExcused }) => isExcused);
  const detected = count(({ isDetected }) => isDetected);
  const score = (100 * detected) / (mutants.length - equivalent);
  if (score < least) complain(`${area} scores ${score.toFixed(1)} %, which is below ${least} %`);
  return {
    area,
    "score %": Number(score.toFixed(1)),
    "demanded %": least,
    "runs of a property": Number(FC_RUNS),
    "tried %": Math.round(100 * Number(share)),
    mutants: mutants.length,
    killed: count(({ status }) => status === "Killed"),
    "timed out": count(({ status }) => status === "Timeout"),
    survived: mutants.length - detected - equivalent,
    equivalent,
    seconds: Math.round((performance.now() - from) / 1_000),
  };
}

function options(area, mutate) {
  return {
    mutate: only.length === 0 ? mutate : only.map((file) => `packages/core/src/${file}`),
    plugins: ["runner.mjs", "survivors.mjs"].map((file) => new URL(file, import.meta.url).href),
    testRunner: "in-place",
    // The same inputs each time, or a survivor of today would be killed tomorrow by luck.
    judgedBy: {
      tests: testFiles(area),
      without: areas[area].without ?? "",
      runs: Number(FC_RUNS),
      seed: Number(FC_SEED),
      share: Number(share),
    },
    ignorers: ["sample"],
    concurrency: Number(values.workers),
    // The runner has its own, of processor time; this one is for what waits for ever.
    timeoutMS: 1_200_000,
    // Where no other tool looks for sources or tests.
    tempDirName: "node_modules/.cache/stryker",
    // What neither the sources nor the tests of the core need.
    ignorePatterns: [
      "bench",
      "examples",
      "docs",
      "reports",
      "dist",
      "packages/adapter-*/{src,test}",
    ],
    // What did not change since the last run is not tried again. Changes of files beside those of the area
    // and its tests go unnoticed: `--fresh`.
    incremental: isWhole,
    force: values.fresh,
    incrementalFile: `reports/mutate/${area}.json`,
    // There is none to adapt: the bundler reads TypeScript.
    tsconfigFile: "none.json",
    reporters: ["survivors"],
    logLevel: "error",
    warnings: { unknownOptions: false },
  };
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
    command: `pnpm mutate${values.fresh ? " --fresh" : ""} --write`,
    figures: {
      mutants: sum("mutants"),
      detected: sum("killed") + sum("timed out"),
      survived: sum("survived"),
      equivalent: sum("equivalent"),
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
