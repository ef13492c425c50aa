// Changes as async iterators that hold a bounded number of them: a reader that is too slow loses the
// oldest, and can see how many. For adapters, which know when the last change has come.

import { SystoleRangeError } from "./errors.ts";

const MAX_CHANGES = 1_024;

/** Options of the `changes()` of adapters. */
export interface ChangesOptions {
  /** How many are held for a slow reader, from 1. Default 1024. */
  readonly limit?: number | undefined;
}

/** Hands each change to everybody who reads them, from when they began to. */
export class ChangeFeed<Change> {
  readonly #readers: Set<Changes<Change>> = new Set();
  #ended = false;

  /** @throws RangeError `ERR_SYSTOLE_OPTION` for a wrong limit. */
  read({ limit = MAX_CHANGES }: ChangesOptions = {}): Changes<Change> {
    if (!(Number.isInteger(limit) && limit > 0)) {
      throw new SystoleRangeError(
        "ERR_SYSTOLE_OPTION",
        `limit must be a whole number above 0 (got ${limit}).\nLeave it out for ${MAX_CHANGES}.`,
        limit,
      );
    }
    const changes = new Changes<Change>(limit, (ended) => this.#readers.delete(ended));
    this.#readers.add(changes);
    if (this.#ended) changes.end();
    return changes;
  }

  push(change: Change): void {
    for (const changes of this.#readers) changes.push(change);
  }

  /** No more will come: readers end once they have read what is held. */
  end(): void {
    this.#ended = true;
    for (const changes of [...this.#readers]) changes.end();
  }
}

/** Changes in the order in which they happened. */
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
