// Our own detector: expects each beat by its sender's clock, follows whichever of two predictors is right,
// and covers whole lost beats or none. bench/quality/README.md says what each piece is worth.

import { SystoleRangeError } from "../errors.ts";
import type { Beat, LearningDetector } from "./detector.ts";

/** Options of {@link adaptive}. */
export interface AdaptiveOptions {
  /**
   * How much later than expected a beat may come, in announced gaps: above 0, at most 1000. Default 1.5:
   * one lost beat in a row is no reason to suspect anybody.
   */
  readonly margin?: number | undefined;
}

/** Beats' worth of margin that can be saved. */
const RESERVE_GAPS = 100;

/**
 * Expects the next beat at the timestamp of the last, plus the gap that its sender announced, plus the usual
 * lateness; suspects a `margin` after that. It never waits longer than a policy allows, and needs the
 * sender's timestamps (endpoints have them; give `sentAtMs` to `monitor.heardBeat`): without them it is a
 * timeout of gap and margin. Seventeen numbers a peer.
 *
 * - The lateness is predicted by the last one and by a slow mean, each with its usual error: the better one
 *   is followed. So it is Chen's detector where delays are stationary, and a plain timeout where they wander.
 * - A lost beat makes mistakes flat between k and k + 1 gaps, so a margin in between is saved for times of
 *   trouble, where it covers one more; a score kept per peer says whether that pays.
 * - Stalls that the sender declares come in rows: the second of them covers the next.
 *
 * Source: expected arrivals after Chen, Toueg, Aguilera, "On the quality of service of failure detectors"
 * (IEEE Transactions on Computers, 2002), told the schedule; the rest is ours, compared in docs/detection.md.
 *
 * @throws RangeError `ERR_SYSTOLE_OPTION` for a margin out of its range.
 * @example
 * ```ts
 * const node = createNode({ id: "gateway", policy: { ...relaxed, detector: adaptive() } });
 * ```
 */
export function adaptive({ margin = 1.5 }: AdaptiveOptions = {}): LearningDetector {
  if (!(margin > 0 && margin <= 1_000)) {
    const message = `adaptive needs a margin above 0 and at most 1000 gaps (got ${margin}).\nLeave it out for 1.5.`;
    throw new SystoleRangeError("ERR_SYSTOLE_OPTION", message, margin);
  }
  // One for all peers: it is filled from the memory of a peer, and put back.
  const estimate = new Estimate(margin);
  return {
    name: "adaptive",
    size: Estimate.SIZE,
    learn(memory, from, beat) {
      estimate.load(memory, from);
      estimate.hear(beat);
      estimate.store(memory, from);
    },
  };
}

/** What is kept of one peer, in hand. */
class Estimate {
  static readonly SIZE = 17;
  readonly #margin: number;
  /** The silence at which suspicion begins. */
  #verdictMs = 0;
  /** Beats learned from, as far as it matters; 0 before the first. */
  #heard = 0;
  /** The lateness of the last beat and its mean, by two clocks that have no common zero. */
  #last = 0;
  #mean = 0;
  /** How wrong either is about the next one, on average, and the usual size of the smaller error. */
  #lastError = 0;
  #meanError = 0;
  #usualError = 0;
  /** Margin saved, whether it is being spent, and by how many mistakes that is ahead. */
  #reserveMs = 0;
  #spending = 0;
  #score = 0;
  /** The sender's last stall (0: none yet), how many beats ago it was, and what is covered because of it. */
  #stallMs = 0;
  #sinceStall = 0;
  #coveredMs = 0;
  /** When this beat was due, and with which margins it would have been late. */
  #dueAt = 0;
  #plainMs = 0;
  #savingMs = 0;
  /** The first gap that was announced. */
  #firstGapMs = 0;

  constructor(margin: number) {
    this.#margin = margin;
  }

  hear(beat: Beat): void {
    const { at, gapMs, spoilt, stalledMs } = beat;
    const sentAt = beat.sentAtMs ?? at;
    const lateness = at - sentAt;
    let trouble = false;
    if (this.#heard === 0) this.#begin(lateness, gapMs);
    else if (!spoilt) {
      trouble = stalledMs === 0 && this.#settle(beat);
      this.#learn(lateness, gapMs);
    }
    this.#noteStall(beat.declaredMs);
    const slowdown = Math.max(1, gapMs / this.#firstGapMs);
    // Between milliseconds, which cover fast paces first, and gaps, which cover all alike.
    const marginMs = this.#margin * this.#firstGapMs * Math.sqrt(slowdown);
    this.#dueAt =
      sentAt + gapMs + this.#expected(lateness) + Math.min(this.#restlessMs(), marginMs);
    const used = this.#usedMargin(marginMs, gapMs, trouble);
    const verdictMs = this.#dueAt + used - at;
    // What had to wait for us says nothing about when the next one comes.
    this.#verdictMs = Math.max(spoilt ? gapMs + used : 1, verdictMs);
  }

  #begin(lateness: number, gapMs: number): void {
    this.#firstGapMs = gapMs;
    this.#lastError = this.#meanError = this.#usualError = gapMs / 50;
    this.#restart(lateness);
  }

  #restart(lateness: number): void {
    this.#last = this.#mean = lateness;
    this.#heard = Math.min(16, this.#heard + 1);
  }

