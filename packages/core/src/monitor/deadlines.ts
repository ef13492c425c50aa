// Who is due. Peers stand in blocks of 64 with a lower bound of their deadlines: hearing a peer only
// pushes its verdict later, so a bound may be stale without being wrong, and a beat moves nothing. A
// block whose bound is reached is looked through. Beats of living peers come round too often for
// that; the ring finds them one by one.

import { BeatRing } from "./beat-ring.ts";

const BLOCK = 64;

/** What this structure asks of the peers it keeps in order. Infinity: never, or nobody there. */
export interface Dates {
  /** The next verdict of a living peer; the next anything of another one. */
  deadlineAt(slot: number): number;
  /** The next beat of a living peer. */
  beatDueAt(slot: number): number;
}

/** A slot that is due, and since when. */
export interface Due {
  readonly slot: number;
  readonly at: number;
}

export class Deadlines {
  readonly #dates: Dates;
  readonly #ring: BeatRing;
  #bounds: Float64Array = new Float64Array(0);
  /** One bit a slot: a living peer whose beat is due. Two words a block. */
  #ripe: Uint32Array = new Uint32Array(0);
  #ripeCount = 0;
  #boundAt = Number.POSITIVE_INFINITY;
  #cursor = 0;
  readonly #beatDueAt = (slot: number): number => this.#dates.beatDueAt(slot);
  readonly #ripen = (slot: number): void => this.#setRipe(slot);

  constructor(dates: Dates, now: number) {
    this.#dates = dates;
    this.#ring = new BeatRing(now);
  }

  /** A lower bound of all deadlines. May be too early, never too late. */
  nextAt(now: number): number {
    if (this.#ripeCount > 0) return now;
    return Math.min(this.#boundAt, this.#ring.nextAt);
  }

  /** The deadline of a peer may have moved earlier. */
  lower(slot: number, at: number): void {
    const block = Math.floor(slot / BLOCK);
    if (block >= this.#bounds.length) this.#grow(block + 1);
    if (at < (this.#bounds[block] as number)) this.#bounds[block] = at;
    if (at < this.#boundAt) this.#boundAt = at;
  }

  /** The next beat of a living peer is due at `at`. */
  schedule(slot: number, at: number): void {
    this.#ring.schedule(slot, at);
  }

  /** Everything may have moved, in either direction. */
  refresh(): void {
    for (let block = 0; block < this.#bounds.length; block++)
      this.#scan(block, 0, BLOCK, NOBODY_IS_DUE);
    this.#boundAt = lowest(this.#bounds);
  }

  /**
   * Takes what is due at `now`, by deadline, then slot. With a limit, so many by ascending slot from
   * where the last call left off; what remains stays due.
   */
  take(now: number, limit: number): readonly Due[] {
    this.#ring.drain(now, this.#beatDueAt, this.#ripen);
    if (this.nextAt(now) > now) {
      this.#cursor = 0;
      return [];
    }
    const due: Due[] = [];
    const slots = this.#bounds.length * BLOCK;
    this.#collect(this.#cursor, slots, now, limit, due);
    this.#collect(0, this.#cursor, now, limit, due);
    if (due.length > limit) {
      // One too many tells that something remains; it goes back.
      const { slot, at } = due.pop() as Due;
      this.lower(slot, at);
      this.#cursor = (due.at(-1) as Due).slot + 1;
    } else {
      this.#cursor = 0;
    }
    for (const { slot } of due) this.#clearRipe(slot);
    this.#boundAt = lowest(this.#bounds);
    return due.sort((a, b) => a.at - b.at || a.slot - b.slot);
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────

  /** Looks through the slots from `from` to below `until`, block by block, until there are enough. */
  #collect(from: number, until: number, now: number, limit: number, due: Due[]): void {
    const lastBlock = Math.ceil(until / BLOCK);
    for (let block = Math.floor(from / BLOCK); block < lastBlock; block++) {
      if (due.length > limit) return;
      const bounded = (this.#bounds[block] as number) > now;
      const ripe = (this.#ripe[2 * block] as number) | (this.#ripe[2 * block + 1] as number);
      if (bounded && ripe === 0) continue;
      const first = Math.max(0, from - block * BLOCK);
      const end = Math.min(BLOCK, until - block * BLOCK);
      if (bounded) this.#takeRipe(block, first, end, now, limit, due);
      else this.#scan(block, first, end, { now, limit, due });
    }
  }

  /** Every peer of a block; its bound becomes exact when all of it was looked at. */
  #scan(
    block: number,
    first: number,
    end: number,
    into: { readonly now: number; readonly limit: number; readonly due: Due[] },
  ): void {
    let bound = Number.POSITIVE_INFINITY;
    for (let index = first; index < end; index++) {
      if (into.due.length > into.limit) return;
      const slot = block * BLOCK + index;
      const deadlineAt = this.#dates.deadlineAt(slot);
      const at = Math.min(deadlineAt, this.#ripeBeatAt(slot, into.now));
      if (at <= into.now) into.due.push({ slot, at });
      else bound = Math.min(bound, deadlineAt);
    }
    if (first === 0 && end === BLOCK) this.#bounds[block] = bound;
  }

  #takeRipe(
    block: number,
    first: number,
    end: number,
    now: number,
    limit: number,
    due: Due[],
  ): void {
    for (let index = first; index < end && due.length <= limit; index++) {
      const slot = block * BLOCK + index;
      const at = this.#ripeBeatAt(slot, now);
      if (at <= now) due.push({ slot, at });
    }
  }

  /** When a ripe beat is due; Infinity where there is none, or where it was postponed meanwhile. */
  #ripeBeatAt(slot: number, now: number): number {
    if (!this.#isRipe(slot)) return Number.POSITIVE_INFINITY;
    const at = this.#dates.beatDueAt(slot);
    if (at <= now) return at;
    this.#clearRipe(slot);
    this.#ring.schedule(slot, at);
    return Number.POSITIVE_INFINITY;
  }

  #isRipe(slot: number): boolean {
    return (((this.#ripe[slot >>> 5] as number) >>> (slot & 31)) & 1) === 1;
  }

  #setRipe(slot: number): void {
    if (this.#isRipe(slot)) return;
    this.#ripe[slot >>> 5] = (this.#ripe[slot >>> 5] as number) | (1 << (slot & 31));
    this.#ripeCount += 1;
  }

  #clearRipe(slot: number): void {
    if (!this.#isRipe(slot)) return;
    this.#ripe[slot >>> 5] = (this.#ripe[slot >>> 5] as number) & ~(1 << (slot & 31));
    this.#ripeCount -= 1;
  }

  #grow(least: number): void {
    const blocks = Math.max(least, Math.ceil(this.#bounds.length * 1.5));
    const bounds = new Float64Array(blocks).fill(Number.POSITIVE_INFINITY);
    bounds.set(this.#bounds);
    this.#bounds = bounds;
    const ripe = new Uint32Array(2 * blocks);
    ripe.set(this.#ripe);
    this.#ripe = ripe;
  }
}

const NOBODY_IS_DUE = { now: Number.NEGATIVE_INFINITY, limit: 0, due: [] as Due[] };

function lowest(bounds: Float64Array): number {
  let least = Number.POSITIVE_INFINITY;
  for (let block = 0; block < bounds.length; block++) {
    const bound = bounds[block] as number;
    if (bound < least) least = bound;
  }
  return least;
}
