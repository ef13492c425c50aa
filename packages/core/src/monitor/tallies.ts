// What is known of everybody's arrivals: a row of numbers a peer in one array. Nothing is taken before
// somebody numbers its frames, and more a row only once somebody times them or a detector learns.

import type { Tally } from "../peer/tally.ts";

export class Tallies {
  /** The row in hand. Before anybody numbers its frames, everybody shares a row of zeros. */
  readonly #inHand: Tally;
  #width = 0;
  #slots = 0;

  constructor(inHand: Tally) {
    this.#inHand = inHand;
  }

  /** Takes a row in hand, until the next one is. */
  take(slot: number): Tally {
    this.#inHand.at = slot * this.#width;
    return this.#inHand;
  }

  /** Every row has so many numbers at least. */
  widen(width: number): void {
    if (width <= this.#width) return;
    const { cells } = this.#inHand;
    const rows = new Float64Array(Math.max(1, this.#slots) * width);
    for (let slot = 0; slot < this.#slots; slot++) {
      rows.set(cells.subarray(slot * this.#width, (slot + 1) * this.#width), slot * width);
    }
    this.#inHand.cells = rows;
    this.#inHand.width = this.#width = width;
  }

  /** There are so many slots. */
  grow(slots: number): void {
    this.#slots = slots;
    if (this.#width === 0) return;
    const rows = new Float64Array(slots * this.#width);
    rows.set(this.#inHand.cells);
    this.#inHand.cells = rows;
  }

  /** A row that is nobody's any more. */
  clear(slot: number): void {
    this.take(slot).clear();
  }
}
