// @ts-check
// Paired comparisons over seeds: every detector saw the same trace of each.

import { randomFor } from "./random.mjs";

/** The ratio of two sums with its 95 % interval: percentiles of 2,000 resamples of the seeds.
 * @param {number[]} ours @param {number[]} theirs */
export function ratio(ours, theirs) {
  const random = randomFor("bootstrap", ours.length);
  const ratios = Array.from({ length: 2_000 }, () => {
    let [a, b] = [0.5, 0.5];
    for (let n = 0; n < ours.length; n++) {
      const at = Math.floor(random() * ours.length);
      a += ours[at] ?? 0;
      b += theirs[at] ?? 0;
    }
    return a / b;
  }).sort((a, b) => a - b);
  const sum = (/** @type {number[]} */ all) => all.reduce((total, one) => total + one, 0.5);
  return { value: sum(ours) / sum(theirs), low: ratios[50] ?? 0, high: ratios[1_949] ?? 0 };
}

/** Two-sided: how often the difference is as large when each seed's sign is a coin (9,999 throws).
 * @param {number[]} ours @param {number[]} theirs */
export function signFlip(ours, theirs) {
  const random = randomFor("signs", ours.length);
  const differences = ours.map((one, n) => one - (theirs[n] ?? 0));
  const found = Math.abs(differences.reduce((sum, one) => sum + one, 0));
  let asLarge = 1;
  for (let n = 0; n < 9_999; n++) {
    let sum = 0;
    for (const difference of differences) sum += random() < 0.5 ? difference : -difference;
    if (Math.abs(sum) >= found) asLarge += 1;
  }
  return asLarge / 10_000;
}

/** Holm's step-down: which of many hypotheses fall at 5 % together. @param {number[]} ps */
export function holm(ps) {
  const order = ps.map((_, n) => n).sort((a, b) => (ps[a] ?? 1) - (ps[b] ?? 1));
  const rejected = ps.map(() => false);
  for (const [rank, n] of order.entries()) {
    if ((ps[n] ?? 1) > 0.05 / (ps.length - rank)) break;
    rejected[n] = true;
  }
  return rejected;
}
