// Settings are validated once, at the door, with their relations, and with a way out.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deadAtMostMs, leastForgetAfterMs, servedEveryMs } from "../src/bounds.ts";
import { definePolicy } from "../src/define-policy.ts";
import { fixed } from "../src/detectors/fixed.ts";
import { SystoleRangeError, SystoleTypeError } from "../src/errors.ts";
import { stallToleranceMs } from "../src/peer/rules.ts";
import { type PolicyOptions, relaxed, standard, strict } from "../src/policy.ts";
import { derivePolicy, samePolicy, scalePolicy } from "../src/policy-variants.ts";
import { policies, threeNumbers } from "./arbitraries.ts";

describe("presets", () => {
  test.each([
    ["strict", strict, 6_000],
    ["standard", standard, 10_000],
    ["relaxed", relaxed, 30_000],
  ])("%s keeps what it says: dead within the promised time", (_name, preset, withinMs) => {
    const policy = definePolicy(preset);
    expect(deadAtMostMs(policy)).toBeLessThanOrEqual(withinMs);
    expect(deadAtMostMs(policy)).toBeGreaterThan(0.9 * withinMs);
    expect(policy.suspectAfterMs / policy.intervalMs).toBeGreaterThanOrEqual(2.5);
  });

  test("no options at all are the standard preset", () => {
    expect(definePolicy()).toEqual(definePolicy(standard));
  });
});

describe("defaults", () => {
  test("follow from the three numbers", () => {
    const policy = definePolicy({ intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000 });
    expect(policy).toEqual({
      intervalMs: 1_000,
      peerGapMs: 1_000,
      suspectAfterMs: 3_000,
      deadAfterMs: 6_000,
      minSuspicionMs: 1_500,
      probeIntervalMs: 375,
      jitter: 0.25,
      proof: "any",
      returns: "new-session",
      redial: false,
      solicits: false,
      backoffMinMs: 1_000,
      backoffMaxMs: 10_000,
      wishMs: 1_000,
      minGapMs: 20,
      floorMs: 100,
      maxGapMs: 60_000,
      detector: fixed,
    });
  });

  test("undefined is as good as absent", () => {
    const blank = Object.fromEntries(
      Object.keys(definePolicy()).map((name) => [name, undefined]),
    ) as PolicyOptions;
    const policy = definePolicy({ ...blank, forgetAfterMs: undefined, shadow: undefined });
    expect(policy).toEqual(definePolicy());
    expect(policy).not.toHaveProperty("forgetAfterMs");
    expect(policy).not.toHaveProperty("shadow");
  });

  test("the longest duration is what every timer can wait for", () => {
    const longest = { backoffMaxMs: 2 ** 31 - 1, forgetAfterMs: 2 ** 31 - 1 };
    expect(definePolicy(longest)).toMatchObject(longest);
  });

  test("the whole time between suspicion and death may be the least suspicion", () => {
    const eager = { suspectAfterMs: 3_000, deadAfterMs: 5_000, minSuspicionMs: 2_000 };
    expect(definePolicy(eager)).toMatchObject(eager);
  });

  test("every set of three numbers in order gives a valid, frozen policy", () => {
    fc.assert(
      fc.property(threeNumbers, (options) => {
        const policy = definePolicy(options);
        expect(Object.isFrozen(policy)).toBe(true);
        expect(policy.minSuspicionMs).toBe((policy.deadAfterMs - policy.suspectAfterMs) / 2);
        expect(policy.probeIntervalMs).toBeLessThanOrEqual(policy.intervalMs);
        expect(policy.wishMs).toBeLessThan(policy.suspectAfterMs);
        // What was given is never bent.
        expect(policy).toMatchObject(options);
        // Once valid, always valid: the same object passes, and a copy of it too.
        expect(definePolicy(policy)).toBe(policy);
        expect(definePolicy({ ...policy })).toEqual(policy);
      }),
    );
  });
});

