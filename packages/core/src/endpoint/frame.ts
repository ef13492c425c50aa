// The bytes on the wire: five kinds of frame, one encoding for each value, an area that older
// versions ignore. Decoding never throws and never trusts a length. Layout: docs/wire.md.

import { decodeText, encodeText } from "./text.ts";

/** Numbers of 48 bits; the top of the range is invalid, so that X + 1 always exists. */
export const TOP: number = 2 ** 48 - 1;
/** The longest id, in bytes of UTF-8. */
export const MAX_ID_BYTES = 128;
/** Every frame but DATA is at most this long: one datagram that no path fragments. */
export const MAX_CONTROL_BYTES = 1_200;
export const HEADER_BYTES = 8;

const MAGIC = 0x53;
const VERSION = 1;
const SHORT_BYTES = 68;
const LEAVE_BYTES = 39;
const NOTICE_BYTES = 61;
/** The longest complete BEAT or ECHO. A complete question is at least as long: no answer is longer. */
export const PADDED_BYTES: number = SHORT_BYTES + 9 + MAX_ID_BYTES;

const COMPLETE = 1;
const ASKS = 2;
const COUNTED = 4;

/** A tag or boot id: 64 random bits in two halves. */
export interface Word64 {
  readonly hi: number;
  readonly lo: number;
}

/** Who sends, spelled out: for receivers that may not know us (any more). */
export interface Identity {
  readonly boot: Word64;
  readonly id: string;
}

/** BEAT says "I am here", and may ask; ECHO answers a BEAT that asks, and never asks. */
export interface BeatFrame {
  readonly type: "beat" | "echo";
  /** The receiver's tag, as it handed it out; zero where the sender has none. */
  readonly tag: Word64;
  /** The sender's incarnation. */
  readonly epoch: number;
  readonly session: number;
  /** Counts the sender's frames in this session, from 1. It is also the frame's nonce. */
  readonly seq: number;
  /** The tag the receiver shall put into its frames. */
  readonly handed: Word64;
  /** The newest `seq` of the receiver's that arrived here; 0 before the first. */
  readonly echo: number;
  /** How long that one has been here, in µs; saturates. */
  readonly heldMicros: number;
  /** Whether frame `echo` was counted as a sign of life. */
  readonly counted: boolean;
  /** Only in BEAT: answer at once. */
  readonly asks: boolean;
  /** The largest gap between two frames of the sender; 0: it only answers. */
  readonly gapMs: number;
  /** The gap the sender wants from the receiver; 0: none, it does not judge. */
  readonly wishMs: number;
  /** The smallest gap the sender accepts. */
  readonly minMs: number;
  /** After this silence the sender declares the receiver dead; 0: it does not judge. */
  readonly deadMs: number;
  readonly identity?: Identity;
  /** What follows the fields of this version: padding, or fields of a later one. */
  readonly extra: Uint8Array;
}

export type LeaveReason = "leaving" | "removed";

/** "I am going, do not wait for me." */
export interface LeaveFrame {
  readonly type: "leave";
  readonly tag: Word64;
  readonly epoch: number;
  readonly session: number;
  readonly seq: number;
  readonly reason: LeaveReason;
  /** When the sender expects to be back; 0: it does not say. */
  readonly returnInMs: number;
  readonly extra: Uint8Array;
}

export type NoticeKind = "dead" | "known-as" | "duplicate-id" | "replaced" | "incompatible";

/** Something the receiver must know about how the sender sees it. */
export interface NoticeFrame {
  readonly type: "notice";
  readonly tag: Word64;
  /** The sender's incarnation. */
  readonly epoch: number;
  readonly session: number;
  readonly kind: NoticeKind;
  /** The receiver's incarnation that is meant; ignored unless it is current. */
  readonly aboutEpoch: number;
  readonly aboutSession: number;
  readonly aboutBoot: Word64;
  /** The `seq` of the frame this answers; 0 where it answers none. */
  readonly answers: number;
  /** Only `known-as`: the epoch the receiver's id is known under. Else 0. */
  readonly knownEpoch: number;
  readonly extra: Uint8Array;
}

/** A message of the application. Streams only. */
export interface DataFrame {
  readonly type: "data";
  readonly payload: Uint8Array;
}

export type Frame = BeatFrame | LeaveFrame | NoticeFrame | DataFrame;

/** Why bytes are no frame. */
export type FrameFault =
  | "short"
  | "magic"
  | "version"
  | "type"
  | "flags"
  | "length"
  | "range"
  | "id";

