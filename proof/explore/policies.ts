// Policies in whole units, so that every deadline falls on one: all scopes are made of these.

import type { PolicyOptions } from "../../packages/core/src/policy.ts";

/** One step of time, in ms. */
export const UNIT = 100;

/** S and D in units; the rest, besides a back-off, is a unit each. */
export function policyOf(
  suspectAfter: number,
  deadAfter: number,
  backoff: readonly [min: number, max: number],
  unitMs: number = UNIT,
): PolicyOptions {
  const [min, max] = backoff;
  return {
    intervalMs: unitMs,
    suspectAfterMs: suspectAfter * unitMs,
    deadAfterMs: deadAfter * unitMs,
    minSuspicionMs: unitMs,
    probeIntervalMs: unitMs,
    jitter: 0,
    backoffMinMs: min * unitMs,
    backoffMaxMs: max * unitMs,
  };
}