describe("refused", () => {
  const refused: readonly (readonly [PolicyOptions, RegExp])[] = [
    [
      { suspectAfterMs: 5_000, deadAfterMs: 3_000 },
      /^deadAfterMs must exceed suspectAfterMs \(got deadAfterMs 3000, suspectAfterMs 5000\)\.\nRaise deadAfterMs above 5000, or start from the preset `relaxed`\.$/,
    ],
    [{ suspectAfterMs: 5_000, deadAfterMs: 5_000 }, /^deadAfterMs must exceed suspectAfterMs/],
    [
      { intervalMs: 4_000 },
      /^suspectAfterMs must exceed intervalMs .*\nRaise suspectAfterMs above 4000/,
    ],
    [{ wishMs: 4_000 }, /^suspectAfterMs must exceed wishMs/],
    [{ minGapMs: 2_000 }, /^wishMs must be at least minGapMs/],
    [{ floorMs: 1_001 }, /^intervalMs must be at least floorMs .*\nRaise intervalMs to 1001/],
    [{ maxGapMs: 1_000 }, /^maxGapMs must be at least wishMs/],
    [{ backoffMinMs: 9_000, backoffMaxMs: 8_000 }, /^backoffMaxMs must be at least backoffMinMs/],
    [{ minSuspicionMs: 4_801 }, /^minSuspicionMs must not exceed .*\nLower minSuspicionMs to 4800/],
    [{ forgetAfterMs: 29_999 }, /^forgetAfterMs must be at least .*\nRaise forgetAfterMs to 30000/],
    [
      { ...relaxed, forgetAfterMs: 51_999 },
      /^forgetAfterMs must be at least .*\nRaise forgetAfterMs to 52000/,
    ],
    [{ intervalMs: 0 }, /^intervalMs must be a number of ms above 0/],
    [{ intervalMs: -1 }, /^intervalMs must be a number of ms above 0/],
    [{ deadAfterMs: Number.NaN }, /^deadAfterMs must be a number of ms .*got NaN/],
    [{ deadAfterMs: Number.POSITIVE_INFINITY }, /^deadAfterMs must be a number of ms/],
    [{ deadAfterMs: 2 ** 31 }, /^deadAfterMs must be a number of ms .* at most 2147483647/],
    [{ intervalMs: "1000" as never }, /^intervalMs must be a number of ms/],
    [{ jitter: 1 }, /^jitter must be from 0 to below 1 \(got 1\)/],
    [{ jitter: -0.1 }, /^jitter must be/],
    [{ jitter: Number.NaN }, /^jitter must be/],
    [{ jitter: "0.5" as never }, /^jitter must be/],
    [{ proof: "none" as never }, /^proof must be any or round-trip \(got none\)/],
    [{ returns: "always" as never }, /^returns must be/],
    [{ redial: 1 as never }, /^redial must be true or false/],
    [{ detector: 3_000 as never }, /^detector must be a function, or/],
    [{ detector: null as never }, /^detector must be a function, or/],
    [{ detector: { size: 3 } as never }, /^detector must be a function, or/],
    [{ shadow: { learn() {} } as never }, /^shadow must be a function, or/],
    [{ shadow: { name: "none", learn() {}, size: 0 } }, /^shadow must be a function, or/],
    [{ shadow: { name: "half", learn() {}, size: 1.5 } }, /^shadow must be a function, or/],
  ];

  test.each(refused)("%j", (options, message) => {
    expect(() => definePolicy(options)).toThrow(message);
    expect(() => definePolicy(options)).toThrow(SystoleRangeError);
    // Below what is wrong stands the way out, whichever it is.
    expect(() => definePolicy(options)).toThrow(/\).\n\S.{10,}\.$/);
  });

  test("says the code and the offending value", () => {
    const error = caught(() => definePolicy({ jitter: 3 }));
    expect(error).toMatchObject({ code: "ERR_SYSTOLE_POLICY", value: 3 });
    expect(String(error)).toMatch(/^RangeError \[ERR_SYSTOLE_POLICY\]: jitter/);
    expect(error).toBeInstanceOf(RangeError);
  });

  test("a misspelt name, which would silently be the default", () => {
    expect(() => definePolicy({ interval: 500 } as PolicyOptions)).toThrow(
      "A policy has no option interval.\nIt has: intervalMs, ",
    );
    expect(() => definePolicy({ timeout: 500 } as PolicyOptions)).toThrow(/It has: intervalMs, /);
    const error = caught(() => definePolicy({ timeout: 500 } as PolicyOptions));
    expect(error).toBeInstanceOf(SystoleTypeError);
    expect(error).toMatchObject({ code: "ERR_SYSTOLE_POLICY", value: "timeout" });
  });

  test.each(["toString", "constructor", "__proto__"])("%s, which every object has", (name) => {
    const options = Object.defineProperty({}, name, { value: 500, enumerable: true });
    expect(() => definePolicy(options)).toThrow(`A policy has no option ${name}.`);
  });

  // What cannot be calculated with, or has no text, is refused all the same.
  test.each([5n, Symbol("5"), Object.create(null), [], new Date(0)])(
    "a duration that is no number, case %#",
    (value) => {
      for (const name of ["intervalMs", "suspectAfterMs", "deadAfterMs", "forgetAfterMs"]) {
        const error = caught(() => definePolicy({ [name]: value }));
        expect(error).toMatchObject({ code: "ERR_SYSTOLE_POLICY", value });
        expect(String(error)).toContain(`${name} must be a number of ms`);
      }
      expect(caught(() => definePolicy({ jitter: value }))).toBeInstanceOf(SystoleRangeError);
      expect(caught(() => definePolicy({ proof: value }))).toBeInstanceOf(SystoleRangeError);
    },
  );

  test.each([null, 3, "strict"])("%j instead of a policy", (options) => {
    const error = caught(() => definePolicy(options as never));
    expect(error).toMatchObject({ code: "ERR_SYSTOLE_POLICY", value: options });
    expect(String(error)).toContain("A policy must be an object");
  });

  test("a policy that was only dressed up as a valid one", () => {
    const forged = Object.freeze({ ...definePolicy(), deadAfterMs: 1 });
    expect(() => definePolicy(forged)).toThrow(/^deadAfterMs must exceed/);
  });
});

