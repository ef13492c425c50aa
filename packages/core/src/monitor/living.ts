// Living peers as numbers. Nearly all peers are alive nearly all the time, and nearly everything that
// happens to them is "heard", "sent" or "beat due": those change a few numbers of one cache line here,
// by the same rules as `transition`. Everything else turns the numbers back into a state, asks
// `transition`, and stores what it says.

import type { Arrivals } from "../detectors/fixed.ts";
import type { Sign } from "../peer/events.ts";
import {
  beatAt,
  isOverdue,
  isStale,
  lostUpTo,
  rttSample,
  smoothRtt,
  spreadAt,
} from "../peer/rules.ts";
import { NO_ARRIVALS, type PeerState, type Role } from "../peer/state.ts";
import type { Policy } from "../policy.ts";

// A row is eight doubles: one cache line of 64 bytes. Infinity stands for "never".
const ROW = 8;
const HEARD_AT = 0;
const LIFE_OBSERVED_AT = 1;
const LIFE_CREDITED_AT = 2;
const BEAT_DUE_AT = 3;
const SENT_AT = 4;
const SINCE_AT = 5;
const ALIVE_AT = 6;
const PROOF_FROM_AT = 7;

const WORDS = 3;
const SESSION = 0;
const SEED = 1;
const BEATS = 2;

/** Arrivals are kept only once somebody numbers its frames. */
const TALLY = 6;
const RECEIVED = 0;
const LOST = 1;
const BEHIND = 2;
const STALE = 3;
const HIGHEST = 4;
const RTT = 5;

const ROLES: readonly Role[] = ["both", "send", "listen"];
const PACED = 4;
const NOBODY = -1;
const LEAST_SLOTS = 64;

export class Living {
  /** The ref of the living peer in each slot, or -1: one look tells generation and life. */
  #refs: Int32Array = new Int32Array(LEAST_SLOTS).fill(NOBODY);
  #rows: Float64Array = new Float64Array(LEAST_SLOTS * ROW);
  #words: Uint32Array = new Uint32Array(LEAST_SLOTS * WORDS);
  #retries: Uint16Array = new Uint16Array(LEAST_SLOTS);
  #flags: Uint8Array = new Uint8Array(LEAST_SLOTS);
  #tallies: Float64Array | undefined;

  holds(slot: number, ref: number): boolean {
    return this.#refs[slot] === ref;
  }

