// Bytes into frames. Never throws, never trusts a length; what is not the one encoding of a value is no
// frame.

import {
  type Frame,
  type FrameFault,
  HEADER_BYTES,
  MAX_CONTROL_BYTES,
  MAX_ID_BYTES,
  PADDED_BYTES,
} from "./frame.ts";
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
  const lengthBytes = u32.get(bytes, 4) as number;
  const isFit = lengthBytes >= HEADER_BYTES && (isData || lengthBytes <= MAX_CONTROL_BYTES);
  return isFit ? { ok: true, isData, lengthBytes } : fault("length");
}

/** One whole frame. What is returned shares no memory with `bytes`, except a DATA payload. */
export function decodeFrame(bytes: Uint8Array): Decoded {
  if (bytes.length < HEADER_BYTES) return fault("short");
  const header = decodeHeader(bytes);
  if (!header.ok) return header;
  if (header.lengthBytes !== bytes.length) return fault("length");
  const { type, flags: allowed, fields, endsAt } = layoutOf(bytes) as Layout;
  const flags = bytes[3] as number;
  if (flags & ~allowed) return fault("flags");
  if (bytes.length < endsAt) return fault("short");
  if (type === "data") return { ok: true, frame: { type, payload: bytes.subarray(endsAt) } };
  const frame: Record<string, unknown> = { type };
  for (const { name, at, field } of fields) {
    const value = field.get(bytes, at);
    if (value === undefined) return fault("range");
    frame[name] = value;
  }
  let extraAt = endsAt;
  if (type === "beat" || type === "echo") {
    frame["asks"] = (flags & ASKS) > 0;
    frame["counted"] = (flags & COUNTED) > 0;
    if (flags & COMPLETE) {
      const boot = word.get(bytes, endsAt);
      const idAt = endsAt + 9;
      extraAt = idAt + (bytes[idAt - 1] as number);
      const id = idBetween(bytes, idAt, extraAt);
      if (!id) return fault("id");
      if (frame["asks"] && bytes.length < PADDED_BYTES) return fault("short");
      frame["identity"] = { boot, id };
    }
  }
  // Not `slice`: that of a Node Buffer copies nothing.
  frame["extra"] = new Uint8Array(bytes.subarray(extraAt));
  return { ok: true, frame: frame as unknown as Frame };
}

/** An id; undefined or empty where it is none. */
function idBetween(bytes: Uint8Array, at: number, endsAt: number): string | undefined {
  const isFit = endsAt <= bytes.length && endsAt - at <= MAX_ID_BYTES;
  return isFit ? decodeText(bytes.subarray(at, endsAt)) : undefined;
}

function layoutOf(bytes: Uint8Array): Layout | undefined {
  return LAYOUTS[(bytes[2] as number) - 1];
}

function fault(reason: FrameFault): Fault {
  return { ok: false, fault: reason };
}
