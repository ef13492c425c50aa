// Changes as an async iterator that holds a bounded number of them: a reader that is too slow loses
// the oldest, and can see how many.

/** Changes in the order they happened; see `node.changes()`. */
export class Changes<Change> implements AsyncIterableIterator<Change> {
  /** Changes lost so far because the reader was too slow; always the oldest. */
  dropped = 0;

  readonly #limit: number;
  readonly #ended: (changes: Changes<Change>) => void;
  readonly #held: Change[] = [];
  readonly #waiting: ((result: IteratorResult<Change, undefined>) => void)[] = [];
  #done = false;

  /** @internal */
  constructor(limit: number, ended: (changes: Changes<Change>) => void) {
    this.#limit = limit;
    this.#ended = ended;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Change, undefined>> {
    const value = this.#held.shift();
    if (value !== undefined) return { value, done: false };
    if (this.#done) return { value: undefined, done: true };
    return await new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends the iteration; leaving a `for await` loop calls it. */
  async return(): Promise<IteratorResult<Change, undefined>> {
    this.end();
    this.#held.length = 0;
    return { value: undefined, done: true };
  }

  /** @internal */
  push(change: Change): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return waiting({ value: change, done: false });
    if (this.#held.length === this.#limit) {
      this.#held.shift();
      this.dropped += 1;
    }
    this.#held.push(change);
  }

  /** @internal What is held can still be read. */
  end(): void {
    if (this.#done) return;
    this.#done = true;
    for (const waiting of this.#waiting) waiting({ value: undefined, done: true });
    this.#ended(this);
  }
}
