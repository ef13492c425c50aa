// The numbers of all peers, a row a peer and no object for any of them. To work on a peer it is taken in
// hand (`take`), stepped by the rules, and put back (`store`). What happens to a living peer all the time
// is done in place: hearing it stores one number.

import { beatAt, creditedAt, dueAt, elapsedMs, observedAt } from "../peer/rules.ts";
import {
  END_REASONS,
  isJudged,
  NEVER,
  Peer,
  type Reason,
  type Role,
  type Status,
} from "../peer/state.ts";
import type { Policy } from "../policy.ts";
import { Extras } from "./extras.ts";
import { grown, Slots } from "./refs.ts";
import type { Stalls } from "./stalls.ts";
import { Tallies } from "./tallies.ts";

/** A row is six doubles; what is looked at most often has columns of its own. */
const ROW = 6;
const LIFE_OBSERVED_AT = 0;
const LIFE_CREDITED_AT = 1;
const SENT_AT = 2;
const SINCE_AT = 3;
/** What only one status has: `proofFromAt` of connecting, `forgetAt` of dead, `aliveAt` of others. */
const OWN_AT = 4;
/** Where a peer has its extras; 0 where it has none. */
const EXTRAS_AT = 5;

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

const STATUSES: readonly Status[] = ["connecting", "alive", "suspect", "dead"];
const ROLES: readonly Role[] = ["both", "send", "listen"];
const REASONS: readonly (Reason | undefined)[] = [
  undefined,
  "silence",
  "unreachable",
  ...END_REASONS,
];

export abstract class Columns {
  readonly slots: Slots = new Slots();
  /** All that changes when a living peer is heard. */
  heardAt: Float64Array = new Float64Array(0);
  #beatDueAt: Float64Array = new Float64Array(0);
  #cells: Float64Array = new Float64Array(0);
  #words: Uint32Array = new Uint32Array(0);
  #halves: Uint16Array = new Uint16Array(0);
  readonly tallies: Tallies;
  readonly #extras: Extras = new Extras();
  readonly #stalls: Stalls;
  readonly #hand: Peer = new Peer();

