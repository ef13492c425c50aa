// HMAC-SHA-256 (RFC 2104) of one datagram: the two hashes of its definition, each in one call of node:crypto.
// `createHmac` makes an object for every code, and takes much longer (bench/dgram/core.mjs). A property holds this
// to what that says.

import { hash, type KeyObject } from "node:crypto";

const ALGORITHM = "sha256";
const BLOCK_BYTES = 64;
const HASH_BYTES = 32;

/** A key, filled up to a block, as each of the two hashes begins with it. */
export interface HmacKey {
  readonly inner: Uint8Array;
  readonly outer: Uint8Array;
}

export function hmacKeyOf(secret: KeyObject): HmacKey {
  const given = secret.export();
  const key = given.length > BLOCK_BYTES ? hash(ALGORITHM, given, "buffer") : given;
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key);
  const pads = { inner: block.map((byte) => byte ^ 0x36), outer: block.map((byte) => byte ^ 0x5c) };
  // Copies of the secret that nobody needs any more.
  for (const copy of [given, key, block]) copy.fill(0);
  return pads;
}

/** Computes codes over texts up to a length, in the same few buffers for each of them. */
export class Hmac {
  readonly #text: Uint8Array;
  readonly #hashed: Uint8Array = new Uint8Array(BLOCK_BYTES + HASH_BYTES);
  /** Of `#text`, by the length of what is hashed: to make one costs more than to look it up. */
  readonly #views: Uint8Array[] = [];

  constructor(maxTextBytes: number) {
    this.#text = new Uint8Array(BLOCK_BYTES + maxTextBytes);
  }

  /** Puts as much of the code over the first bytes of a text as there is room for into `code`. */
  compute(key: HmacKey, text: Uint8Array, coveredBytes: number, code: Uint8Array): void {
    this.#text.set(key.inner);
    this.#text.set(text, BLOCK_BYTES);
    this.#views[coveredBytes] ??= this.#text.subarray(0, BLOCK_BYTES + coveredBytes);
    this.#hashed.set(key.outer);
    hashInto(this.#views[coveredBytes], this.#hashed, BLOCK_BYTES, HASH_BYTES);
    hashInto(this.#hashed, code, 0, code.length);
  }
}

/** As a string, read one by one: cheaper than a buffer for each. */
function hashInto(bytes: Uint8Array, into: Uint8Array, offset: number, lengthBytes: number): void {
  const hashed = hash(ALGORITHM, bytes, "binary");
  for (let n = 0; n < lengthBytes; n++) into[offset + n] = hashed.charCodeAt(n);
}
