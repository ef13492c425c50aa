// What follows from the numbers of a policy: how often a monitor must be served, and the longest that a silent
// peer can stay undeclared.

import { fixed } from "./detectors/fixed.ts";
import { stallToleranceMs, stretchMs } from "./peer/rules.ts";
import type { Policy } from "./policy.ts";

const MIN_FORGET_MS = 30_000;

/** A judging monitor is served at least this often; a driver promises it. */
export function servedEveryMs(suspectAfterMs: number): number {
  return suspectAfterMs / 4;
}

/**
 * The longest a peer that fell silent can stay undeclared, in ms of observed time (time in which our
 * own process was not frozen): silence, the least suspicion, and ticks that were each as late as
 * they may be without counting as a stall of ours.
 *
 * @param lateMs how late a tick may be; default what a driver keeps, a quarter of `suspectAfterMs`
 * plus the stall tolerance. For a loop that ticks by hand: its period.
 * @param health local health 0..7 when suspicion begins; 0 is well.
 * @example
 * ```ts
 * deadAtMostMs(definePolicy(strict)); // 5925: "dead within 6 s"
 * ```
 */
export function deadAtMostMs(
  policy: Policy,
  lateMs: number = servedEveryMs(policy.suspectAfterMs) + stallToleranceMs(policy.suspectAfterMs),
  health = 0,
): number {
  const { suspectAfterMs, deadAfterMs, minSuspicionMs, detector } = policy;
  // A detector other than `fixed` may wait as long as the cap allows.
  const latestSuspicionMs = detector === fixed ? suspectAfterMs : deadAfterMs - minSuspicionMs;
  const stretch = stretchMs(health, suspectAfterMs, deadAfterMs);
  return Math.max(deadAfterMs, latestSuspicionMs + lateMs + minSuspicionMs) + stretch + lateMs;
}

/** The shortest memory of a dead peer with which both sides of a healed partition find each other. */
export function leastForgetAfterMs({ deadAfterMs }: Pick<Policy, "deadAfterMs">): number {
  return Math.max(MIN_FORGET_MS, 2 * deadAfterMs);
}