  constructor(stalls: Stalls) {
    this.#stalls = stalls;
    this.tallies = new Tallies(this.#hand.arrivals);
  }

  // ── one look ───────────────────────────────────────────────────────────────────────────────────

  status(slot: number): Status {
    return STATUSES[this.#flags(slot) & 3] as Status;
  }

  isJudged(slot: number): boolean {
    return (this.#flags(slot) & JUDGED) !== 0;
  }

  /** Infinity where no beat, probe or dial is due one day. */
  beatDueAt(slot: number): number {
    return this.#beatDueAt[slot] as number;
  }

  /** As `nextActAt` has it of a peer in hand. */
  actAt(slot: number): number {
    const beatDueAt = this.beatDueAt(slot);
    const isDead = !this.slots.isLiving(slot) && this.status(slot) === "dead";
    return isDead ? Math.min(beatDueAt, this.#cells[slot * ROW + OWN_AT] as number) : beatDueAt;
  }

  // ── a peer in hand ─────────────────────────────────────────────────────────────────────────────

  /** Takes a peer in hand, until the next one is. */
  take(slot: number): Peer {
    const peer = this.#hand;
    const cells = this.#cells;
    const cell = slot * ROW;
    const flags = this.#flags(slot);
    const status = STATUSES[flags & 3] as Status;
    const own = cells[cell + OWN_AT] as number;
    peer.seed = this.seed(slot);
    peer.status = status;
    peer.role = ROLES[(flags >>> ROLE_SHIFT) & 3] as Role;
    peer.reason = REASONS[flags >>> REASON_SHIFT];
    peer.paced = (flags & PACED) !== 0;
    peer.session = this.#words[slot * WORDS + SESSION] as number;
    peer.beats = this.#words[slot * WORDS + BEATS] as number;
    peer.retries = this.#halves[slot * HALVES + RETRIES] as number;
    peer.probes = this.#halves[slot * HALVES + PROBES] as number;
    if (this.#follows(slot)) this.#anchor(slot);
    peer.heardAt = this.heardAt[slot] as number;
    peer.lifeObservedAt = cells[cell + LIFE_OBSERVED_AT] as number;
    peer.lifeCreditedAt = cells[cell + LIFE_CREDITED_AT] as number;
    peer.beatDueAt = this.#beatDueAt[slot] as number;
    peer.sentAt = cells[cell + SENT_AT] as number;
    peer.sinceAt = cells[cell + SINCE_AT] as number;
    peer.proofFromAt = status === "connecting" ? own : NEVER;
    peer.aliveAt = status === "alive" || status === "suspect" ? own : NEVER;
    peer.forgetAt = status === "dead" ? own : NEVER;
    this.#extras.load(cells[cell + EXTRAS_AT] as number, peer);
    this.tallies.take(slot);
    return peer;
  }

  /** Puts back what was in hand, or somebody new. */
  store(slot: number, peer: Peer, inPlace: boolean): void {
    const cells = this.#cells;
    const cell = slot * ROW;
    this.#halves[slot * HALVES + FLAGS] =
      STATUSES.indexOf(peer.status) |
      (ROLES.indexOf(peer.role) << ROLE_SHIFT) |
      (peer.paced ? PACED : 0) |
      (isJudged(peer) ? JUDGED : 0) |
      (REASONS.indexOf(peer.reason) << REASON_SHIFT);
    this.#halves[slot * HALVES + RETRIES] = peer.retries;
    this.#halves[slot * HALVES + PROBES] = peer.probes;
    this.#words[slot * WORDS + SESSION] = peer.session;
    this.#words[slot * WORDS + BEATS] = peer.beats;
    this.heardAt[slot] = peer.heardAt;
    cells[cell + LIFE_OBSERVED_AT] = peer.lifeObservedAt;
    cells[cell + LIFE_CREDITED_AT] = peer.lifeCreditedAt;
    this.#beatDueAt[slot] = peer.beatDueAt;
    cells[cell + SENT_AT] = peer.sentAt;
    cells[cell + SINCE_AT] = peer.sinceAt;
    // Only one of them is not Infinity.
    cells[cell + OWN_AT] = Math.min(peer.proofFromAt, peer.aliveAt, peer.forgetAt);
    cells[cell + EXTRAS_AT] = this.#extras.store(cells[cell + EXTRAS_AT] as number, peer);
    const plain = peer.status === "alive" && isJudged(peer) && peer.arrivals.stale === 0;
    this.slots.setLiving(slot, inPlace && plain && this.#isAnchored(peer));
  }

  /** A row that is nobody's any more. */
  clear(slot: number): void {
    this.#halves[slot * HALVES + FLAGS] = 0;
    this.#beatDueAt[slot] = NEVER;
    this.#extras.release(this.#cells[slot * ROW + EXTRAS_AT] as number);
    this.#cells[slot * ROW + EXTRAS_AT] = 0;
    this.tallies.clear(slot);
    this.slots.setLiving(slot, false);
  }

  // ── living peers, in place ─────────────────────────────────────────────────────────────────────
  // Where the silence of a living peer begins follows from when it was heard, as long as our own totals
  // stand still. Before they change, or it is taken in hand, that is written down.

  /** When a living peer is suspected, if its detector waits for so long. */
  silentAt(slot: number, silenceMs: number): number {
    const stalls = this.#stalls;
    const cell = slot * ROW;
    const heardAt = this.heardAt[slot] as number;
    const follows = heardAt >= stalls.steadyFromAt;
    const observed = follows ? observedAt(heardAt, stalls) : this.#cells[cell + LIFE_OBSERVED_AT];
    const credited = follows ? creditedAt(heardAt, stalls) : this.#cells[cell + LIFE_CREDITED_AT];
    return dueAt(observed as number, credited as number, silenceMs, stalls);
  }

  /** For how long a living peer has been silent, to the bit as the rules have it of one in hand. */
  silenceMs(slot: number, now: number): number {
    const stalls = this.#stalls;
    const cell = slot * ROW;
    const heardAt = this.heardAt[slot] as number;
    const follows = heardAt >= stalls.steadyFromAt;
    return elapsedMs(
      observedAt(now, stalls),
      creditedAt(now, stalls),
      follows ? observedAt(heardAt, stalls) : (this.#cells[cell + LIFE_OBSERVED_AT] as number),
      follows ? creditedAt(heardAt, stalls) : (this.#cells[cell + LIFE_CREDITED_AT] as number),
      stalls.graceMs,
    );
  }

  /** Our own totals are about to change. */
  anchor(): void {
    for (let slot = 0; slot < this.heardAt.length; slot++) {
      if (this.#follows(slot)) this.#anchor(slot);
    }
  }

  #follows(slot: number): boolean {
    return this.slots.isLiving(slot) && (this.heardAt[slot] as number) >= this.#stalls.steadyFromAt;
  }

  #anchor(slot: number): void {
    const heardAt = this.heardAt[slot] as number;
    this.#cells[slot * ROW + LIFE_OBSERVED_AT] = observedAt(heardAt, this.#stalls);
    this.#cells[slot * ROW + LIFE_CREDITED_AT] = creditedAt(heardAt, this.#stalls);
  }

  /** Whether the silence of a peer begins where it was heard, or that is written down anyway. */
  #isAnchored({ heardAt, lifeObservedAt, lifeCreditedAt }: Peer): boolean {
    const stalls = this.#stalls;
    const observed = lifeObservedAt === observedAt(heardAt, stalls);
    const credited = lifeCreditedAt === creditedAt(heardAt, stalls);
    return heardAt < stalls.steadyFromAt || (observed && credited);
  }

  /**
   * The beat that was just asked for has left: as `sent` has it, nothing moves but when that was. False, and nothing
   * done, where more does.
   */
  beatLeft(slot: number, at: number, policy: Policy): boolean {
    const beats = this.#words[slot * WORDS + BEATS] as number;
    if (beatAt(at, policy, this.seed(slot), beats) !== this.#beatDueAt[slot]) return false;
    this.#cells[slot * ROW + SENT_AT] = at;
    return true;
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────

  /** What jitter, phases and back-off of a peer follow from. */
  protected abstract seed(slot: number): number;

  #flags(slot: number): number {
    return this.#halves[slot * HALVES + FLAGS] as number;
  }

  /** Makes room for so many slots at least. */
  protected grow(slots: number): void {
    this.heardAt = grown(this.heardAt, slots);
    const { length } = this.heardAt;
    this.#beatDueAt = grown(this.#beatDueAt, length);
    this.#cells = grown(this.#cells, length * ROW);
    this.#words = grown(this.#words, length * WORDS);
    this.#halves = grown(this.#halves, length * HALVES);
    this.tallies.grow(length);
  }
}
