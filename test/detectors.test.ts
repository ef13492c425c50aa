// The detectors that ship are those of the quality benchmark: its figures are theirs.

import { definePolicy } from "@systole/core";
import {
  adaptive,
  type Beat,
  deviationsFor,
  type LearningDetector,
  phi,
} from "@systole/core/detectors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { adaptive as benchAdaptive, phi as benchPhi } from "../bench/quality/detectors.mjs";

type BenchDetector = typeof benchAdaptive;

const policy = definePolicy();
const rarely = fc.oneof(
  { weight: 9, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.double({ min: 1, max: 3_000, noNaN: true }) },
);

/** Beats as they may come: late, skipped, after stalls on either side, at a changing pace. */
const beats: fc.Arbitrary<readonly Beat[]> = fc
  .array(
    fc.record({
      gapMs: fc.constantFrom(1_000, 1_000, 1_000, 1_000, 250, 4_000),
      early: fc.double({ min: 0, max: 0.25, noNaN: true }),
      delayMs: fc.oneof(
        fc.double({ min: 0.1, max: 40, noNaN: true }),
        fc.double({ min: 0, max: 900, noNaN: true }),
      ),
      skipped: fc.oneof(
        { weight: 9, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
      ),
      declaredMs: rarely,
      stalledMs: rarely,
    }),
    { minLength: 1, maxLength: 120 },
  )
  .map((steps) => {
    let leftAt = 5_000;
    let at = 90_000;
    return steps.map(({ gapMs, early, delayMs, skipped, declaredMs, stalledMs }) => {
      leftAt += (skipped + 1) * gapMs * (1 - early) + declaredMs;
      at = Math.max(at, leftAt + 85_000 + delayMs) + stalledMs;
      return {
        at,
        sentAtMs: leftAt,
        gapMs,
        skipped,
        declaredMs,
        stalledMs,
        spoilt: stalledMs > 100,
      };
    });
  });

/** What a detector says after each beat, in a memory of many. */
function* verdicts(detector: LearningDetector, all: readonly Beat[]) {
  const memory = new Float64Array(detector.size + 4);
  for (const beat of all) {
    detector.learn(memory, 2, beat, policy);
    yield memory[2] as number;
  }
}

/** The benchmark's estimator counts frames by their numbers. */
function* benchVerdicts(
  { create, deadline }: BenchDetector,
  all: readonly Beat[],
  parameter: number,
) {
  const firstGapMs = (all[0] as Beat).gapMs;
  const estimator = create(firstGapMs, firstGapMs, parameter);
  let seq = 0;
  for (const {
    at,
    sentAtMs: ts,
    gapMs: interval,
    skipped,
    declaredMs: declared,
    stalledMs: ours,
    spoilt,
  } of all) {
    seq += skipped + 1;
    estimator.hear({ seq, ts: ts as number, at, interval, declared, ours, spoilt });
    yield deadline(estimator.from, estimator.unit, parameter, firstGapMs) - at;
  }
}

const margins = fc.constantFrom(0.05, 0.4, 1, 1.5, 3.2, 20);

test("adaptive judges as the benchmark has it", () => {
  fc.assert(
    fc.property(beats, margins, (all, margin) => {
      const expected = [...benchVerdicts(benchAdaptive, all, margin)];
      for (const [n, verdict] of [...verdicts(adaptive({ margin }), all)].entries()) {
        expect(verdict).toBeCloseTo(Math.max(1, expected[n] as number), 6);
      }
    }),
  );
});

test("phi judges as the benchmark has it, three gaps later: that is its pause", () => {
  fc.assert(
    fc.property(beats, (all) => {
      const { gapMs } = all[0] as Beat;
      const expected = [...benchVerdicts(benchPhi, all, deviationsFor(8))];
      for (const [n, verdict] of [...verdicts(phi(), all)].entries()) {
        expect(verdict).toBeCloseTo((expected[n] as number) + 3 * gapMs, 2);
      }
    }),
  );
});
