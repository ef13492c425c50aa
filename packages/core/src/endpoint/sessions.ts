// All conversations of an endpoint: found by the tag we handed out, or by the place they are held
// at. Strangers' conversations are bounded: the oldest gives way, whatever arrives.

import { grown } from "../monitor/refs.ts";
import type { Role } from "../peer/state.ts";
import type { Policy } from "../policy.ts";
import { sameWord, type Word64 } from "./frame.ts";
import { Negotiation } from "./negotiation.ts";
import { type Place, Session } from "./session.ts";

// The low bits of a tag are the slot of its conversation, so that it is found without a search.
const SLOT_BITS = 22;
const SLOTS = 2 ** SLOT_BITS;
/** So many tags of one conversation are good at a time; more than one only while its place moves. */
const MAX_TAGS = 3;

export class Sessions {
  readonly #entropy: () => number;
  readonly #maxStrangers: number;
  /** Whether a place belongs to one conversation at a time, as a connection does. */
  readonly #placesAreOwned: boolean;
  readonly #slots: (Session | undefined)[] = [];
  /** The two halves of the tag of each slot, side by side: to compare them takes no look at anything else. */
  #tags: Int32Array = new Int32Array(0);
  readonly #free: number[] = [];
  readonly #owners: Map<Place, Session> = new Map();
  readonly #strangers: Map<Place, Session> = new Map();
  #opened = 0;
  #open = 0;

  constructor(entropy: () => number, maxStrangers: number, placesAreOwned: boolean) {
    this.#entropy = entropy;
    this.#maxStrangers = maxStrangers;
    this.#placesAreOwned = placesAreOwned;
  }

  get size(): number {
    return this.#open;
  }

  get strangers(): number {
    return this.#strangers.size;
  }

  /** A new conversation with a peer at a place. */
  open(place: Place, policy: Policy, role: Role, now: number): Session {
    const tag = this.#draw();
    this.#opened += 1;
    this.#open += 1;
    const session = new Session({
      number: this.#opened,
      tag,
      place,
      createdAt: now,
      negotiation: new Negotiation(policy, role),
    });
    this.#slots[slotOf(tag)] = session;
    if (this.#placesAreOwned) this.#owners.set(place, session);
    return session;
  }

  /** One more tag for a conversation. Of those before it, the newest stay good: they are under way. */
  handOutAnother(session: Session): Word64 {
    const tag = this.#draw();
    this.#slots[slotOf(tag)] = session;
    const { tag: current, tags = [current] } = session;
    session.tags = tags;
    tags.push(tag);
    if (tags.length > MAX_TAGS) {
      const oldest = tags.findIndex((each) => !sameWord(each, current));
      for (const each of tags.splice(oldest, 1)) this.#release(each);
    }
    return tag;
  }

  /** A random tag whose low bits are a free slot. */
  #draw(): Word64 {
    const slot = this.#free.pop() ?? this.#slots.length;
    const tag = { hi: this.#entropy(), lo: Math.floor(this.#entropy() / SLOTS) * SLOTS + slot };
    this.#tags = grown(this.#tags, 2 * slot + 2);
    this.#tags.set([tag.hi, tag.lo], 2 * slot);
    return tag;
  }

  #release(tag: Word64): void {
    this.#slots[slotOf(tag)] = undefined;
    this.#free.push(slotOf(tag));
  }

  /** A new conversation with somebody we do not know yet. Replaces the stranger at the same place. */
  openForStranger(place: Place, policy: Policy, role: Role, now: number): Session {
    const before = this.#strangers.get(place);
    if (before) this.close(before);
    for (const oldest of this.#strangers.values()) {
      // A connection ends with its handshake; see handshakes.ts.
      if (this.#placesAreOwned) break;
      const isFresh = now - oldest.createdAt <= policy.deadAfterMs;
      if (isFresh && this.#strangers.size < this.#maxStrangers) break;
      this.close(oldest);
    }
    const session = this.open(place, policy, role, now);
    this.#strangers.set(place, session);
    return session;
  }

  /** The stranger turned out to be somebody: it no longer has to give way. */
  adopt(session: Session): void {
    if (this.#strangers.get(session.place) === session) this.#strangers.delete(session.place);
  }

  close(session: Session): void {
    if (this.#slots[slotOf(session.tag)] !== session) return;
    this.#open -= 1;
    for (const tag of session.tags ?? [session.tag]) this.#release(tag);
    if (this.#owners.get(session.place) === session) this.#owners.delete(session.place);
    this.adopt(session);
  }

  /** By any tag it handed out that is still good. */
  byTag({ hi, lo }: Word64): Session | undefined {
    return this.byTagBits(hi | 0, lo | 0);
  }

  /** The same by two signed halves: small integers, which engines do not box. */
  byTagBits(hi: number, lo: number): Session | undefined {
    const slot = lo & (SLOTS - 1);
    const isIt = this.#tags[2 * slot] === hi && this.#tags[2 * slot + 1] === lo;
    return isIt ? this.#slots[slot] : undefined;
  }

  strangerAt(place: Place): Session | undefined {
    return this.#strangers.get(place);
  }

  /** The newest conversation at a place that belongs to one at a time. */
  at(place: Place): Session | undefined {
    return this.#owners.get(place);
  }
}

function slotOf(tag: Word64): number {
  return tag.lo % SLOTS;
}
