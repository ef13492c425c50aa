// The fuzzer's command line. Without arguments it is the share of CI: 20 s in all, every target, all cores, a
// fresh seed. How to read what it prints is in README.md.
import { randomInt } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { mix } from "../../packages/core/src/peer/rules.ts";
import { keepResult } from "../results.ts";
import { type Report, reportOf } from "./report.ts";
import { fromHex, play, type Target, toHex } from "./target.ts";
import { TARGETS } from "./targets.ts";
import {
  countersOf,
  type Job,
  type Outcome,
  readShared,
  SHARED_BYTES,
  targetBy,
  work,
} from "./worker.ts";

const CI_SECONDS = 20;
const KEPT = "proof/results/fuzz.json";
/** Who needs so long for one input hangs, however busy the machine is. */
const HANGS_AFTER_MS = 60_000;

interface Options {
  readonly targets: readonly Target[];
  readonly seed: number;
  readonly workers: number;
  /** Of each target. */
  readonly runs: number;
  readonly seconds: number;
}

if (isMainThread) await main();
else work(workerData as Job);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      target: { type: "string" },
      seed: { type: "string", default: String(randomInt(2 ** 31)) },
      seconds: { type: "string" },
      runs: { type: "string" },
      workers: { type: "string", default: String(cpus().length) },
      replay: { type: "string" },
      uncovered: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
    },
  });
  const targets = values.target === undefined ? TARGETS : values.target.split(",").map(targetBy);
  if (values.replay !== undefined) return replay(targets[0] as Target, values.replay);
  const runs = Number(values.runs ?? Number.POSITIVE_INFINITY);
  const share = values.runs === undefined ? CI_SECONDS / targets.length : Number.POSITIVE_INFINITY;
  const seconds = Number(values.seconds ?? share);
  const [seed, workers] = [Number(values.seed), Number(values.workers)];
  const options: Options = { targets, seed, workers, runs, seconds };
  console.log(`fuzz: seed ${seed}, ${workers} workers, Node ${process.versions.node}`);
  const reports = new Map<Target, Report>();
  for (const target of targets) {
    const report = await fuzz(target, options);
    if (!report) process.exit(1);
    reports.set(target, report);
    tell(target, report, values.uncovered);
  }
  if (values.write) keep(reports, options);
}

/** One target on all workers; undefined where something broke, which is told. */
async function fuzz(target: Target, options: Options): Promise<Report | undefined> {
  const { seed, workers, runs, seconds } = options;
  const outcomes = await Promise.all(
    Array.from({ length: workers }, (_, n) =>
      run({
        target: target.name,
        seed: mix(mix(seed, TARGETS.indexOf(target)), n),
        runs: Math.ceil(runs / workers),
        seconds,
        shared: new SharedArrayBuffer(SHARED_BYTES),
      }),
    ),
  );
  for (const { crash } of outcomes) {
    if (!crash) continue;
    tellFinding(target, crash.text, crash.inputs);
    return undefined;
  }
  return reportOf(outcomes, countersOf(target));
}

/** Resolves with what came of the job; of one that hangs nothing but its inputs comes. */
function run(job: Job): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: job });
    let [executions, movedAt] = [0, performance.now()];
    const watching = setInterval(() => {
      const now = readShared(job.shared);
      if (now.executions !== executions) movedAt = performance.now();
      executions = now.executions;
      if (performance.now() - movedAt < HANGS_AFTER_MS) return;
      const crash = { inputs: now.inputs(), text: "it hangs" };
      clearInterval(watching);
      void worker.terminate();
      resolve({ executions, corpus: 0, finds: [], cpuSeconds: 0, crash });
    }, 1_000);
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => clearInterval(watching));
  });
}

function replay(target: Target, hex: string): void {
  const inputs = fromHex(hex);
  play(target, inputs);
  console.log(`${target.name}: ${inputs.length} inputs, and nothing is wrong with any of them`);
}

function tellFinding({ name, promise }: Target, text: string, inputs: readonly Uint8Array[]): void {
  console.error(`\n${name}: a promise is broken (${promise}).\n\n${text}\n`);
  console.error(`replay it with\n  pnpm fuzz --target ${name} --replay ${toHex(inputs)}\n`);
}

function tell({ name }: Target, report: Report, listsUncovered: boolean): void {
  const { executions, cpuSeconds, corpus, coveredBranches, branches } = report;
  const rate = Math.round(executions / cpuSeconds);
  console.log(
    `${name}: ${executions} executions, ${rate} a CPU second (${cpuSeconds.toFixed(1)} s), corpus ${corpus}, ` +
      `${coveredBranches} of ${branches} branches, the last new one at ${report.lastBranchAt}, ` +
      `anything new at ${report.lastFeatureAt}`,
  );
  for (const row of report.rows)
    console.log(`  ${row.executions}: ${row.branches} branches, ${row.features} features`);
  if (listsUncovered) for (const { where } of report.uncovered) console.log(`  never: ${where}`);
}

type Line = Readonly<Record<string, number | string>>;

/** Of targets that did not run now, what was kept stays: ten million executions of each take their time. */
function keep(reports: ReadonlyMap<Target, Report>, { seed, workers }: Options): void {
  const fresh = new Set([...reports.keys()].map(({ name }) => name));
  const before = existsSync(KEPT) ? JSON.parse(readFileSync(KEPT, "utf8")).tables : {};
  const merge = (table: string, lines: readonly Line[]): Line[] => {
    const kept: readonly Line[] = before[table] ?? [];
    const all = [...kept.filter(({ target }) => !fresh.has(target as string)), ...lines];
    return TARGETS.flatMap(({ name }) => all.filter(({ target }) => target === name));
  };
  const targets = merge(
    "targets",
    [...reports].map(([{ name, promise }, report]) => ({
      target: name,
      promise,
      seed,
      workers,
      executions: report.executions,
      "CPU seconds": Math.round(report.cpuSeconds),
      "executions a CPU second": Math.round(report.executions / report.cpuSeconds),
      corpus: report.corpus,
      "branches covered": report.coveredBranches,
      "branches in all": report.branches,
      "last new branch at execution": report.lastBranchAt,
      "last new feature at execution": report.lastFeatureAt,
    })),
  );
  const plateau = merge(
    "plateau",
    [...reports].flatMap(([{ name }, { rows }]) => rows.map((row) => ({ target: name, ...row }))),
  );
  const total = (figure: string) => targets.reduce((sum, line) => sum + Number(line[figure]), 0);
  keepResult("fuzz", {
    command: "pnpm fuzz --target TARGET --seed SEED --workers WORKERS --runs EXECUTIONS --write",
    figures: {
      targets: targets.length,
      executions: total("executions"),
      "CPU seconds": total("CPU seconds"),
      "findings left": 0,
    },
    tables: { targets, plateau },
  });
}
