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
  readonly #generations: number[] = [];
  readonly #free: number[] = [];
  /** Slots that will never be used again. */
  retired = 0;

  /** @throws RangeError `ERR_SYSTOLE_CAPACITY` when every slot is taken. */
  take(): PeerRef {
    // First in, first out: generations are used up evenly, and stale refs stay recognisable long.
    const slot = this.#free.shift() ?? this.#generations.length;
    if (slot >= MAX_SLOTS) {
      throw new SystoleRangeError(
        "ERR_SYSTOLE_CAPACITY",
        `One monitor holds at most ${MAX_SLOTS} peers.\nSpread them over several monitors.`,
        slot,
      );
    }
    const generation = this.#generations[slot] ?? 0;
    this.#generations[slot] = generation;
    return (generation * MAX_SLOTS + slot) as PeerRef;
  }

  release(ref: PeerRef): void {
    const slot = slotOf(ref);
    const generation = (this.#generations[slot] as number) + 1;
    this.#generations[slot] = generation;
    if (generation > MAX_GENERATION) this.retired += 1;
    else this.#free.push(slot);
  }
}

/** The slot of a ref: dense, from 0. */
export function slotOf(ref: PeerRef): number {
  return ref % MAX_SLOTS;
}
