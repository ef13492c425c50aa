// Reads an input as a little program or an object: each question takes some bytes, and past the end there
// are zeros, so every input means something.

export class Reader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  /** An integer from 0 to below `n`, of one byte. */
  below(n: number): number {
    return this.byte() % n;
  }

  oneOf<Item>(list: readonly Item[]): Item {
    return list[this.byte() % list.length] as Item;
  }

  u16(): number {
    return this.byte() * 256 + this.byte();
  }

  u32(): number {
    return this.u16() * 2 ** 16 + this.u16();
  }

  u48(): number {
    return this.u16() * 2 ** 32 + this.u32();
  }

  /** So many bytes, less at the end. */
  bytes(count: number): Uint8Array {
    const part = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return part;
  }
}
