// Bytes into frames. Never throws, never trusts a length; what is not the one encoding of a value is no
// frame.

import {
  ASKS,
  type BeatFrame,
  COMPLETE,
  COUNTED,
  type Frame,
  type FrameFault,
  HEADER_BYTES,
  type Identity,
  LEAVE_BYTES,
  LEAVE_REASONS,
  MAGIC,
  MAX_CONTROL_BYTES,
  MAX_ID_BYTES,
  NOTICE_BYTES,
  NOTICE_KINDS,
  type NoticeFrame,
  PADDED_BYTES,
  SHORT_BYTES,
  TOP,
  TYPES,
  VERSION,
  type Word64,
} from "./frame.ts";
import { decodeText } from "./text.ts";

export type Decoded =
  | { readonly ok: true; readonly frame: Frame }
  | { readonly ok: false; readonly fault: FrameFault };

/** The header of a frame, as far as a stream needs it to cut frames. */
export type Header =
  | { readonly ok: true; readonly isData: boolean; readonly lengthBytes: number }
  | { readonly ok: false; readonly fault: FrameFault };

/** Reads the first 8 bytes of a frame; `bytes` must hold that many. */
export function decodeHeader(bytes: Uint8Array): Header {
  if (bytes[0] !== MAGIC) return { ok: false, fault: "magic" };
  if (bytes[1] !== VERSION) return { ok: false, fault: "version" };
  const type = TYPES[(bytes[2] as number) - 1];
  if (type === undefined) return { ok: false, fault: "type" };
  const isData = type === "data";
  const lengthBytes = get32(bytes, 4);
  if (lengthBytes < HEADER_BYTES || (!isData && lengthBytes > MAX_CONTROL_BYTES)) {
    return { ok: false, fault: "length" };
  }
  return { ok: true, isData, lengthBytes };
}

/** One whole frame. What is returned shares no memory with `bytes`, except a DATA payload. */
export function decodeFrame(bytes: Uint8Array): Decoded {
  if (bytes.length < HEADER_BYTES) return fault("short");
  const header = decodeHeader(bytes);
  if (!header.ok) return header;
  if (header.lengthBytes !== bytes.length) return fault("length");
  switch (TYPES[(bytes[2] as number) - 1]) {
    case "beat":
      return decodeBeat(bytes, "beat", COMPLETE | ASKS | COUNTED);
    case "echo":
      return decodeBeat(bytes, "echo", COMPLETE | COUNTED);
    case "leave":
      return decodeLeave(bytes);
    case "notice":
      return decodeNotice(bytes);
    default:
      if (bytes[3] !== 0) return fault("flags");
      return { ok: true, frame: { type: "data", payload: bytes.subarray(HEADER_BYTES) } };
  }
}

function decodeBeat(bytes: Uint8Array, type: "beat" | "echo", allowedFlags: number): Decoded {
  const flags = bytes[3] as number;
  if ((flags & ~allowedFlags) !== 0) return fault("flags");
  if (bytes.length < SHORT_BYTES) return fault("short");
  const sender = getSender(bytes);
  const seq = get48(bytes, 28);
  const echo = get48(bytes, 42);
  if (sender === undefined || !isNumber(seq) || echo === TOP) return fault("range");
  const identity = (flags & COMPLETE) === 0 ? undefined : getIdentity(bytes);
  if (identity === null) return fault("id");
  const fixedBytes = identity === undefined ? SHORT_BYTES : identity.endsAt;
  const mustBePadded = identity !== undefined && (flags & ASKS) !== 0;
  if (mustBePadded && bytes.length < PADDED_BYTES) return fault("short");
  const frame: BeatFrame = {
    type,
    ...sender,
    seq,
    handed: get64(bytes, 34),
    echo,
    heldMicros: get32(bytes, 48),
    counted: (flags & COUNTED) !== 0,
    asks: (flags & ASKS) !== 0,
    gapMs: get32(bytes, 52),
    wishMs: get32(bytes, 56),
    minMs: get32(bytes, 60),
    deadMs: get32(bytes, 64),
    ...(identity && { identity: { boot: identity.boot, id: identity.id } }),
    extra: copyFrom(bytes, fixedBytes),
  };
  return { ok: true, frame };
}

/** Null where it is broken. */
function getIdentity(bytes: Uint8Array): (Identity & { endsAt: number }) | null {
  const length = bytes[SHORT_BYTES + 8];
  if (length === undefined || length === 0 || length > MAX_ID_BYTES) return null;
  const endsAt = SHORT_BYTES + 9 + length;
  if (bytes.length < endsAt) return null;
  const id = decodeText(bytes.subarray(SHORT_BYTES + 9, endsAt));
  return id === undefined ? null : { boot: get64(bytes, SHORT_BYTES), id, endsAt };
}

function decodeLeave(bytes: Uint8Array): Decoded {
  if (bytes[3] !== 0) return fault("flags");
  if (bytes.length < LEAVE_BYTES) return fault("short");
  const sender = getSender(bytes);
  const seq = get48(bytes, 28);
  const reason = LEAVE_REASONS[(bytes[34] as number) - 1];
  if (sender === undefined || !isNumber(seq) || reason === undefined) return fault("range");
  const returnInMs = get32(bytes, 35);
  const extra = copyFrom(bytes, LEAVE_BYTES);
  return { ok: true, frame: { type: "leave", ...sender, seq, reason, returnInMs, extra } };
}

function decodeNotice(bytes: Uint8Array): Decoded {
  if (bytes[3] !== 0) return fault("flags");
  if (bytes.length < NOTICE_BYTES) return fault("short");
  const sender = getSender(bytes);
  const kind = NOTICE_KINDS[(bytes[28] as number) - 1];
  const aboutEpoch = get48(bytes, 29);
  const aboutSession = get48(bytes, 35);
  const answers = get48(bytes, 49);
  const knownEpoch = get48(bytes, 55);
  if (sender === undefined || kind === undefined) return fault("range");
  if ([aboutEpoch, aboutSession, answers, knownEpoch].includes(TOP)) return fault("range");
  const frame: NoticeFrame = {
    type: "notice",
    ...sender,
    kind,
    aboutEpoch,
    aboutSession,
    aboutBoot: get64(bytes, 41),
    answers,
    knownEpoch,
    extra: copyFrom(bytes, NOTICE_BYTES),
  };
  return { ok: true, frame };
}

function getSender(bytes: Uint8Array): { tag: Word64; epoch: number; session: number } | undefined {
  const epoch = get48(bytes, 16);
  const session = get48(bytes, 22);
  if (epoch === TOP || !isNumber(session)) return undefined;
  return { tag: get64(bytes, 8), epoch, session };
}

/** Sessions and sequence numbers count from 1. */
function isNumber(value: number): boolean {
  return value > 0 && value < TOP;
}

function get32(bytes: Uint8Array, at: number): number {
  const byte = (offset: number) => bytes[at + offset] as number;
  return ((byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3)) >>> 0;
}

function get48(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  return high * 2 ** 32 + get32(bytes, at + 2);
}

function get64(bytes: Uint8Array, at: number): Word64 {
  return { hi: get32(bytes, at), lo: get32(bytes, at + 4) };
}

/** Not `slice`: that of a Node Buffer copies nothing. */
function copyFrom(bytes: Uint8Array, at: number): Uint8Array {
  return new Uint8Array(bytes.subarray(at));
}

function fault(reason: FrameFault): Decoded {
  return { ok: false, fault: reason };
}
