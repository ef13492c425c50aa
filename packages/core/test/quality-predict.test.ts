// Predictions against the detector played beat by beat, against closed forms, and against each other.

import {
  definePolicy,
  fixed,
  type PolicyOptions,
  relaxed,
  SystoleRangeError,
  standard,
  strict,
} from "@systole/core";
import { type Network, predict } from "@systole/core/quality";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { erfc, lognormalDelays } from "../src/quality/delays.ts";
import { meanGapMs, silencesOf } from "../src/quality/silences.ts";
import { lognormal, playFixed, uniform } from "./beat-trace.ts";

const policy = (intervalMs: number, suspectAfterMs: number, jitter: number): PolicyOptions => ({
  intervalMs,
  suspectAfterMs,
  wishMs: Math.min(intervalMs, suspectAfterMs / 2),
  deadAfterMs: 3 * suspectAfterMs,
  jitter,
});
const network = (loss: number, delayMs: number, deviationMs: number): Network => ({
  loss,
  delayMs,
  delayVarianceMs2: deviationMs ** 2,
});

// Each has hundreds of mistakes in 100,000 beats, so that their number is good to a tenth.
const played: [string, PolicyOptions, Network][] = [
  ["losses alone", policy(1_000, 2_500, 0.25), network(0.2, 40, 0)],
  ["losses and delays", policy(1_000, 2_500, 0.25), network(0.1, 200, 150)],
  ["delays alone, reordered", policy(100, 250, 0.25), network(0, 150, 120)],
  ["no jitter, deadline on a beat", policy(100, 200, 0), network(0.05, 40, 5)],
  ["little jitter", policy(100, 205, 0.01), network(0.1, 40, 2)],
  ["much jitter", policy(1_000, 1_050, 0.9), network(0.1, 5, 1)],
  ["long delays", policy(1_000, 2_500, 0.25), network(0.15, 60_000, 300)],
  ["hardly anything arrives", policy(1_000, 1_500, 0.25), network(0.7, 300, 300)],
];

describe("what was predicted is what happens", () => {
  test.each(played)("%s", (name, options, net) => {
    const { peerGapMs: gapMs, jitter, suspectAfterMs } = definePolicy(options);
    const { loss, delayMs, delayVarianceMs2 } = net;
    const seen = playFixed(
      100_000,
      { gapMs, jitter, suspectAfterMs },
      loss,
      lognormal(delayMs, delayVarianceMs2),
      uniform(name.length),
    );
    const said = predict(options, net);
    expect(seen.mistakes).toBeGreaterThan(400);
    expect(said.falseAlarmEveryMs / seen.falseAlarmEveryMs).toBeGreaterThan(0.87);
    expect(said.falseAlarmEveryMs / seen.falseAlarmEveryMs).toBeLessThan(1.15);
    expect((1 - said.accuracy) / (1 - seen.accuracy)).toBeGreaterThan(0.83);
    expect((1 - said.accuracy) / (1 - seen.accuracy)).toBeLessThan(1.2);
    const noiseMs = 0.02 * gapMs + 0.03 * Math.sqrt(delayVarianceMs2);
    expect(Math.abs(said.detectionMs - seen.detectionMs)).toBeLessThan(noiseMs);
  });
});

test("where only losses matter, it is what one can work out by hand", () => {
  // Without jitter or variance, three beats in a row must be lost.
  const said = predict(policy(1_000, 3_500, 0), network(0.1, 40, 0));
  expect(said.falseAlarmEveryMs).toBeCloseTo(1_000 / (0.9 * 0.1 ** 3), 0);
  // A mistake lasts half a beat, and another for each loss that follows.
  const mistakeMs = 500 + 1_000 * (0.1 / 0.9);
  expect((1 - said.accuracy) * said.falseAlarmEveryMs).toBeGreaterThan(0.995 * mistakeMs);
  expect((1 - said.accuracy) * said.falseAlarmEveryMs).toBeLessThan(1.005 * mistakeMs);
  const detectionMs = 3_500 + 40 - 500 - 1_000 * (0.1 / 0.9);
  expect(Math.abs(said.detectionMs - detectionMs)).toBeLessThan(2);
  expect(said.beatsPerSecond).toBe(1);
});

test("oceanprotocol/ocean-node#1238: presets on a good network are hardly ever wrong, and what cannot happen is finite", () => {
  const good = network(0.01, 40, 20);
  const [quick, usual, calm] = [strict, standard, relaxed].map((options) => predict(options, good));
  expect(quick!.falseAlarmEveryMs).toBeLessThan(usual!.falseAlarmEveryMs);
  expect(usual!.accuracy).toBeGreaterThan(0.99999);
  expect(calm!.detectionMs).toBeGreaterThan(10_000);
  const never = predict(standard, network(0, 40, 0));
  expect(never).toEqual({ ...never, falseAlarmEveryMs: Number.MAX_SAFE_INTEGER, accuracy: 1 });
  expect(JSON.parse(JSON.stringify(never))).toEqual(never);
});