export type Decoded =
  | { readonly ok: true; readonly frame: Frame }
  | { readonly ok: false; readonly fault: FrameFault };

export const NO_TAG: Word64 = Object.freeze({ hi: 0, lo: 0 });
export const NO_EXTRA: Uint8Array = new Uint8Array(0);

const TYPES = ["beat", "echo", "leave", "notice", "data"] as const;
export const LEAVE_REASONS: readonly LeaveReason[] = ["leaving", "removed"];
const NOTICE_KINDS: readonly NoticeKind[] = [
  "dead",
  "known-as",
  "duplicate-id",
  "replaced",
  "incompatible",
];

export function sameWord(a: Word64, b: Word64): boolean {
  return a.hi === b.hi && a.lo === b.lo;
}

export function isZero(word: Word64): boolean {
  return word.hi === 0 && word.lo === 0;
}

// ── encoding ─────────────────────────────────────────────────────────────────────────────────────

/** The bytes of a frame. The caller vouches for the ranges; `decodeFrame` checks them. */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  switch (frame.type) {
    case "beat":
    case "echo":
      return encodeBeat(frame);
    case "leave": {
      const bytes = start(frame.type, 0, LEAVE_BYTES, frame.extra);
      putSender(bytes, frame);
      put48(bytes, 28, frame.seq);
      bytes[34] = LEAVE_REASONS.indexOf(frame.reason) + 1;
      put32(bytes, 35, frame.returnInMs);
      return bytes;
    }
    case "notice": {
      const bytes = start(frame.type, 0, NOTICE_BYTES, frame.extra);
      putSender(bytes, frame);
      bytes[28] = NOTICE_KINDS.indexOf(frame.kind) + 1;
      put48(bytes, 29, frame.aboutEpoch);
      put48(bytes, 35, frame.aboutSession);
      put64(bytes, 41, frame.aboutBoot);
      put48(bytes, 49, frame.answers);
      put48(bytes, 55, frame.knownEpoch);
      return bytes;
    }
    case "data":
      return start(frame.type, 0, HEADER_BYTES, frame.payload);
  }
}

function encodeBeat(frame: BeatFrame): Uint8Array<ArrayBuffer> {
  const { identity } = frame;
  const id = identity && encodeText(identity.id);
  const fixed = id === undefined ? SHORT_BYTES : SHORT_BYTES + 9 + id.length;
  const flags =
    (id === undefined ? 0 : COMPLETE) | (frame.asks ? ASKS : 0) | (frame.counted ? COUNTED : 0);
  const bytes = start(frame.type, flags, fixed, frame.extra);
  putSender(bytes, frame);
  put48(bytes, 28, frame.seq);
  put64(bytes, 34, frame.handed);
  put48(bytes, 42, frame.echo);
  put32(bytes, 48, frame.heldMicros);
  put32(bytes, 52, frame.gapMs);
  put32(bytes, 56, frame.wishMs);
  put32(bytes, 60, frame.minMs);
  put32(bytes, 64, frame.deadMs);
  if (identity !== undefined && id !== undefined) {
    put64(bytes, SHORT_BYTES, identity.boot);
    bytes[SHORT_BYTES + 8] = id.length;
    bytes.set(id, SHORT_BYTES + 9);
  }
  return bytes;
}

function start(
  type: Frame["type"],
  flags: number,
  fixedBytes: number,
  rest: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(fixedBytes + rest.length);
  bytes[0] = MAGIC;
  bytes[1] = VERSION;
  bytes[2] = TYPES.indexOf(type) + 1;
  bytes[3] = flags;
  put32(bytes, 4, bytes.length);
  bytes.set(rest, fixedBytes);
  return bytes;
}

function putSender(
  bytes: Uint8Array,
  frame: { readonly tag: Word64; readonly epoch: number; readonly session: number },
): void {
  put64(bytes, 8, frame.tag);
  put48(bytes, 16, frame.epoch);
  put48(bytes, 22, frame.session);
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function put48(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 2 ** 32);
  bytes[at] = high >>> 8;
  bytes[at + 1] = high;
  put32(bytes, at + 2, value >>> 0);
}

function put64(bytes: Uint8Array, at: number, word: Word64): void {
  put32(bytes, at, word.hi);
  put32(bytes, at + 4, word.lo);
}

// ── decoding ─────────────────────────────────────────────────────────────────────────────────────

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
