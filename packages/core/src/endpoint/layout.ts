// How frames lie in bytes, as one table that encode.ts writes by and decode.ts reads by: docs/wire.md as
// code.

import {
  type BeatFrame,
  type DataFrame,
  type Frame,
  HEADER_BYTES,
  type LeaveFrame,
  type LeaveReason,
  NO_EXTRA,
  type NoticeFrame,
  type NoticeKind,
  type Word64,
} from "./frame.ts";

export const MAGIC = 0x53;
export const VERSION = 1;

export const COMPLETE = 1;
export const ASKS = 2;
export const COUNTED = 4;

/**
 * Goes over the fields of a frame, each of which has its place. Who writes puts `value` there and gives it
 * back; who reads gives back what is there, and pays no attention to `value`.
 */
export interface Pass {
  flag(bytes: Uint8Array, flag: number, value: boolean): boolean;
  u32(bytes: Uint8Array, at: number, value: number): number;
  /** Below the top of the range, and at least `least`. */
  u48(bytes: Uint8Array, at: number, value: number, least?: number): number;
  word(bytes: Uint8Array, at: number, value: Word64): Word64;
  /** One of a list, numbered from 1. */
  oneOf<Value>(bytes: Uint8Array, at: number, value: Value, list: readonly Value[]): Value;
}

/** A type of frame: the flags it may have, and its fields, behind the header. */
export interface Layout<Of extends Frame> {
  readonly flags: number;
  /** Where the fields end, and what has no fixed size begins. */
  readonly endsAt: number;
  fields(pass: Pass, bytes: Uint8Array, frame: Of): Of;
}

export const LEAVE_REASONS: readonly LeaveReason[] = ["leaving", "removed"];
const NOTICE_KINDS: readonly NoticeKind[] = [
  "dead",
  "known-as",
  "duplicate-id",
  "replaced",
  "incompatible",
];

/** Sessions and sequence numbers count from 1. */
const COUNT = 1;

/** The length of a BEAT or ECHO that is not complete and has nothing in its ignorable area. */
export const BEAT_BYTES = 78;

/** Magic, version, type and flags of a BEAT without a flag, as one word. */
export const BEAT_HEAD: number = (MAGIC << 24) | (VERSION << 16) | (1 << 8);

/** The same of DATA. */
export const DATA_HEAD: number = (MAGIC << 24) | (VERSION << 16) | (5 << 8);

const beat: Layout<BeatFrame> = {
  flags: COMPLETE | ASKS | COUNTED,
  endsAt: BEAT_BYTES,
  fields: (pass, bytes, frame) => ({
    tag: pass.word(bytes, 8, frame.tag),
    epoch: pass.u48(bytes, 16, frame.epoch),
    session: pass.u48(bytes, 22, frame.session, COUNT),
    seq: pass.u48(bytes, 28, frame.seq, COUNT),
    handed: pass.word(bytes, 34, frame.handed),
    echo: pass.u48(bytes, 42, frame.echo),
    heldMicros: pass.u32(bytes, 48, frame.heldMicros),
    gapMs: pass.u32(bytes, 52, frame.gapMs),
    wishMs: pass.u32(bytes, 56, frame.wishMs),
    minMs: pass.u32(bytes, 60, frame.minMs),
    deadMs: pass.u32(bytes, 64, frame.deadMs),
    sentMicros: pass.u48(bytes, 68, frame.sentMicros),
    stalledMs: pass.u32(bytes, 74, frame.stalledMs),
    asks: pass.flag(bytes, ASKS, frame.asks),
    counted: pass.flag(bytes, COUNTED, frame.counted),
    type: frame.type,
    extra: NO_EXTRA,
  }),
};

const leave: Layout<LeaveFrame> = {
  flags: 0,
  endsAt: 39,
  fields: (pass, bytes, frame) => ({
    tag: pass.word(bytes, 8, frame.tag),
    epoch: pass.u48(bytes, 16, frame.epoch),
    session: pass.u48(bytes, 22, frame.session, COUNT),
    seq: pass.u48(bytes, 28, frame.seq, COUNT),
    reason: pass.oneOf(bytes, 34, frame.reason, LEAVE_REASONS),
    returnInMs: pass.u32(bytes, 35, frame.returnInMs),
    type: frame.type,
    extra: NO_EXTRA,
  }),
};

const notice: Layout<NoticeFrame> = {
  flags: 0,
  endsAt: 61,
  fields: (pass, bytes, frame) => ({
    tag: pass.word(bytes, 8, frame.tag),
    epoch: pass.u48(bytes, 16, frame.epoch),
    session: pass.u48(bytes, 22, frame.session, COUNT),
    kind: pass.oneOf(bytes, 28, frame.kind, NOTICE_KINDS),
    aboutEpoch: pass.u48(bytes, 29, frame.aboutEpoch),
    aboutSession: pass.u48(bytes, 35, frame.aboutSession),
    aboutBoot: pass.word(bytes, 41, frame.aboutBoot),
    answers: pass.u48(bytes, 49, frame.answers),
    knownEpoch: pass.u48(bytes, 55, frame.knownEpoch),
    type: frame.type,
    extra: NO_EXTRA,
  }),
};

const data: Layout<DataFrame> = {
  flags: 0,
  endsAt: HEADER_BYTES,
  fields: (_pass, _bytes, frame) => frame,
};

export const TYPES: readonly Frame["type"][] = ["beat", "echo", "leave", "notice", "data"];
/** By type number, from 1. */
export const LAYOUTS = [
  beat,
  { ...beat, flags: COMPLETE | COUNTED },
  leave,
  notice,
  data,
] as readonly Layout<Frame>[];