  #learn(lateness: number, gapMs: number): void {
    // No beat comes before its time: one of the clocks was moved.
    if (lateness < Math.min(this.#last, this.#mean) - gapMs) this.#restart(lateness);
    this.#heard += 1;
    const gain = Math.max(1 / 32, 1 / this.#heard);
    this.#lastError += gain * (Math.abs(lateness - this.#last) - this.#lastError);
    this.#meanError += gain * (Math.abs(lateness - this.#mean) - this.#meanError);
    this.#last = lateness;
    this.#mean += Math.max(1 / 64, 1 / this.#heard) * (lateness - this.#mean);
    // A mean that is proven wrong begins anew.
    if (this.#heard > 8 && this.#meanError > 3 * this.#lastError) {
      this.#mean = lateness;
      this.#meanError = this.#lastError;
      this.#heard = 16;
    }
    const usual = this.#usualError;
    const error = Math.min(this.#error, 3 * usual) - usual;
    this.#usualError += Math.max(1 / 500, 1 / this.#heard) * error;
  }

  /** Of the better predictor. */
  get #error(): number {
    return Math.min(this.#lastError, this.#meanError);
  }

  /** Follows the leader, but never further than four errors from the beat that just came. */
  #expected(lateness: number): number {
    const leader = this.#lastError < this.#meanError ? this.#last : this.#mean;
    return clamp(leader, lateness - 4 * this.#error, lateness + 4 * this.#error);
  }

  /** For times of more jitter than usual; where delays wander, following the last beat is better. */
  #restlessMs(): number {
    const wanders = this.#meanError > 1.4 * this.#lastError;
    return wanders ? 0 : 8 * Math.max(0, this.#error - 1.3 * this.#usualError);
  }

  /** Whether saving would have spared us a mistake, or made one; and whether there is trouble at all. */
  #settle({ skipped, at }: Beat): boolean {
    const lateMs = at - this.#dueAt;
    const gained = Number(lateMs > this.#plainMs) - Number(lateMs > this.#savingMs);
    this.#score = clamp(this.#score + gained, -8, 8);
    return skipped > 0 || lateMs > 6 * this.#usualError;
  }

  /** A second stall within a few beats: a third is likely, and as long as the longest. */
  #noteStall(declaredMs: number): void {
    this.#sinceStall += 1;
    const isRow = this.#stallMs > 0 && this.#sinceStall <= 4;
    if (!isRow) this.#coveredMs = 0;
    if (declaredMs === 0) return;
    if (isRow) this.#coveredMs = Math.max(this.#coveredMs, this.#stallMs, declaredMs);
    this.#stallMs = declaredMs;
    this.#sinceStall = 0;
  }

  /**
   * Between what covers the next beat and what covers one more gap a margin buys little: there it is saved,
   * and spent on one more gap after trouble, while it lasts.
   */
  #usedMargin(marginMs: number, gapMs: number, trouble: boolean): number {
    const jitterMs = 6 * this.#usualError;
    this.#plainMs = this.#savingMs = marginMs;
    let isApart = false;
    if (marginMs > jitterMs) {
      const leastMs = jitterMs + Math.floor((marginMs - jitterMs) / gapMs) * gapMs;
      isApart = marginMs - leastMs < 0.6 * gapMs - jitterMs;
      const fullMs = RESERVE_GAPS * gapMs;
      if (trouble) this.#spending = 1;
      if (this.#reserveMs < leastMs + gapMs - marginMs) this.#spending = 0;
      if (this.#spending) this.#savingMs = leastMs + gapMs;
      else if (this.#reserveMs < fullMs) this.#savingMs = leastMs;
      this.#reserveMs = Math.min(fullMs, this.#reserveMs + marginMs - this.#savingMs);
    }
    const used = this.#score > (isApart ? -2 : 2) ? this.#savingMs : marginMs;
    if (this.#coveredMs === 0) return used;
    return Math.max(used, Math.min(this.#coveredMs, 4 * marginMs) + Math.min(used, gapMs));
  }

  // Written out: by name in a loop the engine would box every number, at every beat.

  load(memory: Float64Array, from: number): void {
    this.#heard = memory[from + 1] as number;
    this.#last = memory[from + 2] as number;
    this.#mean = memory[from + 3] as number;
    this.#lastError = memory[from + 4] as number;
    this.#meanError = memory[from + 5] as number;
    this.#usualError = memory[from + 6] as number;
    this.#reserveMs = memory[from + 7] as number;
    this.#spending = memory[from + 8] as number;
    this.#score = memory[from + 9] as number;
    this.#stallMs = memory[from + 10] as number;
    this.#sinceStall = memory[from + 11] as number;
    this.#coveredMs = memory[from + 12] as number;
    this.#dueAt = memory[from + 13] as number;
    this.#plainMs = memory[from + 14] as number;
    this.#savingMs = memory[from + 15] as number;
    this.#firstGapMs = memory[from + 16] as number;
  }

  store(memory: Float64Array, from: number): void {
    memory[from] = this.#verdictMs;
    memory[from + 1] = this.#heard;
    memory[from + 2] = this.#last;
    memory[from + 3] = this.#mean;
    memory[from + 4] = this.#lastError;
    memory[from + 5] = this.#meanError;
    memory[from + 6] = this.#usualError;
    memory[from + 7] = this.#reserveMs;
    memory[from + 8] = this.#spending;
    memory[from + 9] = this.#score;
    memory[from + 10] = this.#stallMs;
    memory[from + 11] = this.#sinceStall;
    memory[from + 12] = this.#coveredMs;
    memory[from + 13] = this.#dueAt;
    memory[from + 14] = this.#plainMs;
    memory[from + 15] = this.#savingMs;
    memory[from + 16] = this.#firstGapMs;
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
