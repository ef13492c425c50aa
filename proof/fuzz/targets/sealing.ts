// A seal that is quick to compute and that nobody guesses by chance: enough where nobody looks for a
// collision. Real seals are HMACs, and are tested in the adapter.
import type { Sealing } from "../../../packages/core/src/endpoint/sealing.ts";

export const SEAL_BYTES = 20;
const ID_BYTES = 4;

/** Seals under one key, which is a number. */
export function checksumSealing(key: number): Sealing {
  return {
    sealBytes: SEAL_BYTES,
    seal(datagram) {
      const at = datagram.length - SEAL_BYTES;
      datagram.fill(key, at, at + ID_BYTES);
      for (let n = 0; n < 4; n++) put(datagram, at + ID_BYTES + 4 * n, checksum(datagram, key + n));
    },
    open(datagram) {
      const at = datagram.length - SEAL_BYTES;
      if (datagram[at] !== key || datagram[at + 1] !== key) return "unknown-key";
      for (let n = 0; n < 4; n++) {
        const sum = checksum(datagram, key + n);
        for (let byte = 0; byte < 4; byte++)
          if (datagram[at + ID_BYTES + 4 * n + byte] !== ((sum >>> (8 * byte)) & 255))
            return "bad-seal";
        // One of the four is as good as all, and quicker.
        if (n === 0) break;
      }
      return "opened";
    },
  };
}

function put(bytes: Uint8Array, at: number, word: number): void {
  for (let byte = 0; byte < 4; byte++) bytes[at + byte] = (word >>> (8 * byte)) & 255;
}

/** Over everything before the code. */
function checksum(datagram: Uint8Array, key: number): number {
  let sum = Math.imul(key, 0x9e3779b1) | 1;
  const end = datagram.length - SEAL_BYTES + ID_BYTES;
  for (let at = 0; at < end; at++) {
    sum = Math.imul(sum ^ (datagram[at] as number), 0x01000193);
    sum ^= sum >>> 15;
  }
  return sum >>> 0;
}
