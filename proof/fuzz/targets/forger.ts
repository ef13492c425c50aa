// Frames of an attacker's making. What it knows are numbers; what it does not know are tags and boot ids,
// unless it reads the traffic.
import type { Reader } from "../reader.ts";

/** What a frame of one of the pair said, at the places of the layout. */
export interface Model {
  /** The frame: the numbers are read from it. */
  bytes: Uint8Array;
  /** The last complete one: who it is. */
  complete: Uint8Array;
}

export interface Knowledge {
  /** Whether tags and boot ids of the pair are known. */
  readonly reads: boolean;
  /** What each of the pair last said to the other, its numbers at least. */
  readonly models: readonly [Model, Model];
  /** Frames that passed, oldest first, and to whom of the pair. */
  readonly seen: { readonly bytes: Uint8Array; readonly to: number }[];
  /** What was last sent to each place of the attacker. */
  readonly told: Map<string, Uint8Array>;
}

const BEAT = 1;
const ECHO = 2;
const LEAVE = 3;
const NOTICE = 4;
const DATA = 5;
const TYPES = [BEAT, ECHO, LEAVE, NOTICE, DATA, BEAT, BEAT, ECHO, NOTICE];
const ENDS = [0, 78, 78, 39, 61, 8];
const COMPLETE = 1;
const ASKS = 2;
const IDS = ["a", "b", "x", "y"].map((id) => id.charCodeAt(0));
const SLOT_MASK = 0x3f;

/** A frame to one of the pair, which claims to be from whomever. */
export function forge(reader: Reader, known: Knowledge, to: number, place: string): Uint8Array {
  const type = reader.oneOf(TYPES);
  const how = reader.byte();
  const who = reader.byte();
  const flags = type > ECHO ? 0 : how & (type === ECHO ? 5 : 7);
  const isComplete = (flags & COMPLETE) !== 0;
  const payload = type === DATA ? how & 31 : 0;
  const end = (ENDS[type] as number) + (isComplete ? 10 : 0) + payload;
  const length = isComplete && (flags & ASKS) !== 0 ? 215 : end;
  const bytes = new Uint8Array(length);
  bytes.set([0x53, 1, type, flags, 0, 0, 0, length]);
  const sender = known.models[(1 - to) as 0 | 1];
  if (type !== DATA) {
    putTag(bytes, 8, (how >> 3) & 3, known, to, place);
    // The numbers of whom it pretends to be; they are no secret.
    bytes.set(sender.bytes.subarray(16, 28), 16);
  }
  if (type === BEAT || type === ECHO) beat(bytes, sender, known, to);
  if (type === LEAVE) {
    bytes.set(sender.bytes.subarray(28, 34), 28);
    bytes[34] = 1 + (how & 1);
  }
  if (type === NOTICE) notice(bytes, known, to, 1 + (how & 7));
  if (isComplete) {
    if (known.reads || (who & 4) !== 0) bytes.set(bootOf(known, to, who >> 2), 78);
    bytes[86] = 1;
    bytes[87] = IDS[who & 3] as number;
  }
  if ((who & 128) !== 0) bump(bytes, 22, 1);
  return patch(reader, bytes, reader.byte() & 3);
}

/** The same with other bytes in some places. */
export function patch(reader: Reader, original: Uint8Array, places: number): Uint8Array {
  const bytes = original.slice();
  for (let n = 0; n < places && bytes.length > 0; n++) {
    const at = reader.byte() % bytes.length;
    const value = reader.byte();
    if (value < 192) (bytes[at] as number) ^= value;
    else if (value < 224) bytes.fill(value & 1 ? 255 : 0, at, at + ((value & 7) + 1));
    else bump(bytes, at, value - 223);
  }
  return bytes;
}

/** As the next one of the peer that it pretends to be. */
function beat(bytes: Uint8Array, { bytes: model }: Model, known: Knowledge, to: number): void {
  bytes.set(model.subarray(28, 42), 28);
  // The newest of the receiver's numbers.
  bytes.set(known.models[to as 0 | 1].bytes.subarray(28, 34), 42);
  bytes.set(model.subarray(52, 78), 52);
  bump(bytes, 28, 1);
}

function notice(bytes: Uint8Array, known: Knowledge, to: number, kind: number): void {
  const about = known.models[to as 0 | 1];
  bytes[28] = kind;
  bytes.set(about.bytes.subarray(16, 28), 29);
  if (known.reads) bytes.set(bootOf(known, to, 1), 41);
  bytes.set(about.bytes.subarray(28, 34), 49);
  if (kind === 2) bytes.set(about.bytes.subarray(16, 22), 55);
}

/** The boot id of the receiver, of the other one, or none of theirs. */
function bootOf({ reads, models }: Knowledge, to: number, which: number): Uint8Array {
  const { complete } = models[(which % 2 === 0 ? 1 - to : to) as 0 | 1];
  const boot = complete.slice(78, 86);
  return reads && which % 4 < 2 ? boot : boot.map((byte) => byte ^ 0x5a);
}

/** None, the right one, a guess in the right slot, or the one that was handed out to the attacker. */
function putTag(
  bytes: Uint8Array,
  at: number,
  which: number,
  { reads, models, told }: Knowledge,
  to: number,
  place: string,
): void {
  if (which === 0) return;
  const handed = models[to as 0 | 1].bytes.subarray(34, 42);
  const own = told.get(place);
  if (which === 3 && own) return bytes.set(own.subarray(34, 42), at);
  if (reads && which === 1) return bytes.set(handed, at);
  const guess = handed.map((byte, n) => (n < 5 ? byte ^ 0x77 : n === 5 ? byte & SLOT_MASK : byte));
  bytes.set(guess, at);
}

/** Adds to a number of 48 bits, or what there is of it. */
function bump(bytes: Uint8Array, from: number, by: number): void {
  let carry = by;
  for (let at = Math.min(bytes.length, from + 6) - 1; at >= from && carry > 0; at--) {
    const sum = (bytes[at] as number) + carry;
    bytes[at] = sum & 255;
    carry = sum >> 8;
  }
}
