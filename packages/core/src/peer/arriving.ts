// A frame of a peer arrives: what its number, its echo and its timestamp change of what is known of the arrivals
// before it, and what the detectors learn from it.

import type { Beat, Detector } from "../detectors/detector.ts";
import {
  isStale,
  observedAt,
  rttSample,
  type StallTotals,
  stallToleranceMs,
  type TimedSign,
} from "./rules.ts";
import {
  BEHIND,
  COUNTS,
  DECLARED,
  HAS_RTT,
  HIGHEST_SEQ,
  type Judges,
  LATENESS,
  LOST,
  LOST_MS,
  MEMORY,
  OFFSET,
  RECEIVED,
  RECENT,
  REORDERED,
  RESUMED_AT,
  RTT,
  RTT_VARIATION,
  SAMPLES,
  SENT_AT,
  SLIPS,
  STALE,
  shadowFrom,
  type Tally,
  VARIANCE,
  widthFor,
} from "./tally.ts";

/** What a frame tells besides its number. */
export interface ArrivalSign extends TimedSign {
  /** When the frame left, in ms by the sender's clock. */
  readonly sentAtMs?: number | undefined;
  /** The largest gap the sender announces, in ms, above 0. Default: the policy's `peerGapMs`. */
  readonly gapMs?: number | undefined;
  /** For how long the sender stood still since its last frame, by its own account, in ms. Default 0. */
  readonly declaredMs?: number | undefined;
}

/** How far back an overtaken frame is recognised. */
const WINDOW = 32;
const ALL = 2 ** WINDOW - 1;
/** As many frames as the lateness remembers, in one number. */
const GAIN = 1 / 256;

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
  if (rttMs >= 0) smoothRtt(tally, rttMs);
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

/**
 * What the detectors are told: the same object for every beat, not one each. Where its numbers begin as fractions,
 * engines do not box those that follow.
 */
const beat: { -readonly [Name in keyof Beat]: Beat[Name] } = {
  at: 0.5,
  sentAtMs: 0.5,
  gapMs: 0.5,
  skipped: 0,
  declaredMs: 0.5,
  stalledMs: 0.5,
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
