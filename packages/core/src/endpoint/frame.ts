// What a frame is: five kinds. How they lie in bytes is in layout.ts; they are written in encode.ts and
// read in decode.ts.

/** Numbers of 48 bits; the top of the range is invalid, so that X + 1 always exists. */
export const TOP: number = 2 ** 48 - 1;
/** The longest id, in bytes of UTF-8. */
export const MAX_ID_BYTES = 128;
/** Every frame but DATA is at most this long: one datagram that no path fragments. */
export const MAX_CONTROL_BYTES = 1_200;
export const HEADER_BYTES = 8;

/**
 * The longest complete BEAT or ECHO: 87 bytes and an id. A complete question is at least as long: no answer
 * is longer.
 */
export const PADDED_BYTES: number = 87 + MAX_ID_BYTES;

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
  /** When the frame left, by a clock of the sender's that starts anywhere, in µs; 0: it does not say. */
  readonly sentMicros: number;
  /** For how long the sender stood still by its own account, since it started; saturates. */
  readonly stalledMs: number;
  readonly identity?: Identity;
  /** What follows the fields of this version: padding, or fields of a later one. */
  readonly extra: Uint8Array;
}

/** Whether somebody means to come back (`leaving`), or not (`removed`). */
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

/** What a NOTICE says of its receiver; see docs/wire.md. */
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

/** Everything that can be on the wire. */
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

export const NO_TAG: Word64 = Object.freeze({ hi: 0, lo: 0 });
export const NO_EXTRA: Uint8Array = new Uint8Array(0);

export function sameWord(a: Word64, b: Word64): boolean {
  return a.hi === b.hi && a.lo === b.lo;
}

export function isZero(word: Word64): boolean {
  return sameWord(word, NO_TAG);
}
