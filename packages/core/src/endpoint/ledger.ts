// The numbers of one conversation: what was heard and sent last, and when. As fields of an object each fraction, and
// each number of more than 31 bits, would be a box of its own elsewhere, and memory that is cold whenever a beat comes
// is what a beat takes its time for. So they lie side by side in one array. Nothing is decided here.

import { NEVER } from "../peer/state.ts";
import { FULL_BUCKET, overdrawnMs, takeToken } from "./bucket.ts";
import { i32At } from "./decode.ts";
import { putU32 } from "./encode.ts";
import type { Word64 } from "./frame.ts";

/** What has a cell of its own, in their order: first what every beat looks at. */
const NAMES = [
  "heardSeq",
  "heardAt",
  "heardStalledMs",
  "lastEcho",
  "numberedFrom",
  "trustedFrom",
  "nextSeq",
  "messageAt",
  "answeredAt",
  "repliedAt",
  "askedAt",
  "createdAt",
] as const;
/** Behind them more that belongs together. Exploration looks into the bucket, too: that it never runs dry there. */
export const BUCKET: number = NAMES.length;
const OLDEST_SENT = BUCKET + FULL_BUCKET.length;
const REFRAIN = OLDEST_SENT + 1;
const REMOTE_TAG = REFRAIN + 9;
const TAG = REMOTE_TAG + 2;
/** From here on our newest frames: the number of each, when it left, and the same in observed time. */
const SENT = TAG + 2;
const ROW = 3;

/** 64 frames of ours can await their echo; older ones are as good as never sent. */
const LONGEST = SENT + 64 * ROW;
/** Nearly everybody's newest frames are echoed before there are more. */
const FEW_SENT = 4;

/** Of a conversation in which nothing was said: made by appending, so that engines keep it without boxes. */
const BLANK: number[] = [];
for (const name of NAMES) BLANK.push(name.endsWith("At") ? -NEVER : 0);
BLANK.push(...FULL_BUCKET);
for (let cell = OLDEST_SENT; cell < SENT; cell++) BLANK.push(0);
for (let cell = 0; cell < FEW_SENT * ROW; cell++) BLANK.push(Number.NaN);

export class Ledger {
  /** The newest frame of theirs; 0 before the first. */
  declare heardSeq: number;
  /** When that one came. */
  declare heardAt: number;
  /** For how long they stood still so far, by their own account. */
  declare heardStalledMs: number;
  /** The newest frame of ours that they echoed. */
  declare lastEcho: number;
  /** What their numbers follow on to: whoever spoke before them, while nobody had lived yet. */
  declare numberedFrom: number;
  /** When our newest frame left that they counted; −Infinity: we trust nothing. */
  declare trustedFrom: number;
  /** The number of our next frame. */
  declare nextSeq: number;
  /** When we last sent a message, which has no number but is no silence either. */
  declare messageAt: number;
  /** When we last answered a frame that proved nothing. */
  declare answeredAt: number;
  /** When we last answered one of somebody who knows a tag, or the boot id of the one we know. */
  declare repliedAt: number;
  /** When we last asked out of turn, because something of theirs came that proved nothing yet. */
  declare askedAt: number;
  declare createdAt: number;

  #cells: number[] = BLANK.slice();

  static {
    for (const [cell, name] of NAMES.entries()) {
      Object.defineProperty(Ledger.prototype, name, {
        get(this: Ledger) {
          return this.#cells[cell];
        },
        set(this: Ledger, value: number) {
          this.#cells[cell] = value;
        },
      });
    }
  }

  constructor(tag: Word64, createdAt: number) {
    this.nextSeq = 1;
    this.#cells[OLDEST_SENT] = 1;
    this.trustedFrom = -NEVER;
    this.tag = tag;
    this.createdAt = createdAt;
  }

