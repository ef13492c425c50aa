// What can be promised about false alarms without knowing how delays are distributed: only their mean
// and variance, by Cantelli's inequality.

import type { Network } from "./network.ts";
import { meanGapMs } from "./silences.ts";

/** A delay no beat is likely to beat by much, relative to the mean (so at most 0), and its weight. */
interface Anchor {
  readonly earlyMs: number;
  readonly weight: number;
}

const CLASSES = 24;

/**
 * A lower bound of the mean time between false alarms (ms) of the detector `fixed`, whatever the
 * distribution of delays, as a function of the largest gap η between two beats.
 *
 * A false alarm begins S after a beat arrived if none that followed it has arrived by then. Had the
 * beat taken its mean delay, the j-th after it would have x = S − jη more than the mean for its own
 * way, and Cantelli says Pr(later) ≤ V/(V + x²): the factors of Chen's configurator. But `fixed`
 * counts from the arrival, and a beat that was early leaves less: by the same inequality less than a
 * share of V/(V + y²) is early by y or more, and no delay is negative. We sum over classes of earliness,
 * each taken at its worst. Jitter only shortens gaps, which helps each factor, but makes beats, and
 * so occasions, more frequent.
 */
export function falseAlarmBound(
  suspectAfterMs: number,
  jitter: number,
  network: Network,
): (gapMs: number) => number {
  const { loss, delayVarianceMs2 } = network;
  const anchors = anchorsOf(network);
  const missed = (spareMs: number, gapMs: number) => {
    let all = 1;
    for (let x = spareMs - gapMs; x > 0 && all > 0; x -= gapMs) {
      all *= (delayVarianceMs2 + loss * x * x) / (delayVarianceMs2 + x * x);
    }
    return all;
  };
  return (gapMs) => {
    const alarm = anchors.reduce(
      (sum, { earlyMs, weight }) => sum + weight * missed(suspectAfterMs + earlyMs, gapMs),
      0,
    );
    return meanGapMs(gapMs, jitter) / ((1 - loss) * alarm);
  };
}

/** Classes of the share that is earlier: the earliest is one in 10¹¹ and counts as taking no time. */
function anchorsOf({ delayMs, delayVarianceMs2 }: Network): readonly Anchor[] {
  if (delayVarianceMs2 === 0) return [{ earlyMs: 0, weight: 1 }];
  const share = (n: number) => (n / CLASSES) ** 8;
  return Array.from({ length: CLASSES }, (_, n) => ({
    // At most this share is earlier; inverted from share = V/(V + y²).
    earlyMs: -Math.min(delayMs, Math.sqrt((delayVarianceMs2 * (1 - share(n))) / share(n))),
    weight: share(n + 1) - share(n),
  }));
}
