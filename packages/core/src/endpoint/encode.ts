// Frames into bytes: one encoding for each value, so that equal frames are equal bytes.

import type { BeatFrame, Frame } from "./frame.ts";
import { COMPLETE, LAYOUTS, type Layout, MAGIC, type Pass, TYPES, VERSION } from "./layout.ts";
import { encodeText } from "./text.ts";

const writing: Pass = {
  flag(bytes, flag, value) {
    if (value) (bytes[3] as number) |= flag;
    return value;
  },
  u32(bytes, at, value) {
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    return value;
  },
  u48(bytes, at, value) {
    const high = Math.floor(value / 2 ** 32);
    bytes[at] = high >>> 8;
    bytes[at + 1] = high;
    writing.u32(bytes, at + 2, value >>> 0);
    return value;
  },
  word(bytes, at, value) {
    writing.u32(bytes, at, value.hi);
    writing.u32(bytes, at + 4, value.lo);
    return value;
  },
  oneOf(bytes, at, value, list) {
    bytes[at] = list.indexOf(value) + 1;
    return value;
  },
};

/**
 * The bytes of a frame, and `roomBytes` of room behind it. The caller vouches for the ranges;
 * `decodeFrame` checks them.
 */
export function encodeFrame(frame: Frame, roomBytes = 0): Uint8Array<ArrayBuffer> {
  const index = TYPES.indexOf(frame.type);
  const { fields, endsAt } = LAYOUTS[index] as Layout<Frame>;
  const rest = frame.type === "data" ? frame.payload : frame.extra;
  const { identity } = frame as Partial<BeatFrame>;
  const id = identity && encodeText(identity.id);
  const lengthBytes = endsAt + (id ? 9 + id.length : 0) + rest.length;
  const bytes = new Uint8Array(lengthBytes + roomBytes);
  bytes[0] = MAGIC;
  bytes[1] = VERSION;
  bytes[2] = index + 1;
  writing.u32(bytes, 4, lengthBytes);
  fields(writing, bytes, frame);
  if (id) {
    writing.flag(bytes, COMPLETE, true);
    writing.word(bytes, endsAt, identity.boot);
    bytes[endsAt + 8] = id.length;
    bytes.set(id, endsAt + 9);
  }
  if (rest.length) bytes.set(rest, lengthBytes - rest.length);
  return bytes;
}
