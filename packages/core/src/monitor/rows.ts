// Where the peers of a monitor are kept: living ones as numbers, all others as the states that
// `transition` works on. Also who is who, and how many there are of each kind.

import { isJudged, type PeerState, type Status } from "../peer/state.ts";
import type { Policy } from "../policy.ts";
import { Judged } from "./judged.ts";
import { Living } from "./living.ts";
import { type PeerRef, Slots, slotOf } from "./refs.ts";

export class Rows implements Iterable<PeerRef> {
  readonly living: Living = new Living();
  readonly judged: Judged = new Judged();
  /** How many want a beat, a dial or a probe one day. */
  beating = 0;
  readonly counts: Record<Status, number> = { connecting: 0, alive: 0, suspect: 0, dead: 0 };

  readonly #slots: Slots = new Slots();
  readonly #policies: (Policy | undefined)[] = [];
  /** Only filled where peers have ids. */
  readonly #ids: (string | undefined)[] = [];
  readonly #byId: Map<string, PeerRef> = new Map();
  /** Everybody who is not living, or whose reader is paused. */
  readonly #others: Map<number, PeerState> = new Map();

  get retiredSlots(): number {
    return this.#slots.retired;
  }

  /** @throws RangeError `ERR_SYSTOLE_CAPACITY` */
  add(id: string | undefined, policy: Policy, state: PeerState): PeerRef {
    const ref = this.#slots.take();
    const slot = slotOf(ref);
    this.#policies[slot] = policy;
    if (id !== undefined) {
      this.#ids[slot] = id;
      this.#byId.set(id, ref);
    }
    this.#others.set(slot, state);
    this.#count(state, policy, +1);
    return ref;
  }

  remove(ref: PeerRef): void {
    const slot = slotOf(ref);
    const id = this.#ids[slot];
    this.#count(this.state(slot), this.policy(slot), -1);
    if (id !== undefined) {
      this.#byId.delete(id);
      this.#ids[slot] = undefined;
    }
    this.#policies[slot] = undefined;
    this.#others.delete(slot);
    this.living.release(slot);
    this.#slots.release(ref);
  }

  /** Whether this ref is of a peer that is still here. */
  has(ref: PeerRef): boolean {
    const slot = slotOf(ref);
    return this.#policies[slot] !== undefined && this.#slots.refAt(slot) === ref;
  }

  /** Whether there is anybody in this slot. */
  isTaken(slot: number): boolean {
    return this.#policies[slot] !== undefined;
  }

  ref(slot: number): PeerRef {
    return this.#slots.refAt(slot);
  }

  find(id: string): PeerRef | undefined {
    return this.#byId.get(id);
  }

  id(slot: number): string | undefined {
    return this.#ids[slot];
  }

  policy(slot: number): Policy {
    return this.#policies[slot] as Policy;
  }

  setPolicy(slot: number, policy: Policy): void {
    const state = this.state(slot);
    this.#count(state, this.policy(slot), -1);
    this.#policies[slot] = policy;
    this.#count(state, policy, +1);
  }

  status(slot: number): Status {
    return this.#others.get(slot)?.status ?? "alive";
  }

  state(slot: number): PeerState {
    return this.#others.get(slot) ?? this.living.load(slot);
  }

  /** Replaces what is known of the peer in a slot. */
  put(slot: number, before: PeerState, next: PeerState): void {
    const policy = this.policy(slot);
    this.#count(before, policy, -1);
    this.#count(next, policy, +1);
    if (next.status === "alive" && next.pausedObservedAt === undefined) {
      this.#others.delete(slot);
      this.living.store(slot, this.ref(slot), next);
    } else {
      this.living.release(slot);
      this.#others.set(slot, next);
    }
  }

  /** By ascending slot. */
  *[Symbol.iterator](): IterableIterator<PeerRef> {
    for (let slot = 0; slot < this.#policies.length; slot++) {
      if (this.isTaken(slot)) yield this.ref(slot);
    }
  }

  get size(): number {
    const { connecting, alive, suspect, dead } = this.counts;
    return connecting + alive + suspect + dead;
  }

  #count(state: PeerState, policy: Policy, by: 1 | -1): void {
    this.counts[state.status] += by;
    if (state.beatDueAt !== undefined) this.beating += by;
    if (!isJudged(state)) return;
    if (by === 1) this.judged.add(policy.suspectAfterMs);
    else this.judged.remove(policy.suspectAfterMs);
  }
}
