// Frames into bytes: one encoding for each value, so that equal frames are equal bytes.

import {
  ASKS,
  type BeatFrame,
  COMPLETE,
  COUNTED,
  type Frame,
  HEADER_BYTES,
  LEAVE_BYTES,
  LEAVE_REASONS,
  MAGIC,
  NOTICE_BYTES,
  NOTICE_KINDS,
  SHORT_BYTES,
  TYPES,
  VERSION,
  type Word64,
} from "./frame.ts";
import { encodeText } from "./text.ts";

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
