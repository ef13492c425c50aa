// Frames into bytes: one encoding for each value, so that equal frames are equal bytes.

import type { BeatFrame, Frame, Word64 } from "./frame.ts";
import { COMPLETE, LAYOUTS, type Layout, MAGIC, type Pass, TYPES, VERSION } from "./layout.ts";
import { encodeText } from "./text.ts";

const writing: Pass = {
  flag(bytes, flag, value) {
    if (value) (bytes[3] as number) |= flag;
    return value;
  },
  u32(bytes, at, value) {
    putU32(bytes, at, value);
    return value;
  },
  u48(bytes, at, value) {
    putU48(bytes, at, value);
    return value;
  },
  word(bytes, at, value) {
    putWord(bytes, at, value);
    return value;
  },
  oneOf(bytes, at, value, list) {
    bytes[at] = list.indexOf(value) + 1;
    return value;
  },
};

/** Where a frame is written: so many bytes, of any content. */
export type Allocate = (lengthBytes: number) => Uint8Array<ArrayBuffer>;

export const allocated: Allocate = (lengthBytes) => new Uint8Array(lengthBytes);

/**
 * The bytes of a frame, and `roomBytes` of room behind it, which is left as it was allocated. The caller
 * vouches for the ranges; `decodeFrame` checks them.
 *
 * @example
 * ```ts
 * const bytes = encodeFrame({ ...frame, seq: frame.seq + 1 });
 * ```
 */
export function encodeFrame(
  frame: Frame,
  roomBytes = 0,
  allocate: Allocate = allocated,
): Uint8Array<ArrayBuffer> {
  const index = TYPES.indexOf(frame.type);
  const { fields, endsAt } = LAYOUTS[index] as Layout<Frame>;
  const rest = frame.type === "data" ? frame.payload : frame.extra;
  const { identity } = frame as Partial<BeatFrame>;
  const id = identity && encodeText(identity.id);
  const lengthBytes = endsAt + (id ? 9 + id.length : 0) + rest.length;
  const bytes = allocate(lengthBytes + roomBytes);
  bytes[0] = MAGIC;
  bytes[1] = VERSION;
  bytes[2] = index + 1;
  bytes[3] = 0;
  putU32(bytes, 4, lengthBytes);
  fields(writing, bytes, frame);
  if (id) {
    writing.flag(bytes, COMPLETE, true);
    putWord(bytes, endsAt, identity.boot);
    bytes[endsAt + 8] = id.length;
    bytes.set(id, endsAt + 9);
  }
  if (rest.length) bytes.set(rest, lengthBytes - rest.length);
  return bytes;
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function putU48(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 2 ** 32);
  bytes[at] = high >>> 8;
  bytes[at + 1] = high;
  putU32(bytes, at + 2, value >>> 0);
}

export function putWord(bytes: Uint8Array, at: number, { hi, lo }: Word64): void {
  putU32(bytes, at, hi);
  putU32(bytes, at + 4, lo);
}