  isLiving(slot: number): boolean {
    return (this.#refs[slot] ?? NOBODY) !== NOBODY;
  }

  /** Takes in a peer that is alive and not paused. */
  store(slot: number, ref: number, state: PeerState): void {
    if (slot >= this.#refs.length) this.#grow(slot + 1);
    const row = slot * ROW;
    const rows = this.#rows;
    rows[row + HEARD_AT] = state.heardAt as number;
    rows[row + LIFE_OBSERVED_AT] = state.lifeObservedAt;
    rows[row + LIFE_CREDITED_AT] = state.lifeCreditedAt;
    rows[row + BEAT_DUE_AT] = state.beatDueAt ?? Number.POSITIVE_INFINITY;
    rows[row + SENT_AT] = state.sentAt ?? Number.POSITIVE_INFINITY;
    rows[row + SINCE_AT] = state.sinceAt;
    rows[row + ALIVE_AT] = state.aliveAt as number;
    rows[row + PROOF_FROM_AT] = state.proofFromAt;
    const word = slot * WORDS;
    this.#words[word + SESSION] = state.session;
    this.#words[word + SEED] = state.seed;
    this.#words[word + BEATS] = state.beats;
    this.#retries[slot] = state.retries;
    this.#flags[slot] = ROLES.indexOf(state.role) | (state.paced ? PACED : 0);
    this.#storeArrivals(slot, state.arrivals);
    this.#refs[slot] = ref;
  }

  /** The same peer as `transition` knows it. */
  load(slot: number): PeerState {
    const row = slot * ROW;
    const word = slot * WORDS;
    const rows = this.#rows;
    const flags = this.#flags[slot] as number;
    const sentAt = rows[row + SENT_AT] as number;
    const beatDueAt = rows[row + BEAT_DUE_AT] as number;
    return Object.freeze({
      status: "alive",
      role: ROLES[flags & 3] as Role,
      session: this.#words[word + SESSION] as number,
      seed: this.#words[word + SEED] as number,
      sinceAt: rows[row + SINCE_AT] as number,
      proofFromAt: rows[row + PROOF_FROM_AT] as number,
      heardAt: rows[row + HEARD_AT] as number,
      lifeObservedAt: rows[row + LIFE_OBSERVED_AT] as number,
      lifeCreditedAt: rows[row + LIFE_CREDITED_AT] as number,
      aliveAt: rows[row + ALIVE_AT] as number,
      ...(sentAt !== Number.POSITIVE_INFINITY && { sentAt }),
      ...(beatDueAt !== Number.POSITIVE_INFINITY && { beatDueAt }),
      beats: this.#words[word + BEATS] as number,
      probes: 0,
      paced: (flags & PACED) !== 0,
      retries: this.#retries[slot] as number,
      arrivals: this.arrivals(slot),
    });
  }

  release(slot: number): void {
    if (slot < this.#refs.length) this.#refs[slot] = NOBODY;
  }

  // ── the rules of transition, on numbers ────────────────────────────────────────────────────────

  /** Any traffic that is not numbered and carries no nonce: a sign of life, and nothing else. */
  heard(slot: number, at: number, observedAt: number, creditedAt: number): void {
    const row = slot * ROW;
    this.#rows[row + HEARD_AT] = at;
    this.#rows[row + LIFE_OBSERVED_AT] = observedAt;
    this.#rows[row + LIFE_CREDITED_AT] = creditedAt;
    if (this.#tallies !== undefined) this.#tallies[slot * TALLY + STALE] = 0;
  }

  /** A frame with a number: counts it; false if it is behind, and no sign of life. */
  numbered(slot: number, seq: number): boolean {
    const tallies = this.#talliesFor();
    const tally = slot * TALLY;
    const highestSeq = tallies[tally + HIGHEST] as number;
    if (seq <= highestSeq) {
      tallies[tally + BEHIND] = (tallies[tally + BEHIND] as number) + 1;
      return false;
    }
    const received = tallies[tally + RECEIVED] as number;
    tallies[tally + LOST] = lostUpTo(seq, received, tallies[tally + LOST] as number, highestSeq);
    tallies[tally + RECEIVED] = received + 1;
    tallies[tally + HIGHEST] = seq;
    return true;
  }

  /** What a frame says about time; false if it is stale, and no sign of life. */
  timed(slot: number, observedAt: number, sign: Sign, policy: Policy): boolean {
    const tallies = this.#talliesFor();
    const tally = slot * TALLY;
    const sampleMs = rttSample(sign, observedAt);
    if (sampleMs !== undefined) {
      const rttMs = tallies[tally + RTT] as number;
      tallies[tally + RTT] = smoothRtt(Number.isNaN(rttMs) ? undefined : rttMs, sampleMs) as number;
    }
    if (!isStale(sign, observedAt, policy)) return true;
    tallies[tally + STALE] = (tallies[tally + STALE] as number) + 1;
    return false;
  }

  /** Something left: the next beat can wait. */
  sent(slot: number, at: number, policy: Policy): void {
    const row = slot * ROW;
    this.#rows[row + SENT_AT] = at;
    const dueBefore = this.#rows[row + BEAT_DUE_AT] as number;
    if (dueBefore === Number.POSITIVE_INFINITY) return;
    const dueAt = this.#nextBeatAt(slot, at, policy);
    this.#rows[row + BEAT_DUE_AT] = dueAt;
    if (dueAt !== dueBefore) this.#setPaced(slot, false);
  }

  /** A beat fell due: true if it leaves now, false if it is spread because it is overdue. */
  beat(slot: number, at: number, policy: Policy): boolean {
    const row = slot * ROW;
    const { intervalMs } = policy;
    const overdue = isOverdue(at, this.#rows[row + BEAT_DUE_AT] as number, intervalMs);
    const paced = ((this.#flags[slot] as number) & PACED) !== 0;
    const word = slot * WORDS;
    if (overdue && !paced) {
      const seed = this.#words[word + SEED] as number;
      const beats = this.#words[word + BEATS] as number;
      this.#rows[row + BEAT_DUE_AT] = spreadAt(at, intervalMs, seed, beats);
      this.#setPaced(slot, true);
      return false;
    }
    this.#words[word + BEATS] = (this.#words[word + BEATS] as number) + 1;
    this.#setPaced(slot, overdue);
    this.#rows[row + BEAT_DUE_AT] = this.#nextBeatAt(slot, at, policy);
    return true;
  }

  beatDueAt(slot: number): number {
    return this.#rows[slot * ROW + BEAT_DUE_AT] as number;
  }

  lifeObservedAt(slot: number): number {
    return this.#rows[slot * ROW + LIFE_OBSERVED_AT] as number;
  }

  lifeCreditedAt(slot: number): number {
    return this.#rows[slot * ROW + LIFE_CREDITED_AT] as number;
  }

  session(slot: number): number {
    return this.#words[slot * WORDS + SESSION] as number;
  }

  judges(slot: number): boolean {
    return ((this.#flags[slot] as number) & 3) !== ROLES.indexOf("send");
  }

  arrivals(slot: number): Arrivals {
    const tallies = this.#tallies;
    if (tallies === undefined || (slot + 1) * TALLY > tallies.length) return NO_ARRIVALS;
    const [received, lost, behind, stale, highestSeq, rttMs] = tallies.subarray(
      slot * TALLY,
      (slot + 1) * TALLY,
    ) as unknown as [number, number, number, number, number, number];
    return Object.freeze({
      received,
      lost,
      behind,
      stale,
      highestSeq,
      ...(!Number.isNaN(rttMs) && { rttMs }),
    });
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────

  #nextBeatAt(slot: number, sentAt: number, policy: Policy): number {
    const word = slot * WORDS;
    const seed = this.#words[word + SEED] as number;
    return beatAt(sentAt, policy, seed, this.#words[word + BEATS] as number);
  }

  #setPaced(slot: number, paced: boolean): void {
    const flags = this.#flags[slot] as number;
    this.#flags[slot] = paced ? flags | PACED : flags & ~PACED;
  }

  #storeArrivals(slot: number, arrivals: Arrivals): void {
    // Nobody pays for tallies before somebody has something to tally.
    if (arrivals === NO_ARRIVALS && this.#tallies === undefined) return;
    const { received, lost, behind, stale, highestSeq, rttMs = Number.NaN } = arrivals;
    this.#talliesFor().set([received, lost, behind, stale, highestSeq, rttMs], slot * TALLY);
  }

  #talliesFor(): Float64Array {
    const capacity = this.#refs.length * TALLY;
    const from = this.#tallies ?? new Float64Array(0);
    if (this.#tallies !== undefined && from.length >= capacity) return from;
    const tallies = copied(from, capacity);
    for (let at = from.length + RTT; at < capacity; at += TALLY) tallies[at] = Number.NaN;
    this.#tallies = tallies;
    return tallies;
  }

  /** By an eighth more: doubling would waste more than it saves at a million. */
  #grow(least: number): void {
    const capacity = Math.max(least, Math.ceil(this.#refs.length * 1.125));
    const refs = new Int32Array(capacity).fill(NOBODY);
    refs.set(this.#refs);
    this.#refs = refs;
    this.#rows = copied(this.#rows, capacity * ROW);
    const words = new Uint32Array(capacity * WORDS);
    words.set(this.#words);
    this.#words = words;
    const retries = new Uint16Array(capacity);
    retries.set(this.#retries);
    this.#retries = retries;
    const flags = new Uint8Array(capacity);
    flags.set(this.#flags);
    this.#flags = flags;
  }
}

function copied(from: Float64Array, length: number): Float64Array {
  const to = new Float64Array(length);
  to.set(from);
  return to;
}
