// The rules as pure functions on numbers. `transition` calls them on immutable states; a monitor
// that keeps its peers in columns calls the same ones, so that nothing is written twice.
//
// Three clocks. Raw is the host's. Observed (O) leaves out all time in which we were frozen.
// Credited (C) counts up to `graceMs` of each freeze, so that endless lateness slows a verdict but
// never prevents it. O = raw − lost, C = O + counted. An anchor is a pair (O, C) taken at an event.

/** The worst local health; 0 is the best. (Lifeguard, Dadgar et al., DSN 2018: the multiplier's cap.) */
export const MAX_HEALTH = 7;

/** What a monitor knows of its own stalls at an instant. All zero for one that was never frozen. */
export interface StallTotals {
  /** Σ of all stalls and pauses, in ms. */
  readonly lostMs: number;
  /** Σ min(stall, graceMs), in ms: the part of each stall that counts after all. */
  readonly countedMs: number;
  /** The most of one stall that counts, in ms. */
  readonly graceMs: number;
  /** Since when nothing was added to these totals; absent: for ever. */
  readonly steadyFromAt?: number | undefined;
}

/** Nobody stalled yet. */
export const NO_STALLS: StallTotals = Object.freeze({ lostMs: 0, countedMs: 0, graceMs: 0 });

/** Observed time of a raw instant. */
export function observedAt(at: number, { lostMs }: StallTotals): number {
  return at - lostMs;
}

/** Credited time of a raw instant. */
export function creditedAt(at: number, { lostMs, countedMs }: StallTotals): number {
  return at - lostMs + countedMs;
}

/** Time since an anchor that may be held against the other side: never more than really passed. */
export function elapsedMs(
  observed: number,
  credited: number,
  fromObserved: number,
  fromCredited: number,
  graceMs: number,
): number {
  return Math.max(0, observed - fromObserved, credited - fromCredited - graceMs);
}

/**
 * The raw instant at which `elapsedMs` since an anchor reaches `durationMs`, if no further stall
 * comes. A stall moves it later, never earlier, so a stored value is a lower bound.
 */
export function dueAt(
  fromObserved: number,
  fromCredited: number,
  durationMs: number,
  { lostMs, countedMs, graceMs }: StallTotals,
): number {
  // Whichever clock gets there first; raw = O + lost = C + lost − counted.
  return Math.min(fromObserved, fromCredited - countedMs + graceMs) + durationMs + lostMs;
}

/** When our own loop is late by less than this, it is not a stall. */
export function stallToleranceMs(suspectAfterMs: number): number {
  return Math.min(100, suspectAfterMs / 8);
}

/** The silence at which suspicion begins: the detector's word, but never so late that M is lost. */
export function suspicionMs(
  detectedMs: number,
  deadAfterMs: number,
  minSuspicionMs: number,
): number {
  const latestMs = deadAfterMs - minSuspicionMs;
  // A detector that answers NaN must not make a peer immortal.
  return Number.isNaN(detectedMs) ? latestMs : Math.min(detectedMs, latestMs);
}

/** How much a troubled observer waits longer: up to 2(D − S) at the worst health. */
export function stretchMs(health: number, suspectAfterMs: number, deadAfterMs: number): number {
  return (2 * (deadAfterMs - suspectAfterMs) * health) / MAX_HEALTH;
}

/** What a frame tells about time: nonces of ours that it echoes, and round trips. */
export interface TimedSign {
  /** When we sent the newest of our nonces that the frame echoes (raw clock). */
  readonly nonceAt?: number | undefined;
  /** The same in observed time; default `nonceAt`. */
  readonly nonceObservedAt?: number | undefined;
  /** A round-trip sample in ms, where somebody else measured it. */
  readonly rttMs?: number | undefined;
  /** How long the other side held that nonce before it echoed it, in ms: the round trip is measured. */
  readonly heldMs?: number | undefined;
}

/**
 * A frame that echoes only what we sent longer than D ago may have been held back by somebody, where
 * life needs proof. `observed` is the observed time now.
 */
