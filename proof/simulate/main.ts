// `pnpm simulate`: clusters of 2 to 50 real endpoints on a simulated network, one after the other out of one seed,
// with random policies, detectors, roles and faults, and every promise checked after every step. README.md
// beside this file says how to read what it prints.
//
//   pnpm simulate                               45 s from a fresh seed, which is printed first
//   pnpm simulate --seed S --clusters N         so many clusters; with --write the figures are kept
//   pnpm simulate --seed S --hours H            or for so long; --seconds N
//   pnpm simulate --seed S --cluster K          one cluster, with what it is made of
//   pnpm simulate --file FILE                   a scenario that was kept
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { mix } from "../../packages/core/src/peer/rules.ts";
import { draw } from "./draw.ts";
import { type Found, keepFound, minimise } from "./found.ts";
import { type Played, play } from "./play.ts";
import { figuresOf, keep, print, type Run, tablesOf } from "./report.ts";
import { Tally, type TallyData } from "./tally.ts";

const CI_SECONDS = 45;
const SHRINK_SECONDS = 60;
const PROGRESS_MS = 60_000;

/** A cluster that a worker has played. */
interface Answer {
  readonly cluster: number;
  readonly violations: Played["violations"];
  readonly data: TallyData;
}

const text = { type: "string" } as const;

if (isMainThread) await main();
else parentPort?.on("message", answer);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      ...{ seed: text, hours: text, seconds: text, clusters: text, cluster: text },
      ...{ workers: text, file: text, write: { type: "boolean" } },
    },
  });
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  if (values.file !== undefined) return again(values.file);
  if (values.cluster !== undefined) return alone(seed, Number(values.cluster));
  console.log(`seed ${seed}`);
  const asked = Number(values.hours ?? 0) * 3_600 + Number(values.seconds ?? 0);
  const isCounted = values.clusters !== undefined;
  const clusters = isCounted ? Number(values.clusters) : Number.POSITIVE_INFINITY;
  const seconds = asked > 0 ? asked : isCounted ? Number.POSITIVE_INFINITY : CI_SECONDS;
  const workers = Number(values.workers ?? availableParallelism());
  const { tally, failed } = await crowd(seed, workers, clusters, seconds);
  const { user, system } = process.cpuUsage();
  const run: Run = {
    seed,
    workers,
    command: `pnpm simulate --seed ${seed} --clusters ${tally.data.totals["clusters"]}`,
    wallSeconds: performance.now() / 1_000,
    cpuSeconds: (user + system) / 1e6,
    violations: failed?.violations.length ?? 0,
  };
  const [figures, tables] = [figuresOf(tally.data, run), tablesOf(tally.data)];
  print(figures, tables);
  if (values.write && !failed) keep(run, figures, tables);
  if (failed) tell(seed, failed);
}

/** Hands clusters to workers, the next to whoever is free, until one fails or it is enough. */
async function crowd(seed: number, workers: number, clusters: number, seconds: number) {
  const tally = new Tally();
  const until = performance.now() + 1_000 * seconds;
  let failed: Answer | undefined;
  let next = 0;
  let progressAt = performance.now() + PROGRESS_MS;
  const take = (played: Answer) => {
    tally.add(played.data);
    // Whichever worker is first, the first cluster that fails is the one that is told.
    const isFirst = failed === undefined || played.cluster < failed.cluster;
    if (played.violations.length > 0 && isFirst) failed = played;
    if (performance.now() < progressAt) return;
    progressAt += PROGRESS_MS;
    const { clusters: done, delivered } = tally.data.totals;
    console.log(`${done} clusters, ${delivered} frames delivered`);
  };
  const isOver = () => failed !== undefined || next >= clusters || performance.now() >= until;
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(fileURLToPath(import.meta.url));
      const go = () => {
        if (!isOver()) return worker.postMessage({ seed, cluster: next++ });
        void worker.terminate().then(() => resolve());
      };
      worker.on("message", (played: Answer) => {
        take(played);
        go();
      });
      worker.on("error", reject);
      go();
    });
  await Promise.all(Array.from({ length: workers }, one));
  return { tally, failed };
}

/** What a worker does. */
function answer({ seed, cluster }: { readonly seed: number; readonly cluster: number }): void {
  const { violations, tally } = play(draw(mix(seed, cluster)));
  parentPort?.postMessage({ cluster, violations, data: tally.data } satisfies Answer);
}

function tell(seed: number, { cluster, violations }: Answer): void {
  process.exitCode = 1;
  console.log(`\nseed ${seed}, cluster ${cluster}:`);
  say(violations);
  const [violation] = violations;
  if (violation === undefined) return;
  const until = performance.now() + 1_000 * SHRINK_SECONDS;
  const mayTry = () => performance.now() < until;
  const found = minimise(draw(mix(seed, cluster)), violation, mayTry);
  const file = keepFound(found, `${violation.rule.replaceAll(/\W+/g, "-")}-${seed}-${cluster}`);
  const { nodes, edges, steps } = found.scenario;
  const size = `${nodes.length} nodes, ${edges.length} edges, ${steps.length} steps`;
  console.log(`smaller (${size}): ${found.text}\npnpm simulate --file ${file}`);
}

function alone(seed: number, cluster: number): void {
  const scenario = draw(mix(seed, cluster));
  console.log(JSON.stringify(scenario, null, 1));
  show(play(scenario));
}

function again(file: string): void {
  const { rule, scenario } = JSON.parse(readFileSync(file, "utf8")) as Found;
  console.log(`it was found to break: ${rule}`);
  show(play(scenario));
}

function show({ violations, tally }: Played): void {
  const delivered = tally.data.totals["delivered"];
  console.log(`${delivered} frames delivered, ${violations.length} violations`);
  say(violations);
  if (violations.length > 0) process.exitCode = 1;
}

function say(violations: Played["violations"]): void {
  for (const { step, at, rule, text } of violations) {
    console.log(`  step ${step}, at ${at.toFixed(1)} ms: ${rule}: ${text}`);
  }
}
