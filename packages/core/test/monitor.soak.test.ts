// The monitor against its dumb twin over long histories, for as long as one likes: from SOAK_SEED on,
// until SOAK_OPERATIONS were played. A failure names its seed and its step; SOAK_SEED with
// SOAK_OPERATIONS=1 repeats just that history.
import fc from "fast-check";
import { expect, test } from "vitest";
import { soakFigures } from "../../../proof/soaks.ts";
import { compare, Tally } from "./monitor-histories.ts";
import { CHANGING, type History, historiesOf, type Size } from "./monitor-operations.ts";

const keep = soakFigures("soak-monitor", "packages/core/test/monitor");

const { SOAK_SEED, SOAK_OPERATIONS } = process.env;
const firstSeed = Number(SOAK_SEED ?? Date.now() % 1e9);
const operations = Number(SOAK_OPERATIONS ?? 1_000_000);

/** The twin looks at everybody at each step, and at every stall there was: the more, the shorter. */
const sizes: readonly Size[] = [
  { peers: 1, minSteps: 200, maxSteps: 200, full: true },
  { peers: 2, minSteps: 300, maxSteps: 300, full: true, detectors: CHANGING },
  { peers: 8, minSteps: 600, maxSteps: 600 },
  { peers: 40, minSteps: 1_000, maxSteps: 1_000, full: true },
  { peers: 70, minSteps: 1_000, maxSteps: 1_000, full: true, detectors: CHANGING },
  { peers: 150, minSteps: 500, maxSteps: 500, full: true },
];
const crowd: Size = { peers: 10_000, minSteps: 60, maxSteps: 60, full: true, quiet: true };
const CROWD_EVERY = 40;

function historyOf(seed: number): { history: History; lookEvery: number } {
  const size = seed % CROWD_EVERY === 0 ? crowd : (sizes[seed % sizes.length] as Size);
  const [history] = fc.sample(historiesOf(size), { seed, numRuns: 1 });
  return { history: history as History, lookEvery: size === crowd ? 20 : 10 };
}

test(`the monitor is the fold of \`transition\`: SOAK_SEED=${firstSeed}`, () => {
  const tally = new Tally();
  for (let seed = firstSeed; sum(tally.operations) < operations; seed++) {
    const { history, lookEvery } = historyOf(seed);
    try {
      compare(history, tally, lookEvery);
    } catch (cause) {
      console.log(fc.stringify(shortened(history)));
      const message = `SOAK_SEED=${seed} SOAK_OPERATIONS=1 fails: ${(cause as Error).message}`;
      throw new Error(message, { cause });
    }
  }
  const { histories, steps, peers, statesCompared, limitedSlices, retiredSlots } = tally;
  console.log(`${sum(tally.operations)} operations in ${histories} histories of ${steps} steps`);
  console.log(
    `${sum(tally.outputs)} outputs and ${statesCompared} states of ${peers} peers compared`,
  );
  console.log(`${limitedSlices} slices left something, ${retiredSlots} slots retired`);
  console.log(`operations: ${list(tally.operations)}\noutputs: ${list(tally.outputs)}`);
  expect(sum(tally.outputs)).toBeGreaterThan(0);
  // Not the one that repeats a failure.
  if (operations < 100_000) return;
  keep({
    "first seed": firstSeed,
    operations: sum(tally.operations),
    histories,
    "outputs compared": sum(tally.outputs),
    "states compared": statesCompared,
    "slices that left something": limitedSlices,
    "slots retired": retiredSlots,
  });
});

/** A history that fails without some of its steps is easier to read: tries for a minute. */
function shortened(history: History): History {
  const until = performance.now() + 60_000;
  let shortest = history;
  for (let length = history.steps.length; length >= 1; length = Math.floor(length / 2)) {
    for (let from = 0; from < shortest.steps.length && performance.now() < until; ) {
      const steps = shortest.steps.toSpliced(from, length);
      if (fails({ ...shortest, steps })) shortest = { ...shortest, steps };
      else from += length;
    }
  }
  return shortest;
}

function fails(history: History): boolean {
  try {
    compare(history);
    return false;
  } catch {
    return true;
  }
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

function list(counts: ReadonlyMap<string, number>): string {
  const largestFirst = [...counts].sort(([, a], [, b]) => b - a);
  return largestFirst.map(([name, count]) => `${name} ${count}`).join(", ");
}
