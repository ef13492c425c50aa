// How the arrivals of a peer are kept and updated: a row of numbers in an array, constant in size, which a
// monitor has for all its peers together. What detectors learned stands behind them in the same row.

import type { Arrivals, Timing } from "../detectors/arrivals.ts";
import { type Beat, type Detector, sizeOf, type Thresholds } from "../detectors/detector.ts";
import {
  isStale,
  observedAt,
  rttSample,
  type StallTotals,
  stallToleranceMs,
  type TimedSign,
} from "./rules.ts";

/** What a frame tells besides its number. */
export interface ArrivalSign extends TimedSign {
  /** When the frame left, in ms by the sender's clock. */
  readonly sentAtMs?: number | undefined;
  /** The largest gap the sender announces, in ms, above 0. Default: the policy's `peerGapMs`. */
  readonly gapMs?: number | undefined;
  /** For how long the sender stood still since its last frame, by its own account, in ms. Default 0. */
  readonly declaredMs?: number | undefined;
}

const RECEIVED = 0;
const LOST = 1;
const HIGHEST_SEQ = 2;
const RECENT = 3;
const BEHIND = 4;
const REORDERED = 5;
const STALE = 6;
const HAS_RTT = 7;
const RTT = 8;
const RTT_VARIATION = 9;
/** How many numbers a peer takes whose frames bear no timestamps. */
export const COUNTS = 10;

const SAMPLES = 10;
const OFFSET = 11;
const VARIANCE = 12;
const SLIPS = 13;
const SENT_AT = 14;
const DECLARED = 15;
/** Arrival minus timestamp of the newest frame that is a sample. */
const LATENESS = 16;
/** One more than what of our own stalls had been counted when the newest frame was learned from; 0: none was. */
export const LOST_MS = 17;
/** When this peer was read again after a pause of its own; 0: never. */
const RESUMED_AT = 18;
/** Where the memory of the detector begins. */
export const MEMORY = 19;

/** How far back an overtaken frame is recognised. */
const WINDOW = 32;
const ALL = 2 ** WINDOW - 1;
/** As many frames as the lateness remembers, in one number. */
const GAIN = 1 / 256;

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

/** Whether a number is ahead of all others. */
export function isAhead({ cells, at }: Tally, seq: number): boolean {
  return seq > (cells[at + HIGHEST_SEQ] as number);
}

/** Whether a frame is a sign of life: ahead of all others, and an echo of something new if it is one. */
export function isLife(
  tally: Tally,
  at: number,
  stalls: StallTotals,
  seq: number,
  sign: ArrivalSign,
  policy: Judges,
): boolean {
  return isAhead(tally, seq) && !isStale(sign, observedAt(at, stalls), policy);
}

/**
 * Takes in a frame. False where it is no sign of life: behind others, or an echo of nothing but old nonces.
 */
export function arrive(
  tally: Tally,
  at: number,
  stalls: StallTotals,
  seq: number | undefined,
  sign: ArrivalSign,
  policy: Judges,
): boolean {
  const skipped = seq === undefined ? 0 : count(tally, seq);
  if (skipped < 0) return false;
  const observed = observedAt(at, stalls);
  const { cells, at: row } = tally;
  const rttMs = rttSample(sign, observed);
  if (rttMs !== undefined) smoothRtt(tally, rttMs);
  const stale = isStale(sign, observed, policy);
  if (stale) cells[row + STALE] = (cells[row + STALE] as number) + 1;
  else if (cells[row + STALE]) cells[row + STALE] = 0;
  if (stale || seq === undefined) return !stale;
  const isTimed = sign.sentAtMs !== undefined;
  if (widthFor(policy, isTimed) > COUNTS) learn(tally, skipped, at, stalls, sign, policy);
  return true;
}

/** Counts a frame by its number: how many numbers it skipped, or −1 where it is behind. */
export function count({ cells, at }: Tally, seq: number): number {
  const highestSeq = cells[at + HIGHEST_SEQ] as number;
  const received = cells[at + RECEIVED] as number;
  const recent = cells[at + RECENT] as number;
  if (seq <= highestSeq) {
    countBehind(cells, at, highestSeq - seq, recent);
    return -1;
  }
  cells[at + RECEIVED] = received + 1;
  cells[at + HIGHEST_SEQ] = seq;
  // Nearly always one comes after the other, and none is missing.
  if (seq === highestSeq + 1 && recent === ALL) return 0;
  // The first number only says where counting starts.
  const skipped = received === 0 ? 0 : seq - highestSeq - 1;
  if (received === 0) cells[at + RECENT] = ALL;
  else cells[at + RECENT] = skipped + 1 < WINDOW ? ((recent << (skipped + 1)) | 1) >>> 0 : 1;
  cells[at + LOST] = (cells[at + LOST] as number) + skipped;
  return skipped;
}

