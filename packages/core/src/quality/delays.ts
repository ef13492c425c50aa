// The delays that `predict` assumes: a lognormal law with the given mean and variance. Never negative,
// skewed to the right as delays on networks are, and with a heavier tail than a gamma law.

import type { Network } from "./network.ts";

/** How long frames travel that do arrive. */
export interface Delays {
  /** Pr(delay > ms). */
  readonly exceeds: (ms: number) => number;
  /** Less than this happens to nobody (less than once in 10¹⁶). */
  readonly leastMs: number;
  /** Delays that stand for all of them, with their weights, which add up to 1. */
  readonly nodes: readonly { readonly delayMs: number; readonly weight: number }[];
}

/** The lognormal law with the mean and variance of `network`; without variance, always the mean. */
export function lognormalDelays({ delayMs, delayVarianceMs2 }: Network): Delays {
  const spread = delayMs === 0 ? 0 : Math.sqrt(Math.log1p(delayVarianceMs2 / delayMs ** 2));
  if (spread === 0) {
    const exceeds = (ms: number) => (ms < delayMs ? 1 : 0);
    return { exceeds, leastMs: delayMs, nodes: [{ delayMs, weight: 1 }] };
  }
  const median = Math.log(delayMs) - spread ** 2 / 2;
  return {
    exceeds: (ms) => (ms <= 0 ? 1 : erfc((Math.log(ms) - median) / (spread * Math.SQRT2)) / 2),
    leastMs: Math.exp(median - 8.3 * spread),
    nodes: normalNodes().map(({ z, weight }) => ({
      delayMs: Math.exp(median + z * spread),
      weight,
    })),
  };
}

/** The trapezoidal rule: for a bell it is as exact as any, and needs no table. */
function normalNodes(): { z: number; weight: number }[] {
  const zs = Array.from({ length: 129 }, (_, n) => (n - 64) / 8);
  const density = (z: number) => Math.exp(-(z ** 2) / 2);
  const sum = zs.reduce((total, z) => total + density(z), 0);
  return zs.map((z) => ({ z, weight: density(z) / sum }));
}

/**
 * The complementary error function, wrong by less than 1.2·10⁻⁷ of its value everywhere, far out in
 * the tail as well. Press et al., Numerical Recipes, section 6.2, `erfcc`.
 */
export function erfc(x: number): number {
  const t = 1 / (1 + Math.abs(x) / 2);
  const series = [
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418,
    0.37409196, 1.00002368, -1.26551223,
  ].reduce((sum, coefficient) => sum * t + coefficient, 0);
  const tail = t * Math.exp(-(x ** 2) + series);
  return x < 0 ? 2 - tail : tail;
}
