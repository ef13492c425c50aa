// How good a policy is on a network: how soon it notices a crash, and how often it is wrong.

import { definePolicy } from "../define-policy.ts";
import { fixed } from "../detectors/fixed.ts";
import { SystoleRangeError } from "../errors.ts";
import type { Policy, PolicyOptions } from "../policy.ts";
import { lognormalDelays } from "./delays.ts";
import { checkNetwork, type Network } from "./network.ts";
import { meanGapMs, silencesOf } from "./silences.ts";

/** The quality of a failure detector, in the words of Chen, Toueg and Aguilera. All numbers finite. */
export interface Prediction {
  /**
   * Mean T_D in ms: from a crash at a random instant to the suspicion that is never taken back; 0 for
   * a peer that was suspected already.
   */
  readonly detectionMs: number;
  /**
   * E(T_MR) in ms: mean time from the start of one false suspicion to the start of the next. At most
   * 2⁵³−1 (285,000 years): whatever is rarer, or cannot happen at all, is said to be that rare.
   */
  readonly falseAlarmEveryMs: number;
  /** P_A, from 0 to 1: the share of time in which a living peer is not suspected. */
  readonly accuracy: number;
  /** Beats one side sends in a second while there is nothing else to send. */
  readonly beatsPerSecond: number;
}

/**
 * What a policy with the detector `fixed` does on a network, for a peer that beats as the policy says.
 *
 * Assumed: gaps between beats are independent and uniform in [η(1−j), η], η = `peerGapMs` (by default
 * `intervalMs`), j = `jitter`; losses and delays are independent of each other and from beat to beat;
 * delays are **lognormal** with the given mean and variance; clocks and timers are exact, and nobody
 * stalls. Suspicion begins S = `suspectAfterMs` after the last beat that arrived in order, and ends
 * with the next (`proof: "any"`). Other traffic and the answers to probes make mistakes rarer and
 * shorter than predicted, bursts of loss make them more frequent.
 *
 * With D the delay of a beat, p the loss, and h(t) the probability that none of the beats that follow
 * one arrived within t of its departure:
 *
 * ```text
 * q(s) = (1−p) · E(h(s + D))      this beat arrived, and nothing newer within s after it
 * E(T_MR) = E(gap) / q(S)         1 − P_A = ∫ from S on of q / E(gap)
 * T_D = max(0, S + D − age)       age of the last beat that was not lost, at the crash
 * ```
 *
 * This is the analysis of NFD-S by Chen, Toueg, Aguilera, "On the quality of service of failure
 * detectors" (IEEE Transactions on Computers, 2002), with u(x) counted from the arrival of the beat
 * before instead of from its departure, since that is what `fixed` does, and with jitter. Computed on
 * a grid: exact to about one per cent.
 *
 * @param policy options or a defined policy, with the detector `fixed`.
 * @throws RangeError `ERR_SYSTOLE_OPTION` for a network that is none and for another detector;
 * `ERR_SYSTOLE_POLICY` for a policy that is none.
 * @example
 * ```ts
 * const { detectionMs, accuracy } = predict(strict, { loss: 0.01, delayMs: 40, delayVarianceMs2: 400 });
 * ```
 */
export function predict(policy: PolicyOptions | Policy, network: Network): Prediction {
  const { peerGapMs, jitter, suspectAfterMs, detector } = definePolicy(policy);
  checkNetwork(network);
  if (detector !== fixed) {
    throw new SystoleRangeError(
      "ERR_SYSTOLE_OPTION",
      "The detector must be fixed: of others nothing can be predicted (got another detector).\nLeave it out, or pass { ...policy, detector: fixed }.",
      detector,
    );
  }
  const { loss, delayMs, delayVarianceMs2 } = network;
  const { exceeds, leastMs, nodes } = lognormalDelays(network);
  const meanOf = (of: (t: number) => number) =>
    nodes.reduce((sum, node) => sum + node.weight * of(suspectAfterMs + node.delayMs), 0);

  const beats = { gapMs: peerGapMs, jitter, loss, deviationMs: Math.sqrt(delayVarianceMs2) };
  const gapMs = meanGapMs(peerGapMs, jitter);
  const arrivals = silencesOf({ ...beats, exceeds, leastMs }, suspectAfterMs + delayMs);
  const mistakesPerMs = ((1 - loss) * meanOf(arrivals.longer)) / gapMs;
  const mistaken = ((1 - loss) * meanOf(arrivals.excessMs)) / gapMs;

  // Departures of beats that are not lost: the same curve for a network that takes no time.
  const sent = { ...beats, exceeds: () => 0, leastMs: 0 };
  const departures = silencesOf(sent, suspectAfterMs + delayMs);
  const ageMs = ((1 - loss) * departures.excessMs2(0)) / gapMs;
  const tooOldMs = ((1 - loss) * meanOf(departures.excessMs2)) / gapMs;
  return {
    detectionMs: Math.max(0, suspectAfterMs + delayMs - ageMs + tooOldMs),
    falseAlarmEveryMs: Math.min(1 / mistakesPerMs, Number.MAX_SAFE_INTEGER),
    accuracy: Math.min(1, Math.max(0, 1 - mistaken)),
    beatsPerSecond: 1_000 / gapMs,
  };
}
