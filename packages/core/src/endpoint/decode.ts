// Bytes into frames. Never throws, never trusts a length; what is not the one encoding of a value is no
// frame.

import {
  type BeatFrame,
  type Frame,
  type FrameFault,
  HEADER_BYTES,
  MAX_CONTROL_BYTES,
  MAX_ID_BYTES,
  NO_TAG,
  PADDED_BYTES,
  TOP,
} from "./frame.ts";
import {
  ASKS,
  COMPLETE,
  LAYOUTS,
  type Layout,
  MAGIC,
  type Pass,
  TYPES,
  VERSION,
} from "./layout.ts";
import { decodeText } from "./text.ts";

type Writable<Of> = { -readonly [Name in keyof Of]: Of[Name] };

interface Fault {
  readonly ok: false;
  readonly fault: FrameFault;
}

/** A frame, or why the bytes are none. */
export type Decoded = { readonly ok: true; readonly frame: Frame } | Fault;

/** The header of a frame, as far as a stream needs it to cut frames. */
export type Header =
  | { readonly ok: true; readonly isData: boolean; readonly lengthBytes: number }
  | Fault;

/** Whether all that was read since this was set is within its range. */
let isInRange: boolean;

const reading: Pass = {
  flag: (bytes, flag) => ((bytes[3] as number) & flag) > 0,
  u32: u32At,
  u48(bytes, at, _value, least = 0) {
    const value = u48At(bytes, at);
    isInRange &&= value >= least && value < TOP;
    return value;
  },
  word: (bytes, at) => ({ hi: u32At(bytes, at), lo: u32At(bytes, at + 4) }),
  oneOf(bytes, at, _value, list) {
    const value = list[(bytes[at] as number) - 1];
    isInRange &&= value !== undefined;
    return value as never;
  },
};

/** Reads the first 8 bytes of a frame; `bytes` must hold that many from `at` on. */
export function decodeHeader(bytes: Uint8Array, at = 0): Header {
  if (bytes[at] !== MAGIC) return fault("magic");
  if (bytes[at + 1] !== VERSION) return fault("version");
  const type = TYPES[(bytes[at + 2] as number) - 1];
  if (!type) return fault("type");
  const isData = type === "data";
  const lengthBytes = u32At(bytes, at + 4);
  const isFit = lengthBytes >= HEADER_BYTES && (isData || lengthBytes <= MAX_CONTROL_BYTES);
  return isFit ? { ok: true, isData, lengthBytes } : fault("length");
}

/**
 * One whole frame, which ends with `bytes` or before what seals it. What is returned shares no memory
 * with `bytes`, except a DATA payload. Never throws, whatever the bytes are.
 *
 * @example
 * ```ts
 * const decoded = decodeFrame(bytes);
 * console.log(decoded.ok ? decoded.frame.type : decoded.fault);
 * ```
 */
export function decodeFrame(bytes: Uint8Array, lengthBytes: number = bytes.length): Decoded {
  if (lengthBytes < HEADER_BYTES) return fault("short");
  const header = decodeHeader(bytes);
  if (!header.ok) return header;
  if (header.lengthBytes !== lengthBytes) return fault("length");
  const type = TYPES[(bytes[2] as number) - 1] as Frame["type"];
  const { fields, flags: allowed, endsAt } = LAYOUTS[(bytes[2] as number) - 1] as Layout<Frame>;
  const flags = bytes[3] as number;
  if (flags & ~allowed) return fault("flags");
  if (lengthBytes < endsAt) return fault("short");
  if (type === "data")
    return { ok: true, frame: { type, payload: bytes.subarray(endsAt, lengthBytes) } };
  isInRange = true;
  const frame = fields(reading, bytes, { type } as Frame) as Writable<BeatFrame>;
  if (!isInRange) return fault("range");
  let extraAt = endsAt;
  if (flags & COMPLETE) {
    const idAt = endsAt + 9;
    extraAt = idAt + (bytes[idAt - 1] as number);
    const id = extraAt <= lengthBytes && idBetween(bytes, idAt, extraAt);
    if (!id) return fault("id");
    if (flags & ASKS && lengthBytes < PADDED_BYTES) return fault("short");
    frame.identity = { boot: reading.word(bytes, endsAt, NO_TAG), id };
  }
  // Not `slice`: that of a Node Buffer copies nothing.
  if (extraAt < lengthBytes) frame.extra = new Uint8Array(bytes.subarray(extraAt, lengthBytes));
  return { ok: true, frame };
}

export function u32At(bytes: Uint8Array, at: number): number {
  return i32At(bytes, at) >>> 0;
}

/** The same 32 bits as a small integer, for whoever only compares them. */
export function i32At(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

export function u48At(bytes: Uint8Array, at: number): number {
  const high = (bytes[at] as number) * 256 + (bytes[at + 1] as number);
  return high * 2 ** 32 + u32At(bytes, at + 2);
}

/** An id; undefined or empty where it is none. */
function idBetween(bytes: Uint8Array, at: number, endsAt: number): string | undefined {
  return endsAt - at <= MAX_ID_BYTES ? decodeText(bytes.subarray(at, endsAt)) : undefined;
}

function fault(reason: FrameFault): Fault {
  return { ok: false, fault: reason };
}
