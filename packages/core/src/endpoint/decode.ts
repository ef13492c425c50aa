// Bytes into frames. Never throws, never trusts a length; what is not the one encoding of a value is no
// frame.

import {
  type Frame,
  type FrameFault,
  HEADER_BYTES,
  type Identity,
  MAX_CONTROL_BYTES,
  MAX_ID_BYTES,
  PADDED_BYTES,
  type Word64,
} from "./frame.ts";
import { ASKS, COMPLETE, COUNTED, LAYOUTS, type Layout, MAGIC, VERSION, word } from "./layout.ts";
import { decodeText } from "./text.ts";

interface Fault {
  readonly ok: false;
  readonly fault: FrameFault;
}

export type Decoded = { readonly ok: true; readonly frame: Frame } | Fault;

/** The header of a frame, as far as a stream needs it to cut frames. */
export type Header =
  | { readonly ok: true; readonly isData: boolean; readonly lengthBytes: number }
  | Fault;

/** Reads the first 8 bytes of a frame; `bytes` must hold that many. */
export function decodeHeader(bytes: Uint8Array): Header {
  if (bytes[0] !== MAGIC) return fault("magic");
  if (bytes[1] !== VERSION) return fault("version");
  const layout = layoutOf(bytes);
  if (layout === undefined) return fault("type");
  const isData = layout.type === "data";
  const lengthBytes = viewOf(bytes).getUint32(4);
  const isFit = lengthBytes >= HEADER_BYTES && (isData || lengthBytes <= MAX_CONTROL_BYTES);
  return isFit ? { ok: true, isData, lengthBytes } : fault("length");
}

/** One whole frame. What is returned shares no memory with `bytes`, except a DATA payload. */
export function decodeFrame(bytes: Uint8Array): Decoded {
  if (bytes.length < HEADER_BYTES) return fault("short");
  const header = decodeHeader(bytes);
  if (!header.ok) return header;
  if (header.lengthBytes !== bytes.length) return fault("length");
  const layout = layoutOf(bytes) as Layout;
  const { type, fields, endsAt } = layout;
  const flags = bytes[3] as number;
  if (flags & ~layout.flags) return fault("flags");
  if (bytes.length < endsAt) return fault("short");
  if (type === "data") return { ok: true, frame: { type, payload: bytes.subarray(endsAt) } };
  const frame: Record<string, unknown> = { type };
  const view = viewOf(bytes);
  for (const [name, at, field] of fields) {
    frame[name] = field.get(view, at);
    if (frame[name] === undefined) return fault("range");
  }
  let extraAt = endsAt;
  if (type === "beat" || type === "echo") {
    frame["asks"] = (flags & ASKS) !== 0;
    frame["counted"] = (flags & COUNTED) !== 0;
    if (flags & COMPLETE) {
      extraAt += 9 + (bytes[endsAt + 8] ?? 0);
      const identity = getIdentity(bytes, view, endsAt, extraAt);
      if (identity === undefined) return fault("id");
      if (frame["asks"] && bytes.length < PADDED_BYTES) return fault("short");
      frame["identity"] = identity;
    }
  }
  // Not `slice`: that of a Node Buffer copies nothing.
  frame["extra"] = new Uint8Array(bytes.subarray(extraAt));
  return { ok: true, frame: frame as unknown as Frame };
}

/** Undefined where it is broken. */
function getIdentity(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  endsAt: number,
): Identity | undefined {
  const idBytes = bytes.subarray(at + 9, endsAt);
  // One that ends beyond the frame was cut, and is shorter than it says.
  const isWhole = idBytes.length === bytes[at + 8];
  const isFit = isWhole && idBytes.length > 0 && idBytes.length <= MAX_ID_BYTES;
  const id = isFit ? decodeText(idBytes) : undefined;
  return id === undefined ? undefined : { boot: word.get(view, at) as Word64, id };
}

function layoutOf(bytes: Uint8Array): Layout | undefined {
  return LAYOUTS[(bytes[2] as number) - 1];
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function fault(reason: FrameFault): Fault {
  return { ok: false, fault: reason };
}