export function isStale(
  sign: TimedSign,
  observed: number,
  policy: { readonly proof: string; readonly deadAfterMs: number },
): boolean {
  const { nonceAt = observed, nonceObservedAt = nonceAt } = sign;
  return policy.proof === "round-trip" && observed - nonceObservedAt > policy.deadAfterMs;
}

/**
 * How long the way there and back took, in observed time: an echo that lay unread while we were frozen was not slow.
 * NaN, or below 0 where part of it fell into a freeze: no sample. (A number in any case, because engines box one that
 * may also be something else.)
 */
export function rttSample(sign: TimedSign, observed: number): number {
  const { nonceAt, nonceObservedAt = nonceAt, heldMs, rttMs } = sign;
  if (rttMs !== undefined) return rttMs;
  if (nonceObservedAt === undefined || heldMs === undefined) return Number.NaN;
  return observed - nonceObservedAt - heldMs;
}

/** The next gap: never above the interval, so that the announced interval is the largest gap. */
export function gapMs(intervalMs: number, jitter: number, u: number): number {
  return intervalMs * (1 - jitter * u);
}

/** Over how long overdue and first beats spread, so that they never leave in one burst. */
export function paceWindowMs(intervalMs: number): number {
  return Math.min(intervalMs / 4, 250);
}

/**
 * When the beat after one sent at `sentAt` is due; `beats` numbers the draw of its jitter. Within what jitter
 * allows it is a multiple of a few ms, by our own clock: beats for many peers then leave together, in one
 * turn of the event loop, and those of many senders are as spread as before.
 */
export function beatAt(
  sentAt: number,
  policy: { readonly intervalMs: number; readonly jitter: number },
  seed: number,
  beats: number,
): number {
  const { intervalMs, jitter } = policy;
  const at = sentAt + gapMs(intervalMs, jitter, unit(seed, 2 * beats));
  const stepMs = Math.min(MAX_STEP_MS, (jitter * intervalMs) / 16);
  if (stepMs === 0) return at;
  const steppedAt = Math.round(at / stepMs) * stepMs;
  if (steppedAt > sentAt + intervalMs) return steppedAt - stepMs;
  return steppedAt < sentAt + gapMs(intervalMs, jitter, 1) ? steppedAt + stepMs : steppedAt;
}

/** The beats of so many ms leave together at most: a crowd must not leave in one burst. */
const MAX_STEP_MS = 16;

/** Whether a beat is so late that, after a stall of ours, everybody's would leave in one burst. */
export function isOverdue(at: number, beatDueAt: number, intervalMs: number): boolean {
  return at - beatDueAt > paceWindowMs(intervalMs);
}

/** When an overdue beat leaves instead: somewhere in the pace window. */
export function spreadAt(at: number, intervalMs: number, seed: number, beats: number): number {
  return at + paceWindowMs(intervalMs) * unit(seed, 2 * beats + 1);
}

/** The ceiling of the n-th back-off: doubling from `minMs` to `maxMs`. */
export function backoffCeilingMs(retries: number, minMs: number, maxMs: number): number {
  return Math.min(maxMs, minMs * 2 ** Math.min(retries, 31));
}

/** The n-th back-off with full jitter: uniform below the ceiling, never a busy loop. */
export function backoffMs(retries: number, minMs: number, maxMs: number, u: number): number {
  const ceiling = backoffCeilingMs(retries, minMs, maxMs);
  return Math.max(Math.min(100, ceiling), ceiling * u);
}

/** Mixes two 32-bit words into one (the finaliser of MurmurHash3). For spreading, not for secrets. */
export function mix(a: number, b: number): number {
  let h = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  h = Math.imul(h ^ b, 0x27d4eb2f);
  return (h ^ (h >>> 15)) >>> 0;
}

/** The n-th number in [0, 1) of a peer: a hash of a counter, so there is no generator to store. */
export function unit(seed: number, n: number): number {
  return mix(seed, n) / 2 ** 32;
}
