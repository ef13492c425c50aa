// Handles of peers: a slot and a generation in one small integer, so that a handle kept too long
// never touches the newcomer that got its slot.

import { SystoleRangeError } from "../errors.ts";

declare const brand: unique symbol;

/** A peer of one monitor. Opaque; compare with `===`, use as a Map key, never do arithmetic on it. */
export type PeerRef = number & { readonly [brand]: true };

// 22 + 9 bits: every ref is a small integer in V8, stored without a heap object.
const SLOT_BITS = 22;
const MAX_SLOTS = 2 ** SLOT_BITS;
const MAX_GENERATION = 2 ** 9 - 1;

/** Hands out slots; each reuse is a new generation, and a slot whose generations are used up retires. */
export class Slots {
  #generations: Uint16Array = new Uint16Array(64);
  /** How many slots were ever handed out. */
  #used = 0;
  /** First in, first out: generations are used up evenly, and stale refs stay recognisable long. */
  #free: number[] = [];
  #firstFree = 0;
  /** Slots that will never be used again. */
  retired = 0;

  /** @throws RangeError `ERR_SYSTOLE_CAPACITY` when every slot is taken. */
  take(): PeerRef {
    const slot = this.#free[this.#firstFree] ?? this.#used;
    if (slot >= MAX_SLOTS) {
      throw new SystoleRangeError(
        "ERR_SYSTOLE_CAPACITY",
        `One monitor holds at most ${MAX_SLOTS} peers.\nSpread them over several monitors.`,
        slot,
      );
    }
    if (slot === this.#used) this.#used += 1;
    else this.#dropFirstFree();
    if (slot >= this.#generations.length) this.#grow();
    return this.refAt(slot);
  }

  release(ref: PeerRef): void {
    const slot = slotOf(ref);
    const generation = (this.#generations[slot] as number) + 1;
    this.#generations[slot] = generation;
    if (generation > MAX_GENERATION) this.retired += 1;
    else this.#free.push(slot);
  }

  /** The ref of whoever has this slot now, or would get it next. */
  refAt(slot: number): PeerRef {
    return ((this.#generations[slot] as number) * MAX_SLOTS + slot) as PeerRef;
  }

  #dropFirstFree(): void {
    this.#firstFree += 1;
    if (2 * this.#firstFree < this.#free.length) return;
    this.#free = this.#free.slice(this.#firstFree);
    this.#firstFree = 0;
  }

  #grow(): void {
    const grown = new Uint16Array(Math.ceil(this.#generations.length * 1.5));
    grown.set(this.#generations);
    this.#generations = grown;
  }
}

/** The slot of a ref: dense, from 0. */
export function slotOf(ref: PeerRef): number {
  return ref & (MAX_SLOTS - 1);
}
