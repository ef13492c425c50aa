// Frames into bytes: one encoding for each value, so that equal frames are equal bytes.

import type { Frame } from "./frame.ts";
import { ASKS, COMPLETE, COUNTED, LAYOUTS, type Layout, MAGIC, VERSION, word } from "./layout.ts";
import { encodeText } from "./text.ts";

/** The bytes of a frame. The caller vouches for the ranges; `decodeFrame` checks them. */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const index = LAYOUTS.findIndex(({ type }) => type === frame.type);
  const { fields, endsAt } = LAYOUTS[index] as Layout;
  const rest = frame.type === "data" ? frame.payload : frame.extra;
  const isBeat = frame.type === "beat" || frame.type === "echo";
  const identity = isBeat ? frame.identity : undefined;
  const id = identity && encodeText(identity.id);
  const bytes = new Uint8Array(endsAt + (id ? 9 + id.length : 0) + rest.length);
  bytes.set([MAGIC, VERSION, index + 1]);
  if (isBeat) {
    bytes[3] = (id ? COMPLETE : 0) | (frame.asks ? ASKS : 0) | (frame.counted ? COUNTED : 0);
  }
  const view = new DataView(bytes.buffer);
  view.setUint32(4, bytes.length);
  for (const [name, at, field] of fields) field.put(view, at, frame[name as keyof Frame]);
  if (identity && id) {
    word.put(view, endsAt, identity.boot);
    bytes[endsAt + 8] = id.length;
    bytes.set(id, endsAt + 9);
  }
  bytes.set(rest, bytes.length - rest.length);
  return bytes;
}