const anyPolicy = fc
  .record({
    intervalMs: fc.integer({ min: 1, max: 60_000 }),
    times: fc.double({ min: 1.01, max: 12, noNaN: true }),
    jitter: fc.constantFrom(0, 0.001, 0.05, 0.25, 0.6, 0.99),
  })
  .map(({ intervalMs, times, jitter }) => policy(intervalMs, intervalMs * times, jitter));
const anyNetwork = fc
  .record({
    loss: fc.double({ min: 0, max: 0.6, noNaN: true }),
    delayMs: fc.double({ min: 0.1, max: 2_000, noNaN: true }),
    spread: fc.double({ min: 0, max: 1.5, noNaN: true }),
  })
  .map(({ loss, delayMs, spread }) => network(loss, delayMs, delayMs * spread));

test("all is finite and in range, and patience never costs accuracy", () => {
  fc.assert(
    fc.property(anyPolicy, anyNetwork, (options, net) => {
      const said = predict(options, net);
      const { suspectAfterMs = 0 } = options;
      const later = predict({ ...options, suspectAfterMs: suspectAfterMs * 1.5 }, net);
      expect(Object.values(said).every(Number.isFinite)).toBe(true);
      expect(said.accuracy).toBeLessThanOrEqual(1);
      expect(said.accuracy).toBeGreaterThanOrEqual(0);
      expect(said.falseAlarmEveryMs).toBeGreaterThan(0);
      expect(later.falseAlarmEveryMs).toBeGreaterThan(0.99 * said.falseAlarmEveryMs);
      expect(later.accuracy).toBeGreaterThan(said.accuracy - 0.01);
      expect(later.detectionMs).toBeGreaterThan(said.detectionMs);
      expect(said.detectionMs).toBeLessThanOrEqual(suspectAfterMs + net.delayMs);
    }),
  );
});

test("every instant follows the last beat that arrived in order: shares of time add up to 1", () => {
  fc.assert(
    fc.property(anyPolicy, anyNetwork, (options, net) => {
      const { peerGapMs: gapMs, jitter } = definePolicy(options);
      const { exceeds, leastMs, nodes } = lognormalDelays(net);
      const { loss } = net;
      const deviationMs = Math.sqrt(net.delayVarianceMs2);
      const silences = silencesOf({ gapMs, jitter, loss, exceeds, leastMs, deviationMs }, gapMs);
      const all = nodes.reduce((sum, n) => sum + n.weight * silences.excessMs(n.delayMs), 0);
      expect(((1 - loss) * all) / meanGapMs(gapMs, jitter)).toBeCloseTo(1, 1);
    }),
  );
});

test("a deadline of very many beats, or a network that hardly lets any through, is answered all the same", () => {
  const many = predict(policy(1, 2e9 / 3, 0.25), network(0.999, 1_000, 5_000));
  expect(many.falseAlarmEveryMs).toBe(Number.MAX_SAFE_INTEGER);
  const few = predict(policy(1_000, 1_001, 0), network(0.99, 1_000, 0));
  expect(few.accuracy).toBeLessThan(0.05);
});

test("the complementary error function: known values, and far out in the tail", () => {
  const known = [-1, 0, 0.5, 1, 5, 10];
  const values = [1.8427007929, 1, 0.4795001222, 0.1572992071, 1.5374597944e-12, 2.0884875838e-45];
  known.forEach((x, n) => {
    expect(Math.abs(erfc(x) / values[n]! - 1)).toBeLessThan(2e-7);
  });
});

const wrong: [string, unknown, RegExp][] = [
  [
    "loss",
    { loss: 1, delayMs: 1, delayVarianceMs2: 0 },
    /loss must be from 0 to below 1 \(got 1\)/,
  ],
  ["loss", { loss: "0.1", delayMs: 1, delayVarianceMs2: 0 }, /loss must be/],
  ["delayMs", { loss: 0, delayMs: Number.NaN, delayVarianceMs2: 0 }, /delayMs must be a number/],
  ["variance", { loss: 0, delayMs: 1, delayVarianceMs2: -1 }, /delayVarianceMs2 must be .*got -1/],
  ["no delay", { loss: 0, delayMs: 0, delayVarianceMs2: 4 }, /no delay is negative/],
  ["nothing", undefined, /loss must be .*got undefined/],
];

test.each(wrong)("what is no network says so: %s", (_name, net, message) => {
  const act = () => predict(standard, net as Network);
  expect(act).toThrow(SystoleRangeError);
  expect(act).toThrow(
    expect.objectContaining({
      code: "ERR_SYSTOLE_OPTION",
      message: expect.stringMatching(message),
    }),
  );
  expect(act).toThrow(/\n\w/);
});

test("other detectors are not predicted, and a policy that is none is refused", () => {
  const other = { ...standard, detector: () => 5_000 };
  expect(() => predict(other, network(0, 1, 0))).toThrow(/detector must be fixed/);
  expect(predict({ ...other, detector: fixed }, network(0, 1, 0)).accuracy).toBe(1);
  expect(() => predict({ suspectAfterMs: 10 }, network(0, 1, 0))).toThrow(/suspectAfterMs must/);
});
