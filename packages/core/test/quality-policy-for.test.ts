// The configurator: no better policy was overlooked, what it promises is kept, on any distribution of
// delays, and what cannot be had is said.

import { definePolicy, SystoleRangeError } from "@systole/core";
import { type Network, policyFor, predict, type Target } from "@systole/core/quality";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { falseAlarmBound } from "../src/quality/guarantee.ts";
import { playFixed, twoDelays, uniform } from "./beat-trace.ts";
import { caseOf } from "./promises.ts";

const DAY = 86_400_000;
const typical: Network = { loss: 0.01, delayMs: 40, delayVarianceMs2: 400 };

const anyNetwork: fc.Arbitrary<Network> = fc
  .record({
    loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
    delayMs: fc.double({ min: 0.1, max: 500, noNaN: true }),
    spread: fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 1.5, noNaN: true })),
  })
  .map(({ loss, delayMs, spread }) => ({
    loss,
    delayMs,
    delayVarianceMs2: (delayMs * spread) ** 2,
  }));
const anyTarget: fc.Arbitrary<Target> = fc.record({
  detectWithinMs: fc.double({ min: 5, max: 60_000, noNaN: true }),
  falseAlarmEveryMs: fc.double({ min: 0, max: 10, noNaN: true }).map((power) => 10 ** power),
  mistakeMs: fc.option(fc.double({ min: 10, max: 10_000, noNaN: true }), { nil: undefined }),
});

/**
 * The bound of the configurator once more, straight from its formula. Early beats are summed up in as
 * many classes as wanted, each taken at its middle, or at its earliest, which is on the safe side.
 * Without early beats it is Chen's.
 */
function plainBound(
  gapMs: number,
  silenceMs: number,
  net: Network,
  classes: number,
  taken: "middle" | "earliest",
): number {
  const { loss: p, delayMs, delayVarianceMs2: v } = net;
  let alarm = 0;
  for (let n = 0; n < classes; n++) {
    const share = ((n + (taken === "middle" ? 0.5 : 0)) / classes) ** 8;
    const early = v === 0 ? 0 : Math.min(delayMs, Math.sqrt((v * (1 - share)) / share));
    let all = 1;
    for (let j = 1; j <= Math.ceil((silenceMs - early) / gapMs) - 1; j++) {
      const x = silenceMs - early - j * gapMs;
      all *= (v + p * x ** 2) / (v + x ** 2);
    }
    alarm += all * (((n + 1) / classes) ** 8 - (n / classes) ** 8);
  }
  return (0.875 * gapMs) / ((1 - p) * alarm);
}

test("the bound is that of the formula, on the safe side and hardly below", () => {
  fc.assert(
    fc.property(
      anyNetwork,
      fc.integer({ min: 20, max: 2_000 }),
      fc.double({ min: 1.01, max: 6, noNaN: true }),
      (net, gapMs, times) => {
        const most = Number.MAX_SAFE_INTEGER; // Beyond, both are as good as never.
        const bound = Math.min(most, falseAlarmBound(gapMs * times, 0.25, net)(gapMs));
        const plain = Math.min(most, plainBound(gapMs, gapMs * times, net, 500, "middle"));
        expect(bound).toBeLessThanOrEqual(plain * 1.01);
        expect(bound).toBeGreaterThanOrEqual(plain * 0.4);
      },
    ),
  );
});

/** Every gap that could have been chosen, from the largest: whole ms, or steps where these are too many. */
function* gapsOf(target: Target, net: Network): Generator<number> {
  const { detectWithinMs, mistakeMs = 1e12 } = target;
  const silenceMs = detectWithinMs - net.delayMs;
  const most = Math.min(silenceMs * 0.998, (mistakeMs - net.delayMs) * (1 - net.loss));
  const least = Math.max(20, silenceMs / 256);
  for (let gapMs = Math.floor(most); gapMs >= least; gapMs -= Math.ceil(gapMs * 0.0007))
    yield gapMs;
}

test("a search through all gaps, with the plain formula, finds no policy with fewer beats", () => {
  let found = 0;
  fc.assert(
    fc.property(anyTarget, anyNetwork, (target, net) => {
      const plan = policyFor(target, net);
      const options = plan.ok ? plan.policy : plan.best;
      if (options === undefined) return;
      const chosenMs = options.intervalMs as number;
      const silenceMs = target.detectWithinMs - net.delayMs;
      const bound = (gapMs: number) => plainBound(gapMs, silenceMs, net, 24, "earliest");
      const wanted = target.falseAlarmEveryMs;
      // What keeps the target by less than a step of its scan, it may pass over.
      const clearly = plan.ok ? 1.003 * wanted : 1.003 * Math.max(wanted, bound(chosenMs));
      if (plan.ok) expect(bound(chosenMs)).toBeGreaterThan(wanted * (1 - 1e-9));
      if (plan.ok) found += 1;
      for (const gapMs of gapsOf(target, net)) {
        // It prefers whole milliseconds.
        if (plan.ok && gapMs < chosenMs + 1) break;
        expect(bound(gapMs), `with a gap of ${gapMs}`).toBeLessThan(clearly);
      }
    }),
  );
  expect(found).toBeGreaterThan(0);
});

