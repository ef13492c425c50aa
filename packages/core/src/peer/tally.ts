// How the arrivals of a peer are kept: a row of numbers in an array, constant in size, which a monitor has for
// all its peers together. What detectors learned stands behind them in the same row. What a frame changes of
// it is in arriving.ts.

import type { Arrivals, Timing } from "../detectors/arrivals.ts";
import { type Detector, sizeOf, type Thresholds } from "../detectors/detector.ts";

export const RECEIVED = 0;
export const LOST = 1;
export const HIGHEST_SEQ = 2;
export const RECENT = 3;
export const BEHIND = 4;
export const REORDERED = 5;
export const STALE = 6;
export const HAS_RTT = 7;
export const RTT = 8;
export const RTT_VARIATION = 9;
/** How many numbers a peer takes whose frames bear no timestamps. */
export const COUNTS = 10;

export const SAMPLES = 10;
export const OFFSET = 11;
export const VARIANCE = 12;
export const SLIPS = 13;
export const SENT_AT = 14;
export const DECLARED = 15;
/** Arrival minus timestamp of the newest frame that is a sample. */
export const LATENESS = 16;
/** One more than what of our own stalls had been counted when the newest frame was learned from; 0: none was. */
export const LOST_MS = 17;
/** When this peer was read again after a pause of its own; 0: never. */
export const RESUMED_AT = 18;
/** Where the memory of the detector begins. */
export const MEMORY = 19;

/** The arrivals of one peer in hand: a row of numbers in `cells`, from `at` on. All zeros: nothing yet. */
export class Tally implements Arrivals {
  cells: Float64Array;
  at = 0;
  /** How many of them are of this row. */
  width: number;
  /** What detectors threw when they were to learn: no reason not to count a frame. Whoever took it in tells. */
  readonly failures: unknown[] = [];

  constructor(width: number = COUNTS) {
    this.cells = new Float64Array(width);
    this.width = width;
  }

  get received(): number {
    return this.#cell(RECEIVED);
  }
  get lost(): number {
    return this.#cell(LOST);
  }
  get behind(): number {
    return this.#cell(BEHIND);
  }
  get reordered(): number {
    return this.#cell(REORDERED);
  }
  get stale(): number {
    return this.#cell(STALE);
  }
  get highestSeq(): number {
    return this.#cell(HIGHEST_SEQ);
  }
  get recent(): number {
    return this.#cell(RECENT);
  }
  get rttMs(): number | undefined {
    return this.#cell(HAS_RTT) > 0 ? this.#cell(RTT) : undefined;
  }
  get rttVariationMs(): number | undefined {
    return this.#cell(HAS_RTT) > 0 ? this.#cell(RTT_VARIATION) : undefined;
  }
  /** The last stall the sender declared, in ms. */
  get declaredMs(): number {
    return this.#cell(DECLARED);
  }
  get timing(): Timing | undefined {
    if (this.#cell(SAMPLES) === 0) return undefined;
    return Object.freeze({
      samples: this.#cell(SAMPLES),
      offsetMs: this.#cell(OFFSET),
      varianceMs2: this.#cell(VARIANCE),
      slips: this.#cell(SLIPS),
      sentAtMs: this.#cell(SENT_AT),
      declaredMs: this.declaredMs,
    });
  }

  /** The silence in ms at which a detector suspects, whose memory begins at `from`. */
  suspectsAfterMs(detector: Detector, from: number, policy: Thresholds): number {
    if (typeof detector === "function") return detector(this, policy);
    return this.#cell(from) || policy.suspectAfterMs;
  }

  /** All that stands behind the counts: what `timing` and the detectors rest on. */
  get learned(): readonly number[] | undefined {
    let end = this.width;
    while (end > COUNTS && this.#cell(end - 1) === 0) end -= 1;
    if (end <= COUNTS) return undefined;
    return Object.freeze(Array.from(this.cells.subarray(this.at + COUNTS, this.at + end)));
  }

  /** Everything is as before the first frame, or only what the detectors learned. */
  clear(from = 0): void {
    this.cells.fill(0, this.at + Math.min(from, this.width), this.at + this.width);
  }

  /** What lay unread in a pause of this peer alone is as spoilt as by a stall of ours. */
  resumed(at: number, pausedMs: number): void {
    if (this.#cell(LOST_MS) === 0) return;
    this.cells[this.at + RESUMED_AT] = at;
    this.cells[this.at + LOST_MS] = (this.cells[this.at + LOST_MS] as number) - pausedMs;
  }

  #cell(index: number): number {
    return index < this.width ? (this.cells[this.at + index] as number) : 0;
  }
}

/** What is in a row as data. */
export function asData(tally: Tally): Arrivals {
  const { received, lost, behind, reordered, stale, highestSeq, recent } = tally;
  const { rttMs, rttVariationMs, timing } = tally;
  return Object.freeze({
    ...{ received, lost, behind, reordered, stale, highestSeq, recent },
    ...(rttMs !== undefined && { rttMs, rttVariationMs }),
    ...(timing && { timing }),
  });
}

/** Data in a row of at least so many numbers. */
export function asTally(
  arrivals: Arrivals,
  learned: readonly number[] = [],
  width: number = COUNTS,
): Tally {
  const least = learned.length > 0 ? Math.max(MEMORY, COUNTS + learned.length) : COUNTS;
  const tally = new Tally(Math.max(width, least));
  const { received, lost, behind, reordered, stale, highestSeq, recent } = arrivals;
  const { rttMs = 0, rttVariationMs = 0 } = arrivals;
  const hasRtt = Number(arrivals.rttMs !== undefined);
  const counts = [received, lost, highestSeq, recent, behind, reordered, stale];
  tally.cells.set([...counts, hasRtt, rttMs, rttVariationMs, ...learned]);
  return tally;
}

/** What of a policy says who judges. */
export interface Judges extends Thresholds {
  readonly proof: string;
  readonly detector: Detector;
  readonly shadow?: Detector;
}

/** Where the memory of the shadow begins. */
export function shadowFrom({ detector }: Judges): number {
  return MEMORY + sizeOf(detector);
}

/** How many numbers a peer takes: with detectors that learn, or frames that bear timestamps, the more. */
export function widthFor({ detector, shadow }: Judges, isTimed: boolean): number {
  const learned = sizeOf(detector) + sizeOf(shadow);
  return isTimed || learned > 0 ? MEMORY + learned : COUNTS;
}