  /** What we hand out: they put it into their frames for this conversation. */
  get tag(): Word64 {
    return { hi: this.#cells[TAG] as number, lo: this.#cells[TAG + 1] as number };
  }

  set tag({ hi, lo }: Word64) {
    this.#cells[TAG] = hi;
    this.#cells[TAG + 1] = lo;
  }

  /** What we put into our frames; zero before they handed one out. */
  get remoteTag(): Word64 {
    return { hi: this.#cells[REMOTE_TAG] as number, lo: this.#cells[REMOTE_TAG + 1] as number };
  }

  set remoteTag({ hi, lo }: Word64) {
    this.#cells[REMOTE_TAG] = hi;
    this.#cells[REMOTE_TAG + 1] = lo;
  }

  get hasRemoteTag(): boolean {
    return this.#cells[REMOTE_TAG] !== 0 || this.#cells[REMOTE_TAG + 1] !== 0;
  }

  /** Writes both, without an object: that of the other side, and ours. */
  putTags(bytes: Uint8Array, remoteAt: number, ownAt: number): void {
    const cells = this.#cells;
    putU32(bytes, remoteAt, cells[REMOTE_TAG] as number);
    putU32(bytes, remoteAt + 4, cells[REMOTE_TAG + 1] as number);
    putU32(bytes, ownAt, cells[TAG] as number);
    putU32(bytes, ownAt + 4, cells[TAG + 1] as number);
  }

  // ── our frames that await their echo ───────────────────────────────────────────────────────────

  /** Takes the next number, for a frame that leaves now: by the raw clock, read before that, and in observed time. */
  takeSeq(at: number, observedAt: number): number {
    const seq = this.nextSeq;
    this.nextSeq = seq + 1;
    while (isAwaited(this.#cells, rowFor(this.#cells, seq)) && this.#cells.length < LONGEST)
      this.#cells = longer(this.#cells);
    write(this.#cells, seq, at, observedAt);
    return seq;
  }

  /** The frame with this number did not leave after all. No number is used twice, unless it was the last. */
  giveBackSeq(seq: number): void {
    const row = this.rowOf(seq);
    if (row >= 0) this.#cells[row] = Number.NaN;
    if (seq === this.nextSeq - 1) this.nextSeq = seq;
  }

  /** This one was echoed: those before it will not be any more. */
  forgetBefore(seq: number): void {
    this.#cells[OLDEST_SENT] = seq;
  }

  /** Where a frame of ours is; −1 if it never left, or too long ago. */
  rowOf(seq: number): number {
    const cells = this.#cells;
    const row = rowFor(cells, seq);
    return cells[row] === seq && isAwaited(cells, row) ? row : -1;
  }

  /** When the frame there left: raw clock, read before that. */
  sentAt(row: number): number {
    return this.#cells[row + 1] as number;
  }

  sentObservedAt(row: number): number {
    return this.#cells[row + 2] as number;
  }

  /** When the newest one left; −Infinity where there is none. */
  get lastSentAt(): number {
    const row = this.rowOf(this.nextSeq - 1);
    return row < 0 ? Number.NEGATIVE_INFINITY : this.sentAt(row);
  }

  // ── what costs, and what is said again ─────────────────────────────────────────────────────────

  /** Takes one token of what they may say; see `takeToken`. */
  spend(turn: { readonly now: number }, refillMs: number, capacity: number): boolean {
    return takeToken(this.#cells, BUCKET, turn, refillMs, capacity);
  }

  overdrawnMs(now: number): number {
    return overdrawnMs(this.#cells, BUCKET, now);
  }

  /** Keeps the words at these places of a frame: at most nine. */
  keepRefrain(bytes: Uint8Array, places: readonly number[]): void {
    for (let n = 0; n < places.length; n++)
      this.#cells[REFRAIN + n] = i32At(bytes, places[n] as number);
  }

  /** Whether another frame has the same there. */
  repeats(bytes: Uint8Array, places: readonly number[]): boolean {
    for (let n = 0; n < places.length; n++) {
      if (this.#cells[REFRAIN + n] !== i32At(bytes, places[n] as number)) return false;
    }
    return true;
  }
}

/** Where the frame with this number is, if it is: by its low bits, as there is room for a power of two. */
function rowFor(cells: readonly number[], seq: number): number {
  return SENT + (seq & ((cells.length - SENT) / ROW - 1)) * ROW;
}

/** Whether the echo of whatever is there may still come. */
function isAwaited(cells: readonly number[], row: number): boolean {
  return (cells[row] as number) >= (cells[OLDEST_SENT] as number);
}

function write(cells: number[], seq: number, at: number, observedAt: number): void {
  const row = rowFor(cells, seq);
  cells[row] = seq;
  cells[row + 1] = at;
  cells[row + 2] = observedAt;
}

/** With room for twice as many frames. */
function longer(cells: readonly number[]): number[] {
  const { length } = cells;
  const all = cells.slice(0, SENT);
  for (let cell = SENT; cell < 2 * length - SENT; cell++) all.push(Number.NaN);
  for (let row = SENT; row < length; row += ROW) {
    const seq = cells[row] as number;
    if (seq > 0) write(all, seq, cells[row + 1] as number, cells[row + 2] as number);
  }
  return all;
}
