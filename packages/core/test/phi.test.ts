// `phi` against Pekko's numbers, and against the windows of 1000 gaps that it does without.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { definePolicy } from "../src/define-policy.ts";
import type { Beat, LearningDetector } from "../src/detectors/detector.ts";
import { deviationsFor, phi } from "../src/detectors/phi.ts";
import { unit } from "../src/peer/rules.ts";

const policy = definePolicy({ intervalMs: 1_000 });
const plain = { gapMs: 1_000, skipped: 0, declaredMs: 0, stalledMs: 0, spoilt: false };

/** The verdicts of a detector after beats at these instants. */
function verdicts(detector: LearningDetector, beats: readonly (Partial<Beat> & { at: number })[]) {
  const memory = new Float64Array(detector.size);
  return beats.map((beat) => {
    detector.learn(memory, 0, { ...plain, sentAtMs: undefined, ...beat }, policy);
    return memory[0] as number;
  });
}

/** φ as `PhiAccrualFailureDetector` of Pekko computes it: `y` standard deviations above the mean. */
function pekkoPhi(y: number): number {
  const e = Math.exp(-y * (1.5976 + 0.070566 * y * y));
  return y > 0 ? -Math.log10(e / (1 + e)) : -Math.log10(1 - 1 / (1 + e));
}

describe("Pekko's numbers", () => {
  test("φ 8 is reached 5.226 standard deviations above the mean", () => {
    expect(deviationsFor(8)).toBeCloseTo(5.226, 3);
  });

  test("the threshold is inverted exactly, for every φ that doubles can tell", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 250, noNaN: true }), (threshold) => {
        expect(pekkoPhi(deviationsFor(threshold)) / threshold).toBeCloseTo(1, 6);
      }),
    );
  });

  test("the first beat stands for two gaps, a quarter below and above the announced one", () => {
    const [first] = verdicts(phi({ acceptablePauseMs: 0 }), [{ at: 0 }]);
    // Pekko: history 750, 1250: mean 1000, standard deviation 250.
    expect(first).toBeCloseTo(1_000 + deviationsFor(8) * 250, 9);
  });

  test("an acceptable pause is added to the mean: 3 s at an interval of 1 s", () => {
    const [without, withPause] = [0, undefined].map(
      (acceptablePauseMs) => verdicts(phi({ acceptablePauseMs }), [{ at: 0 }])[0] as number,
    );
    expect((withPause as number) - (without as number)).toBeCloseTo(3_000, 9);
  });

  test("the standard deviation is at least 100 ms at an interval of 1 s", () => {
    const beats = Array.from({ length: 4_000 }, (_, n) => ({ at: n * 1_000 }));
    const last = verdicts(phi({ acceptablePauseMs: 0 }), beats).at(-1);
    expect(last).toBeCloseTo(1_000 + deviationsFor(8) * 100, 1);
  });

  test("the gap that ends an outage is not recorded", () => {
    const calm = Array.from({ length: 100 }, (_, n) => ({ at: n * 1_000 }));
    const [before, after] = verdicts(phi(), [...calm, { at: 300_000 }]).slice(-2);
    expect(after).toBe(before);
  });
});

describe("constant memory", () => {
  const distributions: readonly (readonly [string, (u: () => number) => number])[] = [
    ["uniform jitter", (u) => 750 + 250 * u()],
    ["exponential delays", (u) => 900 - 60 * Math.log(1 - u())],
    ["two paths", (u) => (u() < 0.1 ? 1_200 : 980)],
  ];

  test.each(distributions)(
    "agrees with a window of 1000 gaps: %s (mean within 2 %, deviation within 15 %)",
    (_name, gapOf) => {
      for (let seed = 1; seed <= 8; seed++) {
        const gaps = Array.from({ length: 3_000 }, (_, n) => gapOf(() => unit(seed, n)));
        const detector = phi({ acceptablePauseMs: 10_000, minDeviationMs: 0.001 });
        const memory = new Float64Array(detector.size);
        let at = 0;
        for (const gap of [0, ...gaps]) {
          at += gap;
          detector.learn(memory, 0, { ...plain, at, sentAtMs: undefined }, policy);
        }
        const window = gaps.slice(-1_000);
        const mean = window.reduce((sum, gap) => sum + gap, 0) / window.length;
        const variance = window.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / window.length;
        const [, , ourMean = 0, ourVariance = 0] = memory;
        expect(Math.abs(ourMean / mean - 1), `seed ${seed}`).toBeLessThan(0.02);
        expect(Math.abs(Math.sqrt(ourVariance / variance) - 1), `seed ${seed}`).toBeLessThan(0.15);
      }
    },
  );
});

describe("what is no sample", () => {
  const calm = Array.from({ length: 50 }, (_, n) => ({ at: n * 1_000 }));
  const spoilt: readonly (readonly [string, Partial<Beat>])[] = [
    ["a beat that had to wait for us", { spoilt: true }],
    ["a gap with a stall of ours in it", { stalledMs: 400 }],
    ["a gap with a stall that the sender declared", { declaredMs: 400 }],
  ];

  test.each(spoilt)("%s", (_name, how) => {
    const [before, after] = verdicts(phi(), [...calm, { at: 49_000 + 1_400, ...how }]).slice(-2);
    expect(after).toBe(before);
  });

  test("but an outlier of the network is one", () => {
    const [before = 0, after = 0] = verdicts(phi(), [...calm, { at: 49_000 + 1_400 }]).slice(-2);
    expect(after).toBeGreaterThan(before);
  });
});

describe("wrong options", () => {
  const wrong: readonly (readonly [string, Parameters<typeof phi>[0]])[] = [
    ["threshold", { threshold: 0 }],
    ["threshold", { threshold: Number.NaN }],
    ["threshold", { threshold: 301 }],
    ["acceptablePauseMs", { acceptablePauseMs: -1 }],
    ["minDeviationMs", { minDeviationMs: 0 }],
  ];

  test.each(wrong)("%s: %o", (name, options) => {
    expect(() => phi(options)).toThrow(RangeError);
    expect(() => phi(options)).toThrow(`phi needs ${name}`);
  });
});
