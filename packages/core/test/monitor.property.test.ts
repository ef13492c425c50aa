// The monitor is the fold of `transition`: over random histories of every operation it says the same
// as the dumb twin, in the same order, and keeps the same states, statistics and deadlines.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMonitor } from "../src/monitor/monitor.ts";
import { compare, Tally } from "./monitor-histories.ts";
import { CHANGING, historiesOf } from "./monitor-operations.ts";
import { Side } from "./monitor-side.ts";

const size = { minSteps: 1, maxSteps: 60 };
const histories = fc.oneof(
  ...[8, 3, 1].map((peers) => historiesOf({ peers, ...size, full: peers === 1 })),
);

describe("over random histories of every operation", () => {
  test("the monitor is the fold of `transition` (npm timer-wheel 1.0.0: a queue is checked against a dumb twin)", () => {
    fc.assert(fc.property(histories, (history) => compare(history)));
  });

  test("also where every number of a frame moves the deadline, earlier or later", () => {
    const changing = historiesOf({ peers: 2, ...size, full: true, detectors: CHANGING });
    fc.assert(fc.property(changing, (history) => compare(history)));
  });

  test("same seed, same outputs", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const [first, second] = [0, 1].map(() => {
          const side = new Side(history, createMonitor);
          side.run({ op: "tick", slice: false });
          return history.steps.map(({ wait, operation }) => {
            side.now += wait.ms;
            side.run(operation);
            return side.log;
          });
        });
        expect(first).toEqual(second);
      }),
    );
  });
});

describe("over crowds, where a slice of a tick takes 4096 peers and leaves the others", () => {
  // Whatever a slice leaves, a sink that ticks would take at once.
  const size = { peers: 9_500, minSteps: 10, maxSteps: 10, full: true, quiet: true };
  const crowds = historiesOf(size);

  // The twin looks at everybody at each step: few histories, always the same. Fresh ones are soaked.
  test.each([7])("the monitor is the fold of `transition`: seed %i", (seed) => {
    const tally = new Tally();
    for (const history of fc.sample(crowds, { seed, numRuns: 1 })) compare(history, tally, 10);
    expect(tally.limitedSlices).toBeGreaterThan(0);
  });
});
