// Our newest frames in a conversation: when each left whose echo may still come. Three numbers a frame, at a place
// that follows from its own: frames leave and are echoed without an object for any of them.

/** So many frames of ours can await their echo; older ones are as good as never sent. */
const MOST = 64;
/** Nearly everybody's newest frames are echoed before there are more. */
const FEW = 4;
const ROW = 3;

export class SentFrames {
  /** Rows of a number, when that frame left, and the same in observed time. NaN: none. */
  #rows: number[] = emptyRows(FEW);
  /** Those before it will not be echoed any more. */
  #oldest = 1;
  #newest = 0;

  /** A frame leaves, with a number above all others. */
  add(seq: number, at: number, observedAt: number): void {
    while (this.#isAwaited(this.#rowFor(seq)) && this.#rows.length < MOST * ROW) this.#grow();
    const row = this.#rowFor(seq);
    this.#rows[row] = seq;
    this.#rows[row + 1] = at;
    this.#rows[row + 2] = observedAt;
    this.#newest = seq;
  }

  /** It did not leave after all. */
  remove(seq: number): void {
    const row = this.rowOf(seq);
    if (row >= 0) this.#rows[row] = Number.NaN;
    if (seq === this.#newest) this.#newest = seq - 1;
  }

  /** It was echoed: those before it will not be any more. */
  forgetBefore(seq: number): void {
    this.#oldest = seq;
  }

  /** Where a frame is; −1 if it never left, or too long ago. */
  rowOf(seq: number): number {
    const row = this.#rowFor(seq);
    return this.#rows[row] === seq && this.#isAwaited(row) ? row : -1;
  }

  /** When the frame there left: raw clock, read before that. */
  at(row: number): number {
    return this.#rows[row + 1] as number;
  }

  observedAt(row: number): number {
    return this.#rows[row + 2] as number;
  }

  /** When the newest one left; −Infinity where there is none. */
  get lastAt(): number {
    const row = this.rowOf(this.#newest);
    return row < 0 ? Number.NEGATIVE_INFINITY : this.at(row);
  }

  #rowFor(seq: number): number {
    // The low bits: there is room for a power of two.
    return (seq & (this.#rows.length / ROW - 1)) * ROW;
  }

  #isAwaited(row: number): boolean {
    return (this.#rows[row] as number) >= this.#oldest;
  }

  #grow(): void {
    const before = this.#rows;
    this.#rows = emptyRows((2 * before.length) / ROW);
    for (let row = 0; row < before.length; row += ROW) {
      const seq = before[row] as number;
      if (seq > 0) this.add(seq, before[row + 1] as number, before[row + 2] as number);
    }
  }
}

function emptyRows(count: number): number[] {
  return new Array<number>(count * ROW).fill(Number.NaN);
}
