// The one source of chance of the fuzzer: small, fast, and the same from the same seed on every machine.

/** mulberry32. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 random bits. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** An integer from 0 to below `n`. */
  below(n: number): number {
    return this.next() % n;
  }

  oneOf<Item>(list: readonly Item[]): Item {
    return list[this.below(list.length)] as Item;
  }
}
