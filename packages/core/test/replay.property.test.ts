// A recorded monitor is the monitor: over random histories of every operation it says the same as a bare
// one. And its log, on a fresh monitor, says all of it again, byte for byte.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMonitor, type Monitor } from "../src/monitor/monitor.ts";
import { CALLS } from "../src/replay/format.ts";
import { recordMonitor } from "../src/replay/recorded-monitor.ts";
import { type Replay, type ReplayStep, replay } from "../src/replay/replay.ts";
import { broken, patient } from "./arbitraries.ts";
import { CHANGING, type History, historiesOf, type Wait } from "./monitor-operations.ts";
import { type Shared, Side } from "./monitor-side.ts";

const size = { minSteps: 1, maxSteps: 60 };
const histories = fc.oneof(
  ...[8, 3, 1].map((peers) => historiesOf({ peers, ...size, full: peers === 1 })),
);
const detectors = Object.fromEntries(
  [...CHANGING, patient, broken].map((each) => [each.name, each]),
);

/** A side whose outputs are kept as text, and whose monitor is recorded. */
class Recorded {
  readonly said: string[] = [];
  readonly lines: string[] = [];
  readonly side: Side<Monitor>;

  constructor(history: History) {
    this.side = new Side(history, (shared: Shared) => {
      const emit: Shared["emit"] = (output) => {
        this.said.push(JSON.stringify(output));
        shared.emit(output);
      };
      return recordMonitor({ ...shared, emit }, (line) => this.lines.push(line));
    });
  }
}

/** The tick in which everybody is added, then the steps; `look` after each. */
function play(history: History, sides: readonly Side<Monitor>[], look: () => void = () => {}) {
  const start = { wait: { after: "now", ms: 0 }, operation: { op: "tick", slice: false } } as const;
  for (const { wait, operation } of [start, ...history.steps]) {
    const now = instantOf(wait, sides[0]!);
    for (const side of sides) {
      side.now = now;
      side.run(operation);
    }
    look();
  }
}

function instantOf({ after, ms }: Wait, { now, monitor }: Side<Monitor>): number {
  const deadline = monitor.nextDeadline();
  const isAhead = after === "the next deadline" && deadline > now && Number.isFinite(deadline);
  return (isAhead ? deadline : now) + ms;
}

const states = (monitor: Monitor) =>
  [...monitor].map((ref) => [ref, monitor.id(ref), monitor.state(ref)]);

function expectSame(replayed: Replay, { side, said }: Recorded): readonly ReplayStep[] {
  const steps = [...replayed];
  const outputs = steps.flatMap((step) => step.outputs.map((output) => JSON.stringify(output)));
  expect(outputs).toEqual(said);
  expect(states(replayed.monitor)).toEqual(states(side.monitor));
  expect(replayed.monitor.stats()).toEqual(side.monitor.stats());
  expect(replayed.monitor.nextDeadline()).toBe(side.monitor.nextDeadline());
  return steps;
}

describe("over random histories of every operation", () => {
  test("a recorded monitor is the bare one: outputs, results, errors, states, deadlines", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const bare = new Side(history, createMonitor);
        const recorded = new Recorded(history).side;
        play(history, [bare, recorded], () => {
          expect(recorded.log).toEqual(bare.log);
          expect(recorded.monitor.nextDeadline()).toBe(bare.monitor.nextDeadline());
        });
        expect(states(recorded.monitor)).toEqual(states(bare.monitor));
        expect(recorded.monitor.stats()).toEqual(bare.monitor.stats());
      }),
    );
  });

  test("its log gives identical outputs again, and ends in the same state", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const recorded = new Recorded(history);
        play(history, [recorded.side]);
        expectSame(replay(recorded.lines, { detectors }), recorded);
      }),
    );
  });

  test("a log that was cut off anywhere gives identical outputs up to the last whole call", () => {
    fc.assert(
      fc.property(histories, fc.double({ min: 0, max: 1, noNaN: true }), (history, share) => {
        const recorded = new Recorded(history);
        play(history, [recorded.side]);
        const text = recorded.lines.join("\n");
        const header = recorded.lines[0]!.length;
        const length = header + Math.floor(share * (text.length - header));
        const replayed = replay(text.slice(0, length), { detectors });
        const steps = [...replayed];
        // What the sink answered to the last call may be lost.
        const outputs = steps
          .slice(0, -1)
          .flatMap((step) => step.outputs.map((o) => JSON.stringify(o)));
        expect(outputs).toEqual(recorded.said.slice(0, outputs.length));
        const isWholeLine = ["\n", undefined].includes(text[length]) || text[length - 1] === "\n";
        expect(replayed.isCutOff).toBe(!isWholeLine);
      }),
    );
  });
});

test("a crowd of which a slice takes a part gives identical outputs again", () => {
  const crowds = historiesOf({ peers: 9_500, minSteps: 25, maxSteps: 25, full: true, quiet: true });
  // Always the same: it takes a while.
  for (const history of fc.sample(crowds, { seed: 4, numRuns: 1 })) {
    const recorded = new Recorded(history);
    play(history, [recorded.side]);
    expectSame(replay(recorded.lines, { detectors }), recorded);
    expect(recorded.said.length).toBeGreaterThan(4_096);
  }
});

test("the histories have it all: answers, errors, samples, drivers, wrong policies, shared ones", () => {
  const lines = fc.sample(histories, { seed: 1, numRuns: 100 }).flatMap((history) => {
    const recorded = new Recorded(history);
    play(history, [recorded.side]);
    return recorded.lines;
  });
  const has = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
  for (const call of CALLS) {
    if (call !== "observedNow")
      expect([call, has(new RegExp(`"${call}":\\[`)) > 0]).toEqual([call, true]);
  }
  const patterns = [
    /^{"in":\d+,"throws":"sink/,
    /^{"in":\d+,"throws":"sample/,
    /^{"in":\d+,"setPolicy":\[\d+,\d+\]/,
    /"policy":{"\$":"policy"/,
    /"setPolicy":\[\d+,{"suspectAfterMs":-1}\]/,
    /^{"after":\d+,"at":/,
  ];
  for (const pattern of patterns) expect([pattern, has(pattern) > 0]).toEqual([pattern, true]);
});
