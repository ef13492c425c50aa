// Frames into bytes: one encoding for each value, so that equal frames are equal bytes.

import type { BeatFrame, Frame } from "./frame.ts";
import {
  ASKS,
  COMPLETE,
  COUNTED,
  LAYOUTS,
  type Layout,
  MAGIC,
  u32,
  VERSION,
  word,
} from "./layout.ts";
import { encodeText } from "./text.ts";

/** The bytes of a frame. The caller vouches for the ranges; `decodeFrame` checks them. */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const index = LAYOUTS.findIndex(({ type }) => type === frame.type);
  const { fields, endsAt } = LAYOUTS[index] as Layout;
  const rest = frame.type === "data" ? frame.payload : frame.extra;
  const { identity, asks, counted } = frame as Partial<BeatFrame>;
  const id = identity && encodeText(identity.id);
  const bytes = new Uint8Array(endsAt + (id ? 9 + id.length : 0) + rest.length);
  const flags = (id ? COMPLETE : 0) + (asks ? ASKS : 0) + (counted ? COUNTED : 0);
  bytes.set([MAGIC, VERSION, index + 1, flags]);
  u32.put(bytes, 4, bytes.length);
  for (const { name, at, field } of fields) field.put(bytes, at, frame[name as keyof Frame]);
  if (id) {
    word.put(bytes, endsAt, identity.boot);
    bytes[endsAt + 8] = id.length;
    bytes.set(id, endsAt + 9);
  }
  bytes.set(rest, bytes.length - rest.length);
  return bytes;
}
