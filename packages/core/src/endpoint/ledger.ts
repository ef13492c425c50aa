// The numbers of one conversation: what was heard and sent last, and when. As fields of an object each fraction, and
// each number of more than 31 bits, would be a box of its own elsewhere, and memory that is cold whenever a beat comes
// is what a beat takes its time for. So they lie side by side in one array. Nothing is decided here.

import { FULL_BUCKET, overdrawnMs, takeToken } from "./bucket.ts";
import { i32At } from "./decode.ts";
import { putU32 } from "./encode.ts";
import type { Word64 } from "./frame.ts";

// Where each of them is: first what every beat looks at.
const HEARD_SEQ = 0;
const HEARD_AT = 1;
const HEARD_STALLED_MS = 2;
const LAST_ECHO = 3;
const NUMBERED_FROM = 4;
const TRUSTED_FROM = 5;
/** Exploration looks into it, too: that it never runs dry there. */
export const BUCKET = 6;
const OLDEST_SENT = 9;
const NEXT_SEQ = 10;
const REFRAIN = 11;
const REMOTE_TAG = 20;
const TAG = 22;
const MESSAGE_AT = 24;
const CREATED_AT = 25;
const ANSWERED_AT = 26;
const REPLIED_AT = 27;
const ASKED_AT = 28;
/** From here on our newest frames: the number of each, when it left, and the same in observed time. */
const SENT = 29;
const ROW = 3;

/** 64 frames of ours can await their echo; older ones are as good as never sent. */
const LONGEST = SENT + 64 * ROW;
/** Nearly everybody's newest frames are echoed before there are more. */
const FEW_SENT = 4;

/** Of a conversation in which nothing was said: made by appending, so that engines keep it without boxes. */
const BLANK: number[] = [];
for (let cell = 0; cell < SENT + FEW_SENT * ROW; cell++) BLANK.push(Number.NaN);
for (let cell = HEARD_SEQ; cell <= REMOTE_TAG + 1; cell++) BLANK[cell] = 0;
for (const [cell, number] of FULL_BUCKET.entries()) BLANK[BUCKET + cell] = number;
for (const cell of [TRUSTED_FROM, MESSAGE_AT, ANSWERED_AT, REPLIED_AT, ASKED_AT])
  BLANK[cell] = Number.NEGATIVE_INFINITY;
BLANK[OLDEST_SENT] = BLANK[NEXT_SEQ] = 1;

export class Ledger {
  #cells: number[] = BLANK.slice();

  constructor(tag: Word64, createdAt: number) {
    this.tag = tag;
    this.#cells[CREATED_AT] = createdAt;
  }

  // ── what they said ─────────────────────────────────────────────────────────────────────────────

  /** The newest frame of theirs; 0 before the first. */
  get heardSeq(): number {
    return this.#cells[HEARD_SEQ] as number;
  }

  set heardSeq(seq: number) {
    this.#cells[HEARD_SEQ] = seq;
  }

  /** When that one came. */
  get heardAt(): number {
    return this.#cells[HEARD_AT] as number;
  }

  set heardAt(at: number) {
    this.#cells[HEARD_AT] = at;
  }

  /** For how long they stood still so far, by their own account. */
  get heardStalledMs(): number {
    return this.#cells[HEARD_STALLED_MS] as number;
  }

  set heardStalledMs(stalledMs: number) {
    this.#cells[HEARD_STALLED_MS] = stalledMs;
  }

  /** The newest frame of ours that they echoed. */
  get lastEcho(): number {
    return this.#cells[LAST_ECHO] as number;
  }

  set lastEcho(seq: number) {
    this.#cells[LAST_ECHO] = seq;
  }

  /** What their numbers follow on to: whoever spoke before them, while nobody had lived yet. */
  get numberedFrom(): number {
    return this.#cells[NUMBERED_FROM] as number;
  }

  set numberedFrom(seq: number) {
    this.#cells[NUMBERED_FROM] = seq;
  }

  /** When our newest frame left that they counted; −Infinity: we trust nothing. */
  get trustedFrom(): number {
    return this.#cells[TRUSTED_FROM] as number;
  }

  set trustedFrom(at: number) {
    this.#cells[TRUSTED_FROM] = at;
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

  /** Writes it, without an object. */
  putRemoteTag(bytes: Uint8Array, at: number): void {
    putU32(bytes, at, this.#cells[REMOTE_TAG] as number);
    putU32(bytes, at + 4, this.#cells[REMOTE_TAG + 1] as number);
  }

  // ── what we said ───────────────────────────────────────────────────────────────────────────────

  /** What we hand out: they put it into their frames for this conversation. */
  get tag(): Word64 {
    return { hi: this.#cells[TAG] as number, lo: this.#cells[TAG + 1] as number };
  }

  set tag({ hi, lo }: Word64) {
    this.#cells[TAG] = hi;
    this.#cells[TAG + 1] = lo;
  }

  putTag(bytes: Uint8Array, at: number): void {
    putU32(bytes, at, this.#cells[TAG] as number);
    putU32(bytes, at + 4, this.#cells[TAG + 1] as number);
  }

  get createdAt(): number {
    return this.#cells[CREATED_AT] as number;
  }

  /** When we last sent a message, which has no number but is no silence either. */
  get messageAt(): number {
    return this.#cells[MESSAGE_AT] as number;
  }

  set messageAt(at: number) {
    this.#cells[MESSAGE_AT] = at;
  }

  /** When we last answered a frame that proved nothing. */
  get answeredAt(): number {
    return this.#cells[ANSWERED_AT] as number;
  }

  set answeredAt(at: number) {
    this.#cells[ANSWERED_AT] = at;
  }

  /** When we last answered one of somebody who knows a tag, or the boot id of the one we know. */
  get repliedAt(): number {
    return this.#cells[REPLIED_AT] as number;
  }

  set repliedAt(at: number) {
    this.#cells[REPLIED_AT] = at;
  }

  /** When we last asked out of turn, because something of theirs came that proved nothing yet. */
  get askedAt(): number {
    return this.#cells[ASKED_AT] as number;
  }

  set askedAt(at: number) {
    this.#cells[ASKED_AT] = at;
  }

  // ── our frames that await their echo ───────────────────────────────────────────────────────────

  /** The number of our next frame. */
  get nextSeq(): number {
    return this.#cells[NEXT_SEQ] as number;
  }

  set nextSeq(seq: number) {
    this.#cells[NEXT_SEQ] = seq;
  }

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
