// The accrual detector as Akka and Pekko have it: suspicion grows with how unlikely the silence is, for
// gaps that are normally distributed. Its threshold is inverted once, so a beat costs no logarithm.

import { SystoleRangeError } from "../errors.ts";
import type { Beat, LearningDetector } from "./detector.ts";

/** Options of {@link phi}. */
export interface PhiOptions {
  /** The φ at which suspicion begins, above 0 and at most 300: φ 8 is a chance of 10⁻⁸. Default 8. */
  readonly threshold?: number | undefined;
  /** What is added to the mean gap, in ms, at least 0. Default: three times the first announced gap. */
  readonly acceptablePauseMs?: number | undefined;
  /** The least standard deviation, in ms, above 0. Default: a tenth of the first announced gap. */
  readonly minDeviationMs?: number | undefined;
}

const VERDICT = 0;
/** How many gaps the mean rests on; 0 before the first beat. */
const GAPS = 1;
const MEAN = 2;
const VARIANCE = 3;
const LAST_AT = 4;
const WAS_SPOILT = 5;
const FIRST_GAP = 6;
const SIZE = 7;

/** Weighs as many gaps as a window of 1000, in one number. */
const GAIN = 2 / 1_001;

/**
 * φ accrual, with the numbers of Pekko's cluster at an interval of 1 s: threshold 8, a pause of 3 s, at
 * least 100 ms of standard deviation, two first gaps of ±¼ around the announced one. Silence is suspicious
 * from μ + pause + z(φ)·σ on. Seven numbers a peer; mean and variance are weighted exponentially, as heavily
 * as Pekko's window of 1000 gaps.
 *
 * Gaps that our own stall or a declared stall spoilt are not learned from, nor is the one after an outage.
 *
 * Source: Hayashibara et al., "The φ accrual failure detector" (SRDS 2004); Pekko's `PhiAccrualFailureDetector`
 * for the approximation of the normal distribution.
 *
 * @throws RangeError `ERR_SYSTOLE_OPTION` for an option out of its range.
 * @example
 * ```ts
 * const monitor = createMonitor({ host, policy: { ...standard, detector: phi({ threshold: 10 }) }, emit });
 * ```
 */
export function phi(options: PhiOptions = {}): LearningDetector {
  const { threshold = 8, acceptablePauseMs, minDeviationMs } = options;
  check("threshold", threshold, threshold > 0 && threshold <= 300, "above 0 and at most 300");
  const pause = acceptablePauseMs ?? 0;
  check("acceptablePauseMs", pause, pause >= 0 && pause < 2 ** 31, "from 0 to 2³¹−1 ms");
  const least = minDeviationMs ?? 1;
  check("minDeviationMs", least, least > 0 && least < 2 ** 31, "above 0 and below 2³¹ ms");
  const z = deviationsFor(threshold);
  return {
    name: "phi",
    size: SIZE,
    learn(memory, from, beat) {
      learnGap(memory, from, beat);
      const firstGapMs = memory[from + FIRST_GAP] as number;
      const pauseMs = acceptablePauseMs ?? 3 * firstGapMs;
      const deviationMs = Math.sqrt(memory[from + VARIANCE] as number);
      const leastMs = minDeviationMs ?? firstGapMs / 10;
      const mean = memory[from + MEAN] as number;
      memory[from + VERDICT] = mean + pauseMs + z * Math.max(leastMs, deviationMs);
    },
  };
}

/**
 * How many standard deviations above the mean φ reaches a threshold: the inverse, by bisection, of Pekko's
 * logistic approximation φ(y) = −log₁₀(e/(1+e)), e = exp(−y(1.5976 + 0.070566y²)).
 *
 * @param threshold φ, above 0.
 * @example
 * ```ts
 * deviationsFor(8); // 5.226…
 * ```
 */
export function deviationsFor(threshold: number): number {
  let low = -40;
  let high = 40;
  for (let step = 0; step < 100; step++) {
    const y = (low + high) / 2;
    if (phiAt(y) < threshold) low = y;
    else high = y;
  }
  return high;
}

function phiAt(y: number): number {
  const exponent = y * (1.5976 + 0.070566 * y * y);
  // −log₁₀(e/(1+e)) with e = exp(−x), written so that nothing overflows.
  const softplus =
    exponent > 0 ? exponent + Math.log1p(Math.exp(-exponent)) : Math.log1p(Math.exp(exponent));
  return softplus / Math.LN10;
}

function learnGap(memory: Float64Array, from: number, beat: Beat): void {
  const { at, gapMs, stalledMs, declaredMs, spoilt } = beat;
  const gaps = memory[from + GAPS] as number;
  if (gaps === 0) {
    memory[from + GAPS] = 2;
    memory[from + MEAN] = memory[from + FIRST_GAP] = gapMs;
    memory[from + VARIANCE] = (gapMs / 4) ** 2;
  } else {
    const seenMs = at - (memory[from + LAST_AT] as number);
    const isSpoilt = spoilt || memory[from + WAS_SPOILT] === 1 || stalledMs > 0 || declaredMs > 0;
    const isOutage = seenMs > (memory[from + VERDICT] as number);
    if (!isSpoilt && !isOutage) average(memory, from, gaps + 1, seenMs);
  }
  memory[from + LAST_AT] = at;
  memory[from + WAS_SPOILT] = Number(spoilt);
}

function average(memory: Float64Array, from: number, gaps: number, gapMs: number): void {
  const gain = Math.max(GAIN, 1 / gaps);
  const mean = memory[from + MEAN] as number;
  const variance = memory[from + VARIANCE] as number;
  const error = gapMs - mean;
  memory[from + GAPS] = gaps;
  memory[from + MEAN] = mean + gain * error;
  memory[from + VARIANCE] = variance + gain * ((1 - gain) * error * error - variance);
}

function check(name: string, value: number, isFit: boolean, range: string): void {
  if (isFit) return;
  const message = `phi needs ${name} ${range} (got ${value}).\nLeave it out for the default.`;
  throw new SystoleRangeError("ERR_SYSTOLE_OPTION", message, value);
}
