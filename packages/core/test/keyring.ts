// Seals for tests, as an adapter would make them: HMAC-SHA-256 under one of some keys, behind a byte that
// says which.
import { createHmac } from "node:crypto";
import type { Sealing } from "../src/endpoint/sealing.ts";

const SEAL_BYTES = 17;

export class Keyring implements Sealing {
  readonly sealBytes = SEAL_BYTES;
  /** Numbers keys; the number is the key, too. */
  signs: number;
  accepts: readonly number[];

  constructor(signs: number, accepts: readonly number[] = [signs]) {
    this.signs = signs;
    this.accepts = accepts;
  }

  readonly seal = (datagram: Uint8Array<ArrayBuffer>): void => {
    datagram[datagram.length - SEAL_BYTES] = this.signs;
    datagram.set(this.#mac(datagram, this.signs), datagram.length - SEAL_BYTES + 1);
  };

  readonly open = (datagram: Uint8Array): "opened" | "unknown-key" | "bad-seal" => {
    const key = datagram[datagram.length - SEAL_BYTES] as number;
    if (!this.accepts.includes(key)) return "unknown-key";
    const mac = this.#mac(datagram, key);
    const isAuthentic = mac.every(
      (byte, n) => byte === datagram[datagram.length - SEAL_BYTES + 1 + n],
    );
    return isAuthentic ? "opened" : "bad-seal";
  };

  #mac(datagram: Uint8Array, key: number): Uint8Array {
    const covered = datagram.subarray(0, datagram.length - SEAL_BYTES + 1);
    return createHmac("sha256", `key ${key}`).update(covered).digest().subarray(0, 16);
  }
}
