// Handles of peers: a slot and a generation in one small integer, so that a handle kept too long
// never touches the newcomer that got its slot.

import { SystoleRangeError } from "../errors.ts";

declare const brand: unique symbol;

/** A peer of one monitor. Opaque; compare with `===`, use as a Map key, never do arithmetic on it. */
export type PeerRef = number & { readonly [brand]: true };

// 22 bits, and 9 of generation: every ref is a small integer in V8, stored without a heap object.
const SLOT_BITS = 22;
const MAX_SLOTS = 2 ** SLOT_BITS;
const MAX_REF = 2 ** 31 - 1;

/** Hands out slots; each reuse is a new generation, and a slot whose generations are used up retires. */
export class Slots {
  /**
   * The ref of whoever has each slot, or gets it next; all bits turned, and so below 0, where that is
   * not a living peer. One look tells generation and life.
   */
  keys: Int32Array = new Int32Array(0);
  /** Slots that will never be used again. */
  retired = 0;
  /** How many slots were ever handed out. */
  #used = 0;
  /** First in, first out: generations are used up evenly, and stale refs stay recognisable long. */
  #free: number[] = [];
  #firstFree = 0;

  /** @throws RangeError `ERR_SYSTOLE_CAPACITY` when every slot is taken. */
  take(): PeerRef {
    const slot = this.#free[this.#firstFree] ?? this.#used;
    if (slot >= MAX_SLOTS) {
      const message = `One monitor holds at most ${MAX_SLOTS} peers.\nSpread them over several monitors.`;
      throw new SystoleRangeError("ERR_SYSTOLE_CAPACITY", message, slot);
    }
    if (slot === this.#used) {
      this.#used += 1;
      this.keys = grown(this.keys, this.#used);
      this.keys[slot] = ~slot;
    } else {
      this.#dropFirstFree();
    }
    return this.refAt(slot);
  }

  release(ref: PeerRef): void {
    const slot = slotOf(ref);
    const next = ref + MAX_SLOTS;
    this.keys[slot] = ~next;
    if (next > MAX_REF) this.retired += 1;
    else this.#free.push(slot);
  }

  /** The ref of whoever has this slot now, or would get it next. */
  refAt(slot: number): PeerRef {
    const key = this.keys[slot] as number;
    return (key < 0 ? ~key : key) as PeerRef;
  }

  /** Whether the peer in a slot is alive and judged, with nothing special about it. */
  isLiving(slot: number): boolean {
    return (this.keys[slot] as number) >= 0;
  }

  setLiving(slot: number, living: boolean): void {
    const ref = this.refAt(slot);
    this.keys[slot] = living ? ref : ~ref;
  }

  #dropFirstFree(): void {
    this.#firstFree += 1;
    if (2 * this.#firstFree < this.#free.length) return;
    this.#free = this.#free.slice(this.#firstFree);
    this.#firstFree = 0;
  }
}

/** The slot of a ref: dense, from 0. */
export function slotOf(ref: PeerRef): number {
  return ref & (MAX_SLOTS - 1);
}

/** By a sixteenth more: doubling would waste more than it saves at a million. */
export function grown<Column extends Float64Array | Int32Array | Uint32Array | Uint16Array>(
  column: Column,
  least: number,
): Column {
  if (column.length >= least) return column;
  const Longer = column.constructor as new (length: number) => Column;
  const longer = new Longer(Math.max(least, Math.ceil(column.length * 1.0625) + 16));
  longer.set(column);
  return longer;
}
