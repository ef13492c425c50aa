// @ts-check
// Comparisons are made at equal mean detection time: for each target the parameter of each detector is
// searched that gives it, over all seeds together. The search looks at detection times only.

import { classMs, detection, estimate, outcome } from "./replay.mjs";

/** @typedef {import("./replay.mjs").Estimates} Estimates */
/** @typedef {import("./detectors.mjs").Detector} Detector */
/** @typedef {import("./scenarios.mjs").Scenario} Scenario */
/** @typedef {ReturnType<typeof outcome>} Outcome */
/**
 * What comes of one parameter.
 * @typedef {object} Point
 * @property {number} p
 * @property {number} meanMs T_D
 * @property {number} p99Ms
 * @property {number} longestMs
 * @property {number} mistakes
 * @property {number} perHour λ_M
 * @property {number} lastingMs E(T_M)
 * @property {number} accuracy P_A, by time
 * @property {number[]} bySeed mistakes
 */

/** @param {Scenario} scenario @param {number} count @param {boolean} credit */
export function targetsOf({ detect, detectWithCredit }, count, credit) {
  const [from, to] = (credit && detectWithCredit) || detect;
  return Array.from({ length: count }, (_, n) => from * (to / from) ** (n / (count - 1)));
}

/** The points of one detector at the targets that it can reach; where it cannot: undefined.
 * @param {Scenario} scenario @param {import("./traces.mjs").Trace[]} traces
 * @param {Detector} detector @param {boolean} credit @param {number[]} targets */
export function curve(scenario, traces, detector, credit, targets) {
  const intervalMs = scenario.intervalMs ?? 1_000;
  const meanGapMs = intervalMs * (1 - (scenario.jitter ?? 0.25) / 2);
  const estimated = (/** @type {number | undefined} */ p) =>
    traces.map((trace) => estimate(trace, detector, credit, intervalMs, meanGapMs, p));
  const once = detector.aware ? undefined : estimated(undefined);
  const mean = (/** @type {number} */ p) =>
    meanDetection(once ?? estimated(p), detector.deadline, p);
  const at = (/** @type {number} */ p) => pointAt(once ?? estimated(p), detector.deadline, p);
  let before = { p: detector.range[0], ms: mean(detector.range[0]) };
  let slope = 0;
  const points = targets.map((target) => {
    const found = search(mean, target, before, slope, detector.range[1], target * 0.001);
    if (found === undefined) return undefined;
    if (found.p > before.p) slope = (found.ms - before.ms) / (found.p - before.p);
    before = found;
    return at(found.p);
  });
  const usual = detector.usual === undefined ? undefined : at(detector.usual);
  return { points, usual };
}

/** @param {Estimates[]} estimates @param {Detector["deadline"]} deadline @param {number} p */
function meanDetection(estimates, deadline, p) {
  let area = 0;
  let weight = 0;
  for (const one of estimates) {
    const found = detection(one, deadline, p);
    area += found.area;
    weight += found.weight;
  }
  return area / weight;
}

/** One parameter over all seeds.
 * @param {Estimates[]} estimates @param {Detector["deadline"]} deadline @param {number} p @returns {Point} */
function pointAt(estimates, deadline, p) {
  const outcomes = estimates.map((one) => outcome(one, deadline, p));
  const sum = (/** @type {(one: Outcome) => number} */ part) =>
    outcomes.reduce((total, one) => total + part(one), 0);
  const mistakes = sum((one) => one.mistakes);
  const spanMs = sum((one) => one.spanMs);
  const mistakenMs = sum((one) => one.mistakenMs);
  return {
    p,
    meanMs: sum((one) => one.area) / sum((one) => one.weight),
    p99Ms: quantile(outcomes, 0.99),
    longestMs: Math.max(...outcomes.map((one) => one.longestMs)),
    mistakes,
    perHour: mistakes / (spanMs / 3_600_000),
    lastingMs: mistakes > 0 ? mistakenMs / mistakes : 0,
    accuracy: 1 - mistakenMs / spanMs,
    bySeed: outcomes.map((one) => one.mistakes),
  };
}

/** @param {Outcome[]} outcomes @param {number} share */
function quantile(outcomes, share) {
  const size = outcomes[0]?.classes.length ?? 0;
  const all = Array.from({ length: size }, (_, n) =>
    outcomes.reduce((sum, { classes }) => sum + (classes[n] ?? 0), 0),
  );
  let left = share * all.reduce((sum, weight) => sum + weight, 0);
  return classMs(
    all.findIndex((weight) => {
      left -= weight;
      return left <= 0;
    }),
  );
}

/** Where a rising function reaches a value, from a point below it on: false position (Illinois).
 * @param {(p: number) => number} f @param {number} value @param {{ p: number, ms: number }} before
 * @param {number} slope a guess; 0: none @param {number} most @param {number} near */
function search(f, value, before, slope, most, near) {
  let a = before.p;
  let atA = before.ms - value;
  if (atA > near) return undefined;
  let b = a;
  let atB = atA;
  let step = slope > 0 ? (1.1 * -atA) / slope : 0.2;
  while (atB < -near) {
    if (b >= most) return undefined;
    [a, atA] = [b, atB];
    b = Math.min(most, b + step);
    step *= 2;
    atB = f(b) - value;
  }
  for (let n = 0; n < 40 && Math.abs(atB) > near; n++) {
    const middle = n % 4 === 3 ? (a + b) / 2 : a - (atA * (b - a)) / (atB - atA);
    const atMiddle = f(middle) - value;
    if (Math.abs(atMiddle) < near) return { p: middle, ms: atMiddle + value };
    if (atMiddle < 0) {
      [a, atA] = [middle, atMiddle];
      atB /= 2;
    } else {
      [b, atB] = [middle, atMiddle];
      atA /= 2;
    }
    // A jump of the function: nothing in between exists, and the earlier detection is taken.
    if (b - a < 1e-5) return { p: a, ms: f(a) };
  }
  return { p: b, ms: atB + value };
}
