// How frames lie in bytes, as one table that encode.ts and decode.ts both walk: docs/wire.md as code.

import {
  type BeatFrame,
  type DataFrame,
  type Frame,
  HEADER_BYTES,
  type LeaveFrame,
  type LeaveReason,
  type NoticeFrame,
  type NoticeKind,
  TOP,
  type Word64,
} from "./frame.ts";

export const MAGIC = 0x53;
export const VERSION = 1;

export const COMPLETE = 1;
export const ASKS = 2;
export const COUNTED = 4;

/** A value of fixed size, big-endian. What `get` gives back as undefined is no value: out of range. */
export interface Field<Value> {
  readonly bytes: number;
  get(from: Uint8Array, at: number): Value | undefined;
  put(into: Uint8Array, at: number, value: Value): void;
}

function unsigned(bytes: number, least: number, most: number): Field<number> {
  return {
    bytes,
    get(from, at) {
      let value = 0;
      for (let n = 0; n < bytes; n++) value = value * 256 + (from[at + n] as number);
      return value >= least && value <= most ? value : undefined;
    },
    put(into, at, value) {
      for (let n = bytes, rest = value; n > 0; rest = Math.floor(rest / 256)) into[at + --n] = rest;
    },
  };
}

export const u32: Field<number> = unsigned(4, 0, 2 ** 32 - 1);
const u48 = unsigned(6, 0, TOP - 1);
/** Sessions and sequence numbers count from 1. */
const count = unsigned(6, 1, TOP - 1);

export const word: Field<Word64> = {
  bytes: 8,
  get: (from, at) => ({ hi: u32.get(from, at) as number, lo: u32.get(from, at + 4) as number }),
  put(into, at, { hi, lo }) {
    u32.put(into, at, hi);
    u32.put(into, at + 4, lo);
  },
};

/** One of a list, numbered from 1. */
function oneOf<Value>(list: readonly Value[]): Field<Value> {
  return {
    bytes: 1,
    get: (from, at) => list[(from[at] as number) - 1],
    put(into, at, value) {
      into[at] = list.indexOf(value) + 1;
    },
  };
}

export const LEAVE_REASONS: readonly LeaveReason[] = ["leaving", "removed"];
const NOTICE_KINDS: readonly NoticeKind[] = [
  "dead",
  "known-as",
  "duplicate-id",
  "replaced",
  "incompatible",
];

/** A field, what it is called in a frame, and where it begins. */
interface Placed {
  readonly name: string;
  readonly at: number;
  readonly field: Field<unknown>;
}

/** A type of frame: the flags it may have, and its fields in order, behind the header. */
export interface Layout {
  readonly type: Frame["type"];
  readonly flags: number;
  readonly fields: readonly Placed[];
  /** Where the fields end, and what has no fixed size begins. */
  readonly endsAt: number;
}

/** All that has its place in the layout: flags, the identity, and what follows the fields have not. */
type Fields<Of> = {
  readonly [Name in Exclude<
    keyof Of,
    "type" | "asks" | "counted" | "identity" | "extra" | "payload"
  >]: Field<Of[Name]>;
};

function layout<Of extends Frame>(type: Of["type"], flags: number, fields: Fields<Of>): Layout {
  let endsAt = HEADER_BYTES;
  const placed = Object.entries<Field<unknown>>(fields).map(([name, field]) => {
    endsAt += field.bytes;
    return { name, at: endsAt - field.bytes, field };
  });
  return { type, flags, fields: placed, endsAt };
}

const sender = { tag: word, epoch: u48, session: count };

const beat: Fields<BeatFrame> = {
  ...sender,
  seq: count,
  handed: word,
  echo: u48,
  heldMicros: u32,
  gapMs: u32,
  wishMs: u32,
  minMs: u32,
  deadMs: u32,
};

/** By type number, from 1. */
export const LAYOUTS: readonly Layout[] = [
  layout<BeatFrame>("beat", COMPLETE | ASKS | COUNTED, beat),
  layout<BeatFrame>("echo", COMPLETE | COUNTED, beat),
  layout<LeaveFrame>("leave", 0, {
    ...sender,
    seq: count,
    reason: oneOf(LEAVE_REASONS),
    returnInMs: u32,
  }),
  layout<NoticeFrame>("notice", 0, {
    ...sender,
    kind: oneOf(NOTICE_KINDS),
    aboutEpoch: u48,
    aboutSession: u48,
    aboutBoot: word,
    answers: u48,
    knownEpoch: u48,
  }),
  layout<DataFrame>("data", 0, {}),
];
