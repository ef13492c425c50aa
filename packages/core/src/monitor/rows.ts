// Where the peers of a monitor are kept: columns of numbers, a row a peer, and no object for any of
// them. To work on a peer it is taken in hand (`load`), stepped by the rules, and put back (`store`).
// Only what happens to a living peer all the time is done in place, by the monitor.

import type { Arrivals } from "../detectors/fixed.ts";
import { creditedAt, lostUpTo, mix, observedAt } from "../peer/rules.ts";
import {
  freeze,
  isJudged,
  type Mutable,
  NEVER,
  NO_ARRIVALS,
  Peer,
  type PeerState,
  peerSeed,
  type Reason,
  type Role,
  type Status,
} from "../peer/state.ts";
import type { Policy } from "../policy.ts";
import { Policies } from "./policies.ts";
import { grown, type PeerRef, Slots, slotOf } from "./refs.ts";
import type { Stalls } from "./stalls.ts";

/** A row is seven doubles; the eighth, when the peer was heard, is a column of its own. */
export const ROW = 7;
/** Where a suspect or paused peer has its extras, or −1. */
const EXTRAS_AT = 0;
const LIFE_OBSERVED_AT = 1;
const LIFE_CREDITED_AT = 2;
export const BEAT_DUE_AT = 3;
const SENT_AT = 4;
const SINCE_AT = 5;
/** What only one status has: `proofFromAt` of connecting, `forgetAt` of dead, `aliveAt` of others. */
const OWN_AT = 6;

/** Suspect and paused peers have six doubles more, elsewhere. */
const EXTRAS = 6;
const NO_EXTRAS = -1;

const WORDS = 2;
const SESSION = 0;
const BEATS = 1;

const HALVES = 3;
const FLAGS = 0;
const RETRIES = 1;
const PROBES = 2;

// Flags: two bits of status, two of role, these, and the reason.
const ROLE_SHIFT = 2;
const PACED = 2 ** 4;
const JUDGED = 2 ** 5;
const REASON_SHIFT = 6;

/** What is known of arrivals; kept only once somebody numbers its frames. */
const TALLY = 6;
const RECEIVED = 0;
const LOST = 1;
const BEHIND = 2;
const STALE = 3;
const HIGHEST_SEQ = 4;
const RTT = 5;

const STATUSES: readonly Status[] = ["connecting", "alive", "suspect", "dead"];
const ROLES: readonly Role[] = ["both", "send", "listen"];
const REASONS: readonly (Reason | undefined)[] = [
  undefined,
  "silence",
  "unreachable",
  "closed",
  "left",
  "restarted",
  "replaced",
  "protocol-error",
  "duplicate-id",
  "incompatible",
];

export class Rows implements Iterable<PeerRef> {
  /** All that changes when a living peer is heard. */
  heardAt: Float64Array = new Float64Array(0);
  cells: Float64Array = new Float64Array(0);
  /** Empty until somebody numbers its frames. */
  tallies: Float64Array = new Float64Array(0);
  readonly policies: Policies = new Policies();
  readonly counts: Record<Status, number> = { connecting: 0, alive: 0, suspect: 0, dead: 0 };
  /** How many want a beat, a dial or a probe one day. */
  beating = 0;
  readonly slots: Slots = new Slots();
  readonly #seed: number;
  readonly #stalls: Stalls;
  #words: Uint32Array = new Uint32Array(0);
  #halves: Uint16Array = new Uint16Array(0);
  /** Which policy, or 0 where there is nobody. */
  #policyOf: Uint32Array = new Uint32Array(0);
  #extras: Float64Array = new Float64Array(0);
  #extrasUsed = 0;
  #freeExtras: number[] = [];
  /** Only filled where peers have ids. */
  readonly #ids: (string | undefined)[] = [];
  readonly #byId: Map<string, PeerRef> = new Map();
  readonly #hand: Peer = new Peer();

  constructor(seed: number, stalls: Stalls) {
    this.#seed = seed;
    this.#stalls = stalls;
  }

  // ── who is here ────────────────────────────────────────────────────────────────────────────────