test("summing up early beats in classes costs less than a tenth more beats", () => {
  const factors: number[] = [];
  for (let seed = 1; seed <= 40; seed++) {
    const { network: net, target } = caseOf(seed);
    const plan = policyFor(target, net);
    const chosenMs = plan.ok ? (plan.policy.intervalMs as number) : Number.NaN;
    const silenceMs = target.detectWithinMs - net.delayMs;
    const isEnough = (gapMs: number) =>
      plainBound(gapMs, silenceMs, net, 300, "middle") >= target.falseAlarmEveryMs;
    let gapMs = silenceMs * 0.998;
    while (gapMs > chosenMs && !isEnough(gapMs)) gapMs *= 0.996;
    factors.push(Math.max(1, gapMs / chosenMs));
  }
  expect(Math.max(...factors)).toBeLessThan(1.1);
});

test("what it returns is a policy that keeps the promise", () => {
  fc.assert(
    fc.property(anyTarget, anyNetwork, (target, net) => {
      const plan = policyFor(target, net);
      const options = plan.ok ? plan.policy : plan.best;
      if (options === undefined) return;
      const policy = definePolicy(options);
      const said = predict(policy, net);
      const slack = 1e-6 * target.detectWithinMs;
      expect(policy.suspectAfterMs + net.delayMs).toBeLessThanOrEqual(
        target.detectWithinMs + slack,
      );
      expect(said.detectionMs).toBeLessThanOrEqual(target.detectWithinMs + slack);
      if (!plan.ok) return;
      const { intervalMs } = policy;
      expect(
        falseAlarmBound(policy.suspectAfterMs, policy.jitter, net)(intervalMs),
      ).toBeGreaterThanOrEqual(target.falseAlarmEveryMs);
      // `predict` works on a grid.
      expect(said.falseAlarmEveryMs).toBeGreaterThan(0.98 * target.falseAlarmEveryMs);
      if (target.mistakeMs === undefined || said.accuracy > 1 - 1e-9) return;
      const mistakeMs = (1 - said.accuracy) * said.falseAlarmEveryMs;
      expect(mistakeMs).toBeLessThan(1.02 * target.mistakeMs);
    }),
  );
});

test("of what is infeasible, the best is as good as it gets", () => {
  fc.assert(
    fc.property(anyTarget, anyNetwork, ({ detectWithinMs }, net) => {
      const wanted = { detectWithinMs, falseAlarmEveryMs: Number.MAX_SAFE_INTEGER };
      const plan = policyFor(wanted, net);
      if (plan.ok || plan.best === undefined) return;
      const silenceMs = detectWithinMs - net.delayMs;
      const bound = falseAlarmBound(silenceMs, 0.25, net);
      const best = bound(plan.best.intervalMs as number);
      for (let gapMs = silenceMs * 0.998; gapMs > Math.max(20, silenceMs / 256); gapMs *= 0.993) {
        expect(bound(gapMs)).toBeLessThan(1.01 * best);
      }
    }),
  );
});

describe("the promise is kept by the worst delays there are for their mean and variance", () => {
  const deviations = [5, 30, 80];
  test.each(deviations)("deviation %d ms", (deviationMs) => {
    const net = { loss: 0.02, delayMs: 100, delayVarianceMs2: deviationMs ** 2 };
    const target = { detectWithinMs: 700, falseAlarmEveryMs: 30_000, mistakeMs: 700 };
    const plan = policyFor(target, net);
    expect(plan.ok).toBe(true);
    const { peerGapMs: gapMs, jitter, suspectAfterMs } = definePolicy(plan.ok ? plan.policy : {});
    for (const late of [0.01, 0.05, 0.5]) {
      const delayMs = twoDelays(net.delayMs, net.delayVarianceMs2, late);
      const seen = playFixed(
        60_000,
        { gapMs, jitter, suspectAfterMs },
        net.loss,
        delayMs,
        uniform(late * 100),
      );
      expect(seen.falseAlarmEveryMs).toBeGreaterThan(target.falseAlarmEveryMs);
      if (seen.mistakes > 0) expect(seen.mistakeMs).toBeLessThan(target.mistakeMs);
      expect(seen.detectionMs).toBeLessThan(target.detectWithinMs);
    }
  });
});