function countBehind(cells: Float64Array, at: number, by: number, recent: number): void {
  cells[at + BEHIND] = (cells[at + BEHIND] as number) + 1;
  if (by >= WINDOW || (recent >>> by) & 1) return;
  cells[at + RECENT] = (recent | (1 << by)) >>> 0;
  cells[at + REORDERED] = (cells[at + REORDERED] as number) + 1;
  cells[at + LOST] = (cells[at + LOST] as number) - 1;
}

/** RFC 6298 §2: the first sample is taken whole, and half of it for the variation. */
function smoothRtt({ cells, at }: Tally, sampleMs: number): void {
  const before = cells[at + RTT] as number;
  const variation = cells[at + RTT_VARIATION] as number;
  const isFirst = cells[at + HAS_RTT] === 0;
  const wrongBy = Math.abs(before - sampleMs);
  cells[at + RTT_VARIATION] = isFirst ? sampleMs / 2 : variation + (wrongBy - variation) / 4;
  cells[at + RTT] = isFirst ? sampleMs : before + (sampleMs - before) / 8;
  cells[at + HAS_RTT] = 1;
}

/** What the detectors are told: the same object for every beat, not one each. */
const beat: { -readonly [Name in keyof Beat]: Beat[Name] } = {
  at: 0,
  sentAtMs: undefined,
  gapMs: 0,
  skipped: 0,
  declaredMs: 0,
  stalledMs: 0,
  spoilt: false,
};

/** What a fresh frame says about time, and what the detectors make of it. */
function learn(
  tally: Tally,
  skipped: number,
  at: number,
  stalls: StallTotals,
  { sentAtMs, gapMs, declaredMs = 0 }: ArrivalSign,
  policy: Judges,
): void {
  const { cells, at: row } = tally;
  // Others may have come before it, from which nobody learned.
  const lostMs = cells[row + LOST_MS] as number;
  const isFirst = lostMs === 0;
  beat.at = at;
  beat.sentAtMs = sentAtMs;
  beat.gapMs = gapMs ?? policy.peerGapMs;
  beat.skipped = skipped;
  beat.declaredMs = declaredMs;
  beat.stalledMs = isFirst ? 0 : stalls.lostMs + 1 - lostMs;
  // What lay unread while we stood still is read soon after: its lateness is ours.
  const { steadyFromAt = Number.NEGATIVE_INFINITY } = stalls;
  const resumedAt = (cells[row + RESUMED_AT] as number) || Number.NEGATIVE_INFINITY;
  beat.spoilt = at - Math.max(steadyFromAt, resumedAt) <= stallToleranceMs(policy.suspectAfterMs);
  cells[row + LOST_MS] = stalls.lostMs + 1;
  if (declaredMs > 0) cells[row + DECLARED] = declaredMs;
  if (sentAtMs !== undefined) time(cells, row, sentAtMs, isFirst);
  const { detector, shadow } = policy;
  teach(detector, tally, row + MEMORY, policy);
  if (shadow) teach(shadow, tally, row + shadowFrom(policy), policy);
}

function teach(detector: Detector, tally: Tally, from: number, policy: Judges): void {
  if (typeof detector === "function") return;
  try {
    detector.learn(tally.cells, from, beat, policy);
  } catch (error) {
    tally.failures.push(error);
  }
}

/**
 * Mean and variance of the lateness, exponentially weighted, with gains of 1/n at first. The variance comes
 * from successive differences (von Neumann, 1941), because two clocks drift apart.
 */
function time(cells: Float64Array, row: number, sentAtMs: number, isFirst: boolean): void {
  const gapMs = sentAtMs - (cells[row + SENT_AT] as number);
  // Announced gaps are whole ms, rounded up; what is within one of them left in time.
  if (!isFirst && gapMs > beat.gapMs + 1) cells[row + SLIPS] = (cells[row + SLIPS] as number) + 1;
  cells[row + SENT_AT] = sentAtMs;
  if (beat.spoilt) return;
  const samples = cells[row + SAMPLES] as number;
  const offset = cells[row + OFFSET] as number;
  const variance = cells[row + VARIANCE] as number;
  const lateness = beat.at - sentAtMs;
  const change = lateness - (cells[row + LATENESS] as number);
  cells[row + SAMPLES] = samples + 1;
  cells[row + LATENESS] = lateness;
  cells[row + OFFSET] = offset + Math.max(GAIN, 1 / (samples + 1)) * (lateness - offset);
  if (samples === 0) return;
  const gain = Math.max(GAIN, 1 / samples);
  cells[row + VARIANCE] = variance + gain * ((change * change) / 2 - variance);
}