describe("what follows from a policy", () => {
  test("a policy against a slow sender stretches every deadline alike, and nothing of our own", () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 60 }), (policy, factor) => {
        const scaled = scalePolicy(policy, factor);
        const { suspectAfterMs, deadAfterMs, minSuspicionMs, probeIntervalMs, ...own } = scaled;
        expect({ suspectAfterMs, deadAfterMs, minSuspicionMs, probeIntervalMs }).toEqual({
          suspectAfterMs: policy.suspectAfterMs * factor,
          deadAfterMs: policy.deadAfterMs * factor,
          minSuspicionMs: policy.minSuspicionMs * factor,
          probeIntervalMs: policy.probeIntervalMs * factor,
        });
        expect(policy).toMatchObject(own);
        expect(definePolicy(scaled)).toBe(scaled);
      }),
    );
  });

  test("a factor of 1 is the policy itself", () => {
    const policy = definePolicy(strict);
    expect(scalePolicy(policy, 1)).toBe(policy);
    expect(derivePolicy(policy, { peerGapMs: 7 })).toEqual({ ...policy, peerGapMs: 7 });
  });

  test("peers that are dealt with alike share one policy, and the sharing is bounded", () => {
    const policy = definePolicy(strict);
    const derived = (gap: number) => derivePolicy(policy, { peerGapMs: gap });
    const first = derived(1);
    // Two variants in turn, as where one peer of two is slow, are both at hand.
    expect(derived(2)).toBe(derived(2));
    expect(derived(1)).toBe(first);
    for (let gap = 100; gap < 200; gap += 1) derived(gap);
    expect(derived(1)).not.toBe(first);
    expect(derived(1)).toEqual(first);
  });

  test("two policies say the same only where they also leave out the same", () => {
    const policy = definePolicy(strict);
    const forgetful = derivePolicy(policy, { forgetAfterMs: 60_000 });
    expect(samePolicy(policy, definePolicy(strict))).toBe(true);
    expect(samePolicy(policy, forgetful)).toBe(false);
    expect(samePolicy(forgetful, policy)).toBe(false);
  });

  test("the bound: silence, the least suspicion, late ticks, and bad health of our own", () => {
    const policy = definePolicy(strict);
    const lateMs = servedEveryMs(2_500) + stallToleranceMs(2_500);
    expect(lateMs).toBe(625 + 100);
    expect(deadAtMostMs(policy)).toBe(5_200 + lateMs);
    expect(deadAtMostMs(policy, 0)).toBe(5_200);
    // A loop that ticks every 10 s suspects at the first tick, and kills at the second.
    expect(deadAtMostMs(policy, 10_000)).toBe(2_500 + 10_000 + 1_350 + 10_000);
    expect(deadAtMostMs(policy, 0, 7)).toBe(5_200 + 2 * 2_700);
    // A detector may wait up to D − M, and the suspicion still lasts M.
    expect(deadAtMostMs(definePolicy({ ...strict, detector: () => 1e9 }), 1_000)).toBe(
      5_200 - 1_350 + 1_000 + 1_350 + 1_000,
    );
  });

  test("fast detectors tolerate less lateness of their own loop", () => {
    expect(stallToleranceMs(400)).toBe(50);
    expect(stallToleranceMs(60_000)).toBe(100);
  });

  test("a dead peer is remembered long enough for a cut to heal", () => {
    expect(leastForgetAfterMs(definePolicy(strict))).toBe(30_000);
    expect(leastForgetAfterMs(definePolicy(relaxed))).toBe(52_000);
  });
});

function caught(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
