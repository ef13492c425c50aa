// From what somebody needs to the policy that gives it with the fewest beats.

import type { PolicyOptions } from "../policy.ts";
import { falseAlarmBound } from "./guarantee.ts";
import { check, checkNetwork, MAX_DURATION_MS, type Network } from "./network.ts";

/** What is asked of a failure detector. */
export interface Target {
  /**
   * From a crash to suspicion at most this, in ms, when the last beat took no longer than a beat takes
   * on average; a slower one adds what it was slower by. Above 0, below 2³⁰.
   */
  readonly detectWithinMs: number;
  /** At least this between two false alarms on average, in ms. Above 0, at most 2⁵³−1. */
  readonly falseAlarmEveryMs: number;
  /** At most this from a false suspicion to its end on average, in ms. Default: any. */
  readonly mistakeMs?: number | undefined;
}

/** A policy that keeps the target, or why there is none and what comes nearest. */
export type Plan =
  | { readonly ok: true; readonly policy: PolicyOptions }
  | {
      readonly ok: false;
      /** One sentence for people: what this network allows, and what can be changed. */
      readonly reason: string;
      /**
       * The policy with the rarest false alarms within `detectWithinMs`, or, where `mistakeMs` is out of
       * reach, with the shortest. Absent where no beat can be expected to arrive in time at all.
       */
      readonly best?: PolicyOptions;
    };

const JITTER = 0.25;
/** Beats closer together are lost together: independence ends, and with it every promise. */
const LEAST_GAP_MS = 20;
/** More beats within one deadline help nobody. */
const MOST_BEATS = 256;
/** Each step of the scan, as a share. */
const STEP = 0.998;

/**
 * The policy (for the detector `fixed`) that keeps a target on a network with the fewest beats, or
 * what the network allows instead. Both sides are taken to use it; it asks the other side for the
 * beats it needs.
 *
 * The promise holds for **every** distribution of delays with the given mean and variance, as long
 * as losses and delays are independent from beat to beat; so it is cautious, and `predict`, which
 * assumes a distribution, shows fewer false alarms. A death follows suspicion after as long again.
 *
 * Source: the configurator of Chen, Toueg, Aguilera, "On the quality of service of failure detectors"
 * (IEEE Transactions on Computers, 2002), where the distribution is unknown: the largest η below T with
 * η·∏ (V+(T−jη)²)/(V+p(T−jη)²) ≥ falseAlarmEveryMs, j = 1, 2, … while jη < T, T = detectWithinMs − E(D).
 * Changed where `fixed` differs from their NFD-S: deadlines count from arrivals, so early beats are
 * allowed for; beats have jitter; and a mistake ends with the next beat that arrives, on average
 * within η/(1−p) + E(D).
 *
 * @param target durations in ms, see {@link Target}.
 * @throws RangeError `ERR_SYSTOLE_OPTION` with the offending value and a way out.
 * @example
 * ```ts
 * const network = { loss: 0.01, delayMs: 40, delayVarianceMs2: 400 };
 * const plan = policyFor({ detectWithinMs: 10_000, falseAlarmEveryMs: 7 * 86_400_000 }, network);
 * if (plan.ok) monitor.add("worker-7", { policy: plan.policy });
 * ```
 */
export function policyFor(target: Target, network: Network): Plan {
  checkTarget(target);
  checkNetwork(network);
  const { detectWithinMs, falseAlarmEveryMs, mistakeMs = Number.POSITIVE_INFINITY } = target;
  const suspectAfterMs = detectWithinMs - network.delayMs;
  const leastMs = Math.max(LEAST_GAP_MS, suspectAfterMs / MOST_BEATS);
  // An interval as long as the silence would be no policy.
  const mostMs = suspectAfterMs * STEP;
  if (!(mostMs > leastMs)) return { ok: false, reason: tooSoon(target, network) };

  const bound = falseAlarmBound(suspectAfterMs, JITTER, network);
  const shortMs = (mistakeMs - network.delayMs) * (1 - network.loss);
  if (shortMs < leastMs) {
    const reason = tooLong(mistakeMs, leastMs / (1 - network.loss) + network.delayMs);
    return { ok: false, reason, best: policyOf(leastMs, suspectAfterMs) };
  }
  const found = largestGapMs(bound, falseAlarmEveryMs, leastMs, Math.min(mostMs, shortMs));
  const policy = policyOf(found.gapMs, suspectAfterMs);
  if (found.everyMs >= falseAlarmEveryMs) return { ok: true, policy };
  return { ok: false, reason: tooOften(target, network, found.everyMs), best: policy };
}