  /**
   * A place for one more, who must be stored there.
   *
   * @throws RangeError `ERR_SYSTOLE_CAPACITY`
   */
  add(id: string | undefined, policy: Policy): PeerRef {
    const ref = this.slots.take();
    const slot = slotOf(ref);
    if (slot >= this.#policyOf.length) this.#grow(slot + 1);
    this.#policyOf[slot] = this.policies.take(policy);
    this.cells[slot * ROW + BEAT_DUE_AT] = NEVER;
    this.cells[slot * ROW + EXTRAS_AT] = NO_EXTRAS;
    this.counts.connecting += 1;
    if (id !== undefined) {
      this.#ids[slot] = id;
      this.#byId.set(id, ref);
    }
    return ref;
  }

  remove(slot: number): void {
    this.#count(slot, 0, NEVER);
    this.counts.connecting -= 1;
    this.#releaseExtras(slot);
    this.policies.release(this.#policyOf[slot] as number);
    this.#policyOf[slot] = 0;
    const id = this.#ids[slot];
    if (id !== undefined) {
      this.#byId.delete(id);
      this.#ids[slot] = undefined;
    }
    this.slots.release(this.ref(slot));
  }

  /** Whether this ref is of a peer that is still here. */
  has(ref: PeerRef): boolean {
    const slot = slotOf(ref);
    return this.isTaken(slot) && this.slots.refAt(slot) === ref;
  }

  /** Whether there is anybody in this slot. */
  isTaken(slot: number): boolean {
    return (this.#policyOf[slot] ?? 0) !== 0;
  }

  /** Whether the peer in this slot is alive and judged, with nothing special about it. */
  isLiving(slot: number): boolean {
    return this.slots.isLiving(slot);
  }

  ref(slot: number): PeerRef {
    return this.slots.refAt(slot);
  }

  find(id: string): PeerRef | undefined {
    return this.#byId.get(id);
  }

  id(slot: number): string | undefined {
    return this.#ids[slot];
  }

  /** What jitter, phase and back-off of a peer are hashed from. */
  seed(slot: number): number {
    return mix(this.#seed, this.ref(slot));
  }

  policy(slot: number): Policy {
    return this.policies.at(this.#policyOf[slot] as number);
  }

  setPolicy(slot: number, policy: Policy): void {
    const index = this.policies.take(policy);
    const before = this.#policyOf[slot] as number;
    if ((this.#flags(slot) & JUDGED) !== 0) {
      this.policies.judge(index, +1);
      this.policies.judge(before, -1);
    }
    this.policies.release(before);
    this.#policyOf[slot] = index;
  }

  status(slot: number): Status {
    return STATUSES[this.#flags(slot) & 3] as Status;
  }

  state(slot: number): PeerState {
    return freeze(this.load(slot));
  }

  /** By ascending slot. */
  *[Symbol.iterator](): IterableIterator<PeerRef> {
    for (let slot = 0; slot < this.#policyOf.length; slot++) {
      if (this.isTaken(slot)) yield this.ref(slot);
    }
  }

  get size(): number {
    const { connecting, alive, suspect, dead } = this.counts;
    return connecting + alive + suspect + dead;
  }

  get retiredSlots(): number {
    return this.slots.retired;
  }

  // ── a peer in hand ─────────────────────────────────────────────────────────────────────────────

  /** Takes a peer in hand, until the next one. */
  load(slot: number): Peer {
    const peer = this.#hand;
    const { cells } = this;
    const cell = slot * ROW;
    const flags = this.#flags(slot);
    const status = STATUSES[flags & 3] as Status;
    const own = cells[cell + OWN_AT] as number;
    peer.status = status;
    peer.role = ROLES[(flags >>> ROLE_SHIFT) & 3] as Role;
    peer.reason = REASONS[flags >>> REASON_SHIFT];
    peer.paced = (flags & PACED) !== 0;
    peer.seed = peerSeed(this.seed(slot));
    peer.session = this.#words[slot * WORDS + SESSION] as number;
    peer.beats = this.#words[slot * WORDS + BEATS] as number;
    peer.retries = this.#halves[slot * HALVES + RETRIES] as number;
    peer.probes = this.#halves[slot * HALVES + PROBES] as number;
    peer.heardAt = this.heardAt[slot] as number;
    peer.lifeObservedAt = this.lifeObservedAt(slot);
    peer.lifeCreditedAt = this.lifeCreditedAt(slot);
    peer.beatDueAt = cells[cell + BEAT_DUE_AT] as number;
    peer.sentAt = cells[cell + SENT_AT] as number;
    peer.sinceAt = cells[cell + SINCE_AT] as number;
    peer.proofFromAt = status === "connecting" ? own : NEVER;
    peer.aliveAt = status === "alive" || status === "suspect" ? own : NEVER;
    peer.forgetAt = status === "dead" ? own : NEVER;
    this.#loadExtras(slot, peer);
    this.arrivals(slot);
    return peer;
  }

  /** Puts back what was in hand, or somebody new. */
  store(slot: number, peer: Peer): void {
    const { cells } = this;
    const cell = slot * ROW;
    const flags =
      STATUSES.indexOf(peer.status) |
      (ROLES.indexOf(peer.role) << ROLE_SHIFT) |
      (peer.paced ? PACED : 0) |
      (isJudged(peer) ? JUDGED : 0) |
      (REASONS.indexOf(peer.reason) << REASON_SHIFT);
    this.#count(slot, flags, peer.beatDueAt);
    this.#words[slot * WORDS + SESSION] = peer.session;
    this.#words[slot * WORDS + BEATS] = peer.beats;
    this.#halves[slot * HALVES + RETRIES] = peer.retries;
    this.#halves[slot * HALVES + PROBES] = peer.probes;
    this.heardAt[slot] = peer.heardAt;
    cells[cell + LIFE_OBSERVED_AT] = peer.lifeObservedAt;
    cells[cell + LIFE_CREDITED_AT] = peer.lifeCreditedAt;
    cells[cell + SENT_AT] = peer.sentAt;
    cells[cell + SINCE_AT] = peer.sinceAt;
    // Only one of them is not Infinity.
    cells[cell + OWN_AT] = Math.min(peer.proofFromAt, peer.aliveAt, peer.forgetAt);
    this.#storeExtras(slot, peer);
    this.#storeArrivals(slot, peer.arrivals);
    const plain = peer.status === "alive" && isJudged(peer) && peer.arrivals.stale === 0;
    this.slots.setLiving(slot, plain && this.#isAnchored(peer));
  }

  // Where the silence of a living peer begins follows from when it was heard, as long as our own totals
  // stand still. Before they change it is written down.

  lifeObservedAt(slot: number): number {
    const heardAt = this.heardAt[slot] as number;
    return this.#follows(slot)
      ? observedAt(heardAt, this.#stalls)
      : (this.cells[slot * ROW + LIFE_OBSERVED_AT] as number);
  }

  lifeCreditedAt(slot: number): number {
    const heardAt = this.heardAt[slot] as number;
    return this.#follows(slot)
      ? creditedAt(heardAt, this.#stalls)
      : (this.cells[slot * ROW + LIFE_CREDITED_AT] as number);
  }

  /** Writes down where everybody's silence begins: the totals are about to change. */
  anchor(): void {
    for (let slot = 0; slot < this.#policyOf.length; slot++) {
      if (!this.#follows(slot)) continue;
      const cell = slot * ROW;
      const observed = this.lifeObservedAt(slot);
      const credited = this.lifeCreditedAt(slot);
      this.cells[cell + LIFE_OBSERVED_AT] = observed;
      this.cells[cell + LIFE_CREDITED_AT] = credited;
    }
  }

  #follows(slot: number): boolean {
    return this.isLiving(slot) && (this.heardAt[slot] as number) >= this.#stalls.steadyFromAt;
  }

  /** Whether the life of a peer begins where it was heard, or is written down anyway. */
  #isAnchored({ heardAt, lifeObservedAt, lifeCreditedAt }: Peer): boolean {
    const stalls = this.#stalls;
    return (
      heardAt < stalls.steadyFromAt ||
      (lifeObservedAt === observedAt(heardAt, stalls) &&
        lifeCreditedAt === creditedAt(heardAt, stalls))
    );
  }

  /** What is known of the arrivals of a peer, taken in hand. */
  arrivals(slot: number): Mutable<Arrivals> {
    const { tallies } = this;
    const { arrivals } = this.#hand;
    const tally = slot * TALLY;
    if (tally >= tallies.length) return Object.assign(arrivals, NO_ARRIVALS, { rttMs: undefined });
    const rttMs = tallies[tally + RTT] as number;
    arrivals.received = tallies[tally + RECEIVED] as number;
    arrivals.lost = tallies[tally + LOST] as number;
    arrivals.behind = tallies[tally + BEHIND] as number;
    arrivals.stale = tallies[tally + STALE] as number;
    arrivals.highestSeq = tallies[tally + HIGHEST_SEQ] as number;
    arrivals.rttMs = rttMs === NEVER ? undefined : rttMs;
    return arrivals;
  }

  /** Counts a frame of a living peer in place; false, and nothing done, where that is not enough. */
  count(ref: PeerRef, seq: number): boolean {
    const { tallies } = this;
    const slot = slotOf(ref);
    const tally = slot * TALLY;
    if (this.slots.keys[slot] !== ref || tally >= tallies.length) return false;
    const highestSeq = tallies[tally + HIGHEST_SEQ] as number;
    if (seq <= highestSeq) return false;
    const received = tallies[tally + RECEIVED] as number;
    tallies[tally + LOST] = lostUpTo(seq, received, tallies[tally + LOST] as number, highestSeq);
    tallies[tally + RECEIVED] = received + 1;
    tallies[tally + HIGHEST_SEQ] = seq;
    return true;
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────

  #flags(slot: number): number {
    return this.#halves[slot * HALVES + FLAGS] as number;
  }

  /** Writes what is counted, and keeps the counts. */
  #count(slot: number, flags: number, beatDueAt: number): void {
    const before = this.#flags(slot);
    this.counts[STATUSES[before & 3] as Status] -= 1;
    this.counts[STATUSES[flags & 3] as Status] += 1;
    this.#halves[slot * HALVES + FLAGS] = flags;
    if (((before ^ flags) & JUDGED) !== 0) {
      this.policies.judge(this.#policyOf[slot] as number, (flags & JUDGED) === 0 ? -1 : +1);
    }
    const beat = slot * ROW + BEAT_DUE_AT;
    this.beating += Number(beatDueAt !== NEVER) - Number(this.cells[beat] !== NEVER);
    this.cells[beat] = beatDueAt;
  }

  #loadExtras(slot: number, peer: Peer): void {
    const extras = this.#extras;
    const at = this.#extrasAt(slot);
    const none = at < 0;
    peer.suspectedObservedAt = none ? NEVER : (extras[at] as number);
    peer.suspectedCreditedAt = none ? NEVER : (extras[at + 1] as number);
    peer.stretchMs = none ? NEVER : (extras[at + 2] as number);
    peer.health = none ? NEVER : (extras[at + 3] as number);
    peer.pausedObservedAt = none ? NEVER : (extras[at + 4] as number);
    peer.pausedCreditedAt = none ? NEVER : (extras[at + 5] as number);
  }

  #storeExtras(slot: number, peer: Peer): void {
    if (peer.status !== "suspect" && peer.pausedObservedAt === NEVER) {
      return this.#releaseExtras(slot);
    }
    const at = this.#takeExtras(slot);
    const extras = this.#extras;
    extras[at] = peer.suspectedObservedAt;
    extras[at + 1] = peer.suspectedCreditedAt;
    extras[at + 2] = peer.stretchMs;
    extras[at + 3] = peer.health;
    extras[at + 4] = peer.pausedObservedAt;
    extras[at + 5] = peer.pausedCreditedAt;
  }

  /** Where the extras of a peer begin; below 0 where there are none. */
  #extrasAt(slot: number): number {
    return this.cells[slot * ROW + EXTRAS_AT] as number;
  }

  #takeExtras(slot: number): number {
    let at = this.#extrasAt(slot);
    if (at >= 0) return at;
    at = this.#freeExtras.pop() ?? this.#extrasUsed;
    if (at === this.#extrasUsed) this.#extrasUsed += EXTRAS;
    this.#extras = grown(this.#extras, this.#extrasUsed);
    this.cells[slot * ROW + EXTRAS_AT] = at;
    return at;
  }

  #releaseExtras(slot: number): void {
    const at = this.#extrasAt(slot);
    if (at < 0) return;
    this.cells[slot * ROW + EXTRAS_AT] = NO_EXTRAS;
    this.#freeExtras.push(at);
    if (this.#freeExtras.length * EXTRAS < this.#extrasUsed) return;
    // A bad hour is over: what it took is given back.
    this.#extras = new Float64Array(0);
    this.#freeExtras = [];
    this.#extrasUsed = 0;
  }

  #storeArrivals(slot: number, arrivals: Arrivals): void {
    const { received, lost, behind, stale, highestSeq, rttMs = NEVER } = arrivals;
    if (this.tallies.length === 0) {
      if (received + behind + stale === 0 && rttMs === NEVER) return;
      this.tallies = new Float64Array(this.#policyOf.length * TALLY);
      for (let at = RTT; at < this.tallies.length; at += TALLY) this.tallies[at] = NEVER;
    }
    const tally = slot * TALLY;
    this.tallies[tally + RECEIVED] = received;
    this.tallies[tally + LOST] = lost;
    this.tallies[tally + BEHIND] = behind;
    this.tallies[tally + STALE] = stale;
    this.tallies[tally + HIGHEST_SEQ] = highestSeq;
    this.tallies[tally + RTT] = rttMs;
  }

  #grow(peers: number): void {
    this.#policyOf = grown(this.#policyOf, peers);
    const capacity = this.#policyOf.length;
    this.heardAt = grown(this.heardAt, capacity);
    this.cells = grown(this.cells, capacity * ROW);
    this.#words = grown(this.#words, capacity * WORDS);
    this.#halves = grown(this.#halves, capacity * HALVES);
    if (this.tallies.length > 0) this.tallies = grown(this.tallies, capacity * TALLY);
  }
}
