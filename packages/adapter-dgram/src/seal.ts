// Keys: every datagram authenticated with HMAC-SHA-256, truncated to 128 bits. Signed with one key, accepted
// with any of several, so that keys can change without a gap. What an unauthentic datagram means is the
// endpoint's business.

import { createSecretKey, KeyObject, timingSafeEqual } from "node:crypto";
import { SystoleTypeError } from "@systole/core";
import { MAX_CONTROL_BYTES, type Sealing } from "@systole/core/endpoint";
import { Hmac, type HmacKey, hmacKeyOf } from "./hmac.ts";

/** A secret of 16 bytes or more, shared by all who may speak: bytes, or a `KeyObject`. */
export type Secret = Uint8Array | KeyObject;

/** Whose datagrams are authentic. The names are ours alone: other nodes may call the same keys differently. */
export interface Keys {
  /** The name of the key that our datagrams are sealed with. */
  readonly sign: string;
  /** The keys we accept, by name; the one named by `sign` among them. */
  readonly accept: Readonly<Record<string, Secret>>;
}

interface Key {
  readonly name: string;
  readonly secret: HmacKey;
  /** Names the key on the wire, and follows from it. */
  readonly id: Uint8Array;
  /** Datagrams that it opened. */
  opened: number;
}

const CODE_BYTES = 16;
const ID_BYTES = 4;
const ID_TEXT = Buffer.from("systole key id");
const LEAST_SECRET_BYTES = 16;
const MAX_SEALED_BYTES = MAX_CONTROL_BYTES + ID_BYTES + CODE_BYTES;

// Of their own, so that nothing is allocated for a datagram but what node:crypto needs: what computes codes, and
// computed and received ones to compare.
const hmac = new Hmac(MAX_SEALED_BYTES);
const computed = new Uint8Array(CODE_BYTES);
const received = new Uint8Array(CODE_BYTES);

/** Seals and opens datagrams. A seal is the key's id (4 bytes) and the code over all before the code. */
export class Seals implements Sealing {
  readonly sealBytes: number = ID_BYTES + CODE_BYTES;
  #signing: Key;
  #accepted: ReadonlyMap<number, Key>;

  /** @throws TypeError `ERR_SYSTOLE_OPTION` */
  constructor(keys: Keys) {
    [this.#signing, this.#accepted] = keysOf(keys, new Map());
  }

  /** Other keys from now on. Those that stay go on counting. */
  use(keys: Keys): void {
    [this.#signing, this.#accepted] = keysOf(keys, this.#accepted);
  }

  /** How many datagrams each accepted key opened: one that opens none any more can go. */
  get opened(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      [...this.#accepted.values()].map(({ name, opened }) => [name, opened]),
    );
  }

  readonly seal = (sealed: Uint8Array): void => {
    const codeOffset = sealed.length - CODE_BYTES;
    const { id, secret } = this.#signing;
    sealed.set(id, codeOffset - ID_BYTES);
    hmac.compute(secret, sealed, codeOffset, computed);
    sealed.set(computed, codeOffset);
  };

  readonly open = (sealed: Uint8Array): "opened" | "unknown-key" | "bad-seal" => {
    const codeOffset = sealed.length - CODE_BYTES;
    const key = this.#accepted.get(wordOf(sealed, codeOffset - ID_BYTES));
    // No code is computed for who does not even know a key's id.
    if (key === undefined) return "unknown-key";
    if (sealed.length > MAX_SEALED_BYTES) return "bad-seal";
    hmac.compute(key.secret, sealed, codeOffset, computed);
    for (let n = 0; n < CODE_BYTES; n++) received[n] = sealed[codeOffset + n] as number;
    if (!timingSafeEqual(computed, received)) return "bad-seal";
    key.opened += 1;
    return "opened";
  };
}

function wordOf(seal: Uint8Array, offset: number): number {
  let word = 0;
  for (let n = 0; n < ID_BYTES; n++) word = word * 256 + (seal[offset + n] as number);
  return word;
}

function keysOf(
  { sign, accept }: Keys,
  known: ReadonlyMap<number, Key>,
): readonly [signing: Key, accepted: ReadonlyMap<number, Key>] {
  const accepted = new Map<number, Key>();
  let signing: Key | undefined;
  for (const [name, given] of Object.entries(accept ?? {})) {
    const secret = hmacKeyOf(secretOf(name, given));
    const id = new Uint8Array(ID_BYTES);
    hmac.compute(secret, ID_TEXT, ID_TEXT.length, id);
    const word = wordOf(id, 0);
    const other = accepted.get(word);
    if (other)
      wrong(`keys.accept: ${other.name} and ${name} are the same key`, "Leave one of them out.");
    const key = { name, secret, id, opened: known.get(word)?.opened ?? 0 };
    accepted.set(word, key);
    if (name === sign) signing = key;
  }
  if (signing === undefined) {
    const names = Object.keys(accept ?? {}).join(", ") || "none";
    return wrong(
      `keys.sign must name one of keys.accept (got ${sign}; accepted: ${names})`,
      "Accept the key you sign with, too.",
    );
  }
  return [signing, accepted];
}

function secretOf(name: string, given: Secret): KeyObject {
  const isKey = given instanceof KeyObject && given.type === "secret";
  const lengthBytes = isKey
    ? given.symmetricKeySize
    : given instanceof Uint8Array
      ? given.length
      : 0;
  if ((lengthBytes ?? 0) < LEAST_SECRET_BYTES) {
    wrong(
      `keys.accept.${name} must be at least ${LEAST_SECRET_BYTES} bytes, or a secret KeyObject of that many`,
      "Take 32 bytes of crypto.randomBytes; what people can remember can be guessed.",
    );
  }
  return isKey ? given : createSecretKey(given as Uint8Array);
}

/** Errors about keys name them and never show them. */
function wrong(what: string, wayOut: string): never {
  throw new SystoleTypeError("ERR_SYSTOLE_OPTION", `${what}.\n${wayOut}`);
}
