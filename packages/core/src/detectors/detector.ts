// What a detector is: something that says at which silence suspicion begins. It never declares anybody
// dead, and it never sees a clock.

import type { Arrivals } from "./arrivals.ts";

/** The numbers of a policy that a detector may look at. */
export interface Thresholds {
  readonly intervalMs: number;
  /** The largest gap expected of the other side. */
  readonly peerGapMs: number;
  readonly suspectAfterMs: number;
  readonly deadAfterMs: number;
  readonly minSuspicionMs: number;
}

/**
 * A detector in its simplest form: from the arrivals of a peer to the silence in ms at which suspicion
 * begins. Pure: same input, same output. `arrivals` is a view on what is known now, not to be kept. NaN, and all
 * beyond `deadAfterMs − minSuspicionMs`, is that; what it throws delays its own verdict only.
 */
export type DetectorFunction = (arrivals: Arrivals, policy: Thresholds) => number;

/** A beat as a detector learns from it: numbered, fresh, and a sign of life. Reused: not to be kept. */
export interface Beat {
  /** When it was read, in ms of our raw clock. */
  readonly at: number;
  /** When it left, in ms by the sender's clock; undefined where it does not say. */
  readonly sentAtMs: number | undefined;
  /** The largest gap to the next one, in the sender's own words. */
  readonly gapMs: number;
  /** How many numbers are missing before it. */
  readonly skipped: number;
  /** For how long the sender stood still before it, by its own account, in ms. */
  readonly declaredMs: number;
  /** For how long we stood still, or were paused, since the beat before, in ms. */
  readonly stalledMs: number;
  /** Whether it may have had to wait for us: then its lateness is ours, and no sample. */
  readonly spoilt: boolean;
}

/**
 * A detector that learns from every beat, in a few numbers of its own for each peer.
 *
 * @example
 * ```ts
 * // Suspects after twice the longest gap seen.
 * const longestGap: LearningDetector = {
 *   name: "longestGap",
 *   size: 3,
 *   learn(memory, from, { at, stalledMs }) {
 *     const gapMs = memory[from + 1] ? at - memory[from + 2] - stalledMs : 0;
 *     memory[from + 1] += 1;
 *     memory[from + 2] = at;
 *     memory[from] = Math.max(memory[from], 2 * gapMs);
 *   },
 * };
 * ```
 */
export interface LearningDetector {
  /** For evidence and logs. */
  readonly name: string;
  /** How many numbers it keeps of each peer: finite ones, all 0 before the first beat of a session. */
  readonly size: number;
  /**
   * Takes in a beat. The numbers are `memory[from]` to `memory[from + size - 1]`. The first is its verdict:
   * the silence in ms, counted from this beat, at which suspicion begins; 0 as long as it has none, and
   * `suspectAfterMs` stands. Must not depend on anything but its arguments. What it throws is thrown at the end
   * of the turn; the beat was a sign of life all the same.
   */
  learn(memory: Float64Array, from: number, beat: Beat, policy: Thresholds): void;
}

/** What says when suspicion begins. It is capped at `deadAfterMs − minSuspicionMs`. */
export type Detector = DetectorFunction | LearningDetector;

/** How many numbers of each peer a detector keeps. */
export function sizeOf(detector: Detector | undefined): number {
  return typeof detector === "object" ? detector.size : 0;
}
