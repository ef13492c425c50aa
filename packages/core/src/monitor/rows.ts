// Who is in which row: refs, ids, policies, and how many there are of each kind. The numbers of the
// peers themselves are in columns.ts.

import { silenceToSuspect } from "../peer/deadlines.ts";
import { mix } from "../peer/rules.ts";
import { freeze, NEVER, type Peer, type PeerState, peerSeed, type Status } from "../peer/state.ts";
import type { Policy } from "../policy.ts";
import { Columns } from "./columns.ts";
import { Policies } from "./policies.ts";
import { grown, type PeerRef, slotOf } from "./refs.ts";
import type { Stalls } from "./stalls.ts";

export class Rows extends Columns implements Iterable<PeerRef> {
  readonly policies: Policies = new Policies();
  readonly counts: Record<Status, number> = { connecting: 0, alive: 0, suspect: 0, dead: 0 };
  /** How many want a beat, a dial or a probe one day. */
  beating = 0;
  readonly #seed: number;
  /** Which policy, or 0 where there is nobody. */
  #policyOf: Uint32Array = new Uint32Array(0);
  /** Only filled where peers have ids. */
  readonly #ids: (string | undefined)[] = [];
  readonly #byId: Map<string, PeerRef> = new Map();

  constructor(seed: number, stalls: Stalls) {
    super(stalls);
    this.#seed = seed;
  }

  // ── coming and going ───────────────────────────────────────────────────────────────────────────

  /**
   * A row for one more; `make` says who that is.
   *
   * @throws RangeError `ERR_SYSTOLE_CAPACITY`
   */
  add(id: string | undefined, policy: Policy, make: (seed: number) => Peer): PeerRef {
    const ref = this.slots.take();
    const slot = slotOf(ref);
    this.grow(slot + 1);
    this.clear(slot);
    this.#policyOf[slot] = this.policies.take(policy);
    if (id !== undefined) {
      this.#ids[slot] = id;
      this.#byId.set(id, ref);
    }
    this.counts.connecting += 1;
    this.put(slot, make(mix(this.#seed, ref)));
    return ref;
  }

  remove(slot: number): void {
    this.counts[this.status(slot)] -= 1;
    if (this.beatDueAt(slot) !== NEVER) this.beating -= 1;
    if (this.isJudged(slot)) this.policies.judge(this.#policyOf[slot] as number, -1);
    this.policies.release(this.#policyOf[slot] as number);
    this.#policyOf[slot] = 0;
    const id = this.#ids[slot];
    if (id !== undefined) {
      this.#byId.delete(id);
      this.#ids[slot] = undefined;
    }
    this.clear(slot);
    this.slots.release(this.ref(slot));
  }

  // ── who is who ─────────────────────────────────────────────────────────────────────────────────

  /** Whether this ref is of a peer that is still here. */
  has(ref: PeerRef): boolean {
    const slot = slotOf(ref);
    return this.isTaken(slot) && this.ref(slot) === ref;
  }

  /** Whether there is anybody in this slot. */
  isTaken(slot: number): boolean {
    return (this.#policyOf[slot] ?? 0) !== 0;
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

  policy(slot: number): Policy {
    return this.policies.at(this.#policyOf[slot] as number);
  }

  /** After which silence a peer is suspected, without taking it in hand. */
  silenceToSuspect(slot: number): number {
    const index = this.#policyOf[slot] as number;
    const fixedMs = this.policies.fixedMs[index] as number;
    if (fixedMs >= 0) return fixedMs;
    return silenceToSuspect(this.tallies.take(slot), this.policies.at(index));
  }

  /** When a living peer is suspected, without taking it in hand. */
  suspectAt(slot: number): number {
    return this.silentAt(slot, this.silenceToSuspect(slot));
  }

  setPolicy(slot: number, policy: Policy): void {
    const before = this.#policyOf[slot] as number;
    const index = this.policies.take(policy);
    if (this.isJudged(slot)) {
      this.policies.judge(index, +1);
      this.policies.judge(before, -1);
    }
    this.policies.release(before);
    this.#policyOf[slot] = index;
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

  // ── one peer ───────────────────────────────────────────────────────────────────────────────────

  /** Puts it back, and keeps the counts. */
  put(slot: number, peer: Peer): void {
    const status = this.status(slot);
    const judged = this.isJudged(slot);
    const beating = this.beatDueAt(slot) !== NEVER;
    // A shadow judges every sign of life, which is not done in place.
    this.store(slot, peer, this.policy(slot).shadow === undefined);
    if (status !== peer.status) {
      this.counts[status] -= 1;
      this.counts[peer.status] += 1;
    }
    const isJudged = this.isJudged(slot);
    if (judged !== isJudged) this.policies.judge(this.#policyOf[slot] as number, isJudged ? 1 : -1);
    this.beating += Number(peer.beatDueAt !== NEVER) - Number(beating);
  }

  state(slot: number): PeerState {
    return freeze(this.take(slot));
  }

  protected override seed(slot: number): number {
    return peerSeed(mix(this.#seed, this.ref(slot)));
  }

  protected override grow(slots: number): void {
    if (slots <= this.#policyOf.length) return;
    this.#policyOf = grown(this.#policyOf, slots);
    super.grow(this.#policyOf.length);
  }
}
