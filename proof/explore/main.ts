// `pnpm explore [--all] [--only TEXT] [--workers N] [--write]`: every small scope to closure, on all cores. A violation
// is told as the shortest way there, step by step, and ends the command with 1.

import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { keepResult } from "../results.ts";
import { opened } from "./open.ts";
import type { Outcome } from "./worker.ts";

const { values } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    workers: { type: "string", default: String(availableParallelism()) },
    write: { type: "boolean", default: false },
  },
});
const { all: isAll, only: wanted, write: isKept } = values;

// Not awaited: what ran this program is the very file it needs, and waits for the end of this line.
void main();

async function main(): Promise<void> {
  // As it is, and not bundled: it must know itself as a file of its own.
  const runner = pathToFileURL(resolve("scripts/run.mjs")).href;
  const { bundle } = await import(/* @vite-ignore */ runner);
  const program: string = await bundle(resolve("proof/explore/worker.ts"), [opened()]);
  const outcomes = await exploreAll(program);
  const failed = outcomes.filter(({ story, closed }) => story !== undefined || !closed);
  for (const { name, story } of failed) {
    console.error(`\n${name}: ${story?.join("\n") ?? "did not close within its limit"}`);
  }
  const states = sum(outcomes, (each) => each.states);
  const transitions = sum(outcomes, (each) => each.transitions);
  console.log(
    `\n${outcomes.length} scopes, ${states} states, ${transitions} transitions, ` +
      `${failed.length} violated or open`,
  );
  if (isKept) write(outcomes, failed.length);
  process.exitCode = failed.length > 0 ? 1 : 0;
}

function sum(outcomes: readonly Outcome[], of: (outcome: Outcome) => number): number {
  return outcomes.reduce((total, each) => total + of(each), 0);
}

/** Each core takes a scope that nobody has taken: one the smallest, which say soonest if something is wrong. */
async function exploreAll(program: string): Promise<Outcome[]> {
  const done: Outcome[] = [];
  const names = await namesOf(program);
  console.log(row("scope", "states", "transitions", "depth", "longest", "seconds"));
  await Promise.all(
    Array.from({ length: Number(values.workers) }, (_worker, number) => {
      return work(program, () => (number === 0 ? names.pop() : names.shift()), done);
    }),
  );
  return done.sort((one, other) => one.number - other.number);
}

/** A worker asks for one scope after the other. */
function work(program: string, take: () => string | undefined, done: Outcome[]): Promise<void> {
  return new Promise((finish, fail) => {
    const worker = new Worker(program, { resourceLimits: { maxOldGenerationSizeMb: 4_096 } });
    const next = () => {
      const name = take();
      if (name !== undefined) return worker.postMessage(name);
      finish();
      return void worker.terminate();
    };
    worker.on("message", (message: Outcome | "ready") => {
      if (message !== "ready" && !Array.isArray(message)) {
        done.push(message);
        tell(message);
      }
      if (!Array.isArray(message)) next();
    });
    worker.on("error", fail);
  });
}

/** What there is to explore, the largest first. */
function namesOf(program: string): Promise<string[]> {
  return new Promise((finish, fail) => {
    const worker = new Worker(program, { workerData: { isAll, wanted } });
    worker.on("error", fail);
    worker.on("message", (message: string[] | "ready") => {
      if (message === "ready") return;
      finish(message);
      void worker.terminate();
    });
  });
}

function tell(outcome: Outcome): void {
  const { name, states, transitions, depth, longest, seconds, closed, story } = outcome;
  const numbers = [states, transitions, depth].map(String);
  const verdict = story ? `VIOLATED: ${story[0]}` : closed ? "" : "OPEN";
  console.log(row(name, ...numbers, longest.join(" "), seconds.toFixed(1)), verdict);
}

function row(name: string, ...columns: readonly string[]): string {
  return `${name.padEnd(52)}${columns.map((column) => column.padStart(12)).join("")}`;
}

function write(outcomes: readonly Outcome[], violations: number): void {
  keepResult("explore", {
    command: `pnpm explore${isAll ? " --all" : ""}`,
    figures: {
      scopes: outcomes.length,
      states: sum(outcomes, ({ states }) => states),
      transitions: sum(outcomes, ({ transitions }) => transitions),
      "longest path": Math.max(...outcomes.map(({ depth }) => depth)),
      violations,
      "seconds of one core": Math.round(sum(outcomes, ({ seconds }) => seconds)),
    },
    tables: {
      scopes: outcomes.map(
        ({ name, bounds, states, transitions, depth, closed, seconds, longest }) => ({
          scope: name,
          bounds,
          states,
          transitions,
          depth,
          closed: closed ? "yes" : "no",
          "longest way out, in units": longest.join(" "),
          seconds: Number(seconds.toFixed(1)),
        }),
      ),
    },
  });
}