/**
 * The largest gap within limits whose bound reaches `wantedMs`, otherwise the one with the best bound.
 *
 * The bound is not monotone: it falls with the gap until one more beat fits before the deadline. But
 * its product never grows when the gap shrinks, so over one step down it loses at most that step:
 * whatever the scan passes over keeps the target by less than 1/STEP.
 */
function largestGapMs(
  bound: (gapMs: number) => number,
  wantedMs: number,
  leastMs: number,
  mostMs: number,
): { gapMs: number; everyMs: number } {
  let best = { gapMs: mostMs, everyMs: bound(mostMs) };
  let above = mostMs;
  for (let gapMs = mostMs; best.everyMs < wantedMs && gapMs > leastMs; ) {
    above = gapMs;
    gapMs = Math.max(leastMs, gapMs * STEP);
    const everyMs = bound(gapMs);
    if (everyMs > best.everyMs) best = { gapMs, everyMs };
  }
  if (best.everyMs < wantedMs) return best;
  // Between a gap that keeps the target and a larger one that does not.
  for (let halvings = 0; halvings < 40; halvings++) {
    const gapMs = (best.gapMs + above) / 2;
    const everyMs = bound(gapMs);
    if (everyMs >= wantedMs) best = { gapMs, everyMs };
    else above = gapMs;
  }
  // Whole milliseconds read better, where they are as good.
  const gapMs = Math.floor(best.gapMs);
  return gapMs >= leastMs && bound(gapMs) >= wantedMs ? { gapMs, everyMs: bound(gapMs) } : best;
}

function policyOf(gapMs: number, suspectAfterMs: number): PolicyOptions {
  const deadAfterMs = 2 * suspectAfterMs;
  return { intervalMs: gapMs, wishMs: gapMs, suspectAfterMs, deadAfterMs, jitter: JITTER };
}

function tooSoon({ detectWithinMs }: Target, { delayMs }: Network): string {
  const neededMs = delayMs + LEAST_GAP_MS / STEP;
  return `detectWithinMs ${detectWithinMs} leaves no time for a beat that travels ${delayMs} ms: allow more than ${Math.ceil(neededMs)} ms, several times that for few false alarms.`;
}

function tooLong(mistakeMs: number, shortestMs: number): string {
  return `A false suspicion cannot be promised to end within ${mistakeMs} ms on average on this network: allow a mistakeMs of at least ${Math.ceil(shortestMs)}.`;
}

function tooOften(target: Target, { loss, delayMs, delayVarianceMs2 }: Network, everyMs: number) {
  const { detectWithinMs, falseAlarmEveryMs } = target;
  const deviationMs = Math.round(Math.sqrt(delayVarianceMs2));
  return `With a loss of ${loss} and delays of ${delayMs} ± ${deviationMs} ms, detection within ${detectWithinMs} ms cannot promise more than ${Math.floor(everyMs)} ms between false alarms on average, asked for ${falseAlarmEveryMs}: raise detectWithinMs, or accept more false alarms.`;
}

function checkTarget(target: Target): void {
  const { detectWithinMs, falseAlarmEveryMs, mistakeMs } = target ?? {};
  const most = Math.floor(MAX_DURATION_MS / 2);
  check(
    detectWithinMs > 0 && detectWithinMs <= most,
    "detectWithinMs",
    `a number of ms above 0 and at most ${most}`,
    detectWithinMs,
    "10_000 is what the preset `standard` takes for a verdict.",
  );
  check(
    falseAlarmEveryMs > 0 && falseAlarmEveryMs <= Number.MAX_SAFE_INTEGER,
    "falseAlarmEveryMs",
    `a number of ms above 0 and at most ${Number.MAX_SAFE_INTEGER}`,
    falseAlarmEveryMs,
    "7 * 86_400_000 is one false alarm a week.",
  );
  if (mistakeMs === undefined) return;
  check(
    mistakeMs > 0 && mistakeMs <= MAX_DURATION_MS,
    "mistakeMs",
    `a number of ms above 0 and at most ${MAX_DURATION_MS}`,
    mistakeMs,
    "Leave it out if it does not matter.",
  );
}