test("more is asked, more beats are sent", () => {
  const beats = [60_000, DAY, 7 * DAY, 365 * DAY].map((falseAlarmEveryMs) => {
    const plan = policyFor({ detectWithinMs: 10_000, falseAlarmEveryMs }, typical);
    return plan.ok ? predict(plan.policy, typical).beatsPerSecond : Number.NaN;
  });
  expect(beats).toEqual([...beats].sort((a, b) => a - b));
  expect(beats.at(-1)).toBeLessThan(2);
});

test("the limits of what can be asked are policies, too", () => {
  const asked = { detectWithinMs: 2 ** 30 - 1, falseAlarmEveryMs: 1 };
  const plan = policyFor(asked, { loss: 0, delayMs: 0, delayVarianceMs2: 0 });
  expect(plan.ok && definePolicy(plan.policy).deadAfterMs).toBe(2 ** 31 - 2);
  const quick = policyFor(
    { detectWithinMs: 50, falseAlarmEveryMs: 1_000 },
    { ...typical, delayMs: 1, delayVarianceMs2: 0.25 },
  );
  expect(quick.ok).toBe(true);
});

describe("what cannot be had is said in words, with what can", () => {
  test("too many false alarms", () => {
    const plan = policyFor(
      { detectWithinMs: 150, falseAlarmEveryMs: DAY },
      { ...typical, loss: 0.05 },
    );
    if (plan.ok) throw new Error("too good to be true");
    expect(plan.reason).toMatch(
      /^With a loss of 0.05 and delays of 40 ± 20 ms, detection within 150 ms cannot promise more than \d+ ms between false alarms on average, asked for 86400000: raise detectWithinMs/,
    );
    expect(definePolicy(plan.best).suspectAfterMs).toBe(110);
  });

  test("no time for a beat", () => {
    const plan = policyFor({ detectWithinMs: 45, falseAlarmEveryMs: DAY }, typical);
    expect(plan).toEqual({
      ok: false,
      reason:
        "detectWithinMs 45 leaves no time for a beat that travels 40 ms: allow more than 61 ms, several times that for few false alarms.",
    });
  });

  test("mistakes that cannot be that short", () => {
    const plan = policyFor(
      { detectWithinMs: 5_000, falseAlarmEveryMs: DAY, mistakeMs: 50 },
      typical,
    );
    if (plan.ok) throw new Error("too good to be true");
    expect(plan.reason).toMatch(/within 50 ms on average .* a mistakeMs of at least 61\.$/);
    const [, enough = ""] = /at least (\d+)/.exec(plan.reason) ?? [];
    const again = policyFor(
      { detectWithinMs: 5_000, falseAlarmEveryMs: DAY, mistakeMs: Number(enough) },
      typical,
    );
    expect(again.ok).toBe(true);
    expect(definePolicy(plan.best).intervalMs).toBe(20);
  });
});

const wrong: [string, object | undefined, RegExp][] = [
  [
    "no time",
    { detectWithinMs: 0, falseAlarmEveryMs: 1 },
    /detectWithinMs must be .* \(got 0\)\.\n10_000/,
  ],
  ["endless time", { detectWithinMs: 2 ** 30, falseAlarmEveryMs: 1 }, /at most 1073741823 \(got/],
  ["no number", { detectWithinMs: "10s", falseAlarmEveryMs: 1 }, /\(got 10s\)/],
  [
    "never wrong",
    { detectWithinMs: 10, falseAlarmEveryMs: Number.POSITIVE_INFINITY },
    /falseAlarmEveryMs must be .*got Infinity/,
  ],
  ["left out", { detectWithinMs: 10 }, /falseAlarmEveryMs must be .*got undefined/],
  [
    "mistakes of no length",
    { detectWithinMs: 10, falseAlarmEveryMs: 1, mistakeMs: -5 },
    /mistakeMs must be .*got -5\)\.\nLeave it out/,
  ],
  ["nothing", undefined, /detectWithinMs must be .*got undefined/],
];

test.each(wrong)("what is no target says so: %s", (_name, target, message) => {
  const act = () => policyFor(target as Target, typical);
  expect(act).toThrow(SystoleRangeError);
  expect(act).toThrow(
    expect.objectContaining({
      code: "ERR_SYSTOLE_OPTION",
      message: expect.stringMatching(message),
    }),
  );
});

test("what is no network says so, and how to mend it", () => {
  const act = () =>
    policyFor({ detectWithinMs: 10, falseAlarmEveryMs: 1 }, { ...typical, loss: -1 });
  expect(act).toThrow(expect.objectContaining({ code: "ERR_SYSTOLE_OPTION", value: -1 }));
});
