// A test runner for Stryker that stays in one process: the tests of an area are bundled with the instrumented
// sources once, and for each mutant evaluated anew and called until one fails. Where a runner with workers
// spends half a second a mutant, this one spends what the tests take.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { compileFunction, Script } from "node:vm";
import { INSTRUMENTER_CONSTANTS } from "@stryker-mutator/api/core";
import { commonTokens, declareClassPlugin, PluginKind, tokens } from "@stryker-mutator/api/plugin";
import {
  DryRunStatus,
  determineHitLimitReached,
  TestStatus,
  toMutantRunResult,
} from "@stryker-mutator/api/test-runner";
import { collect, vitest, within } from "./collected.mjs";

/** Where the instrumented code looks which mutant is active, and counts what it runs through. */
globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] ??= {};
const stryker = globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE];

class InPlace {
  static inject = tokens(commonTokens.options);

  constructor({ judgedBy }) {
    this.options = judgedBy;
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    this.evaluate = await bundled(this.options);
  }

  async dryRun() {
    const results = [];
    for (const test of await this.load()) {
      stryker.currentTestId = test.id;
      // By the file Stryker knows which results are out of date.
      const fileName = `${process.cwd()}/${test.id.split(" › ")[0]}`;
      results.push({ ...(await outcome(test, 60_000)), fileName });
    }
    stryker.currentTestId = undefined;
    const { mutantCoverage } = stryker;
    const took = results.map(({ id, timeSpentMs }) => [id, timeSpentMs]);
    writeFileSync(BEFORE, JSON.stringify({ took, hits: mutantCoverage.perTest }));
    return { status: DryRunStatus.Complete, tests: results, mutantCoverage };
  }

  async mutantRun({ activeMutant: { id }, mutantActivation, hitLimit, testFilter }) {
    // Written by the process that made the dry run, which may have been another.
    this.before ??= JSON.parse(readFileSync(BEFORE, "utf8"));
    Object.assign(stryker, { hitCount: 0, hitLimit });
    stryker.activeMutant = mutantActivation === "static" ? id : undefined;
    const wanted = testFilter && new Set(testFilter);
    const results = [];
    try {
      const byId = new Map((await this.load()).map((test) => [test.id, test]));
      stryker.activeMutant = id;
      // The quickest first: whichever fails first ends this mutant.
      for (const [testId, tookMs] of this.before.took.toSorted((one, other) => one[1] - other[1])) {
        if (wanted && !wanted.has(testId)) continue;
        // Whoever runs through the mutant so much more often than before will not come to an end.
        stryker.hitCount = 0;
        stryker.hitLimit = 1_000 + RUNAWAY * (this.before.hits[testId]?.[id] ?? hitLimit);
        results.push(await outcome(byId.get(testId), 300 + RUNAWAY * tookMs));
        const { status } = results.at(-1);
        const timeOut = determineHitLimitReached(stryker.hitCount, stryker.hitLimit);
        if (timeOut) return toMutantRunResult(timeOut);
        if (status === DryRunStatus.Timeout) return toMutantRunResult(results.at(-1));
        if (status === TestStatus.Failed) break;
      }
    } catch (error) {
      // Nothing could be loaded: no test can pass.
      results.push(failed({ id: "loading", name: "loading" }, 0, error));
    }
    return toMutantRunResult({ status: DryRunStatus.Complete, tests: results });
  }

  /** The tests, with a memory in which no mutant has left anything. */
  load() {
    return collect(this.evaluate);
  }
}

/** What was measured before anything was mutated: how long each test took, and which mutants it ran through. */
const BEFORE = "in-place.json";
/** A test that takes so many times what it took before (of the processor, in ms) never ends. */
const RUNAWAY = 10;

const call = new Script("globalThis.inPlaceTest()");

async function outcome({ id, run }, limitMs) {
  const test = { id, name: id };
  const from = cpuMs();
  try {
    await ended(run, limitMs);
    return { ...test, status: TestStatus.Success, timeSpentMs: cpuMs() - from };
  } catch (error) {
    if (error.code === TIMED_OUT) return { ...test, status: DryRunStatus.Timeout, reason: id };
    return failed(test, cpuMs() - from, error);
  }
}

/** Ends also what never ends; between the turns of an asynchronous test Stryker's own limit holds. */
function ended(run, limitMs) {
  globalThis.inPlaceTest = run;
  for (let timeout = Math.ceil(limitMs); ; timeout *= 4) {
    const from = cpuMs();
    try {
      return call.runInThisContext({ timeout });
    } catch (error) {
      // Where others have the processor, time that passed says nothing.
      if (error.code !== TIMED_OUT || cpuMs() - from >= limitMs / 2) throw error;
    }
  }
}

const TIMED_OUT = "ERR_SCRIPT_EXECUTION_TIMEOUT";

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function failed(test, timeSpentMs, error) {
  return { ...test, status: TestStatus.Failed, timeSpentMs, failureMessage: String(error) };
}

/** What evaluates the sources and the test files, as often as it is called. */
async function bundled({ tests, runs, seed }) {
  // The repository that Stryker made, with the instrumented sources.
  const root = process.cwd();
  const entry = `${root}/in-place.ts`;
  const files = tests.map((file) => `within("${file}", () => import("./${file}"))`);
  writeFileSync(
    entry,
    `import fc from "fast-check";
import { within } from "in-place";
// Which input fails first is all that matters here, not the smallest that does.
fc.configureGlobal({ numRuns: ${runs}, seed: ${seed}, endOnFailure: true });
export const loaded = (async () => { ${files.map((file) => `await ${file};`).join("\n")} })();
`,
  );
  const { bundle } = await import(pathToFileURL(`${root}/scripts/run.mjs`).href);
  const bundle_ = await bundle(entry, [inPlace]);
  const names = ["require", "exports"];
  const evaluate = compileFunction(readFileSync(bundle_, "utf8"), names, { filename: bundle_ });
  const external = createRequire(entry);
  const require = (name) =>
    name === "vitest" ? vitest : name === "in-place" ? { within } : external(name);
  return () => {
    const exports = {};
    evaluate(require, exports);
    return exports.loaded;
  };
}

/** One file that can be called: externals are handed to it, and tests know where their sources stood. */
const inPlace = {
  name: "in-place",
  enforce: "pre",
  config: () => ({
    build: { rolldownOptions: { output: { format: "cjs", codeSplitting: false } } },
  }),
  resolveId: (id) => (id === "vitest" || id === "in-place" ? { id, external: true } : undefined),
  transform: (code, id) => code.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id))),
};

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, "in-place", InPlace)];
