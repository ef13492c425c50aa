// One conversation with one peer, from our side: the tag we handed out, what we sent and what came
// back of it, and what the other side said last. It decides nothing about life and death.

import type { PeerRef } from "../monitor/refs.ts";
import { TokenBucket } from "./bucket.ts";
import { type BeatFrame, type Identity, type LeaveReason, NO_TAG, type Word64 } from "./frame.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Negotiation } from "./negotiation.ts";

/** Where frames come from and go to: whatever the transport says, or the peer itself. */
export type Place<Path> = Path | PeerRef;

/** When a frame of ours left. */
export interface SentAt {
  /** Raw clock, read before the frame left. */
  readonly at: number;
  readonly observedAt: number;
}

/** What our LEAVE said. */
export interface Farewell {
  readonly reason: LeaveReason;
  readonly returnInMs: number;
}

/** So many of our frames can be echoed; older ones are as good as never sent. */
const REMEMBERED_FRAMES = 64;

export class Session<Path> {
  /** Numbers our conversations; a later one of a pair is always larger. */
  readonly number: number;
  /** What the other side puts into its frames for this conversation. */
  readonly tag: Word64;
  readonly place: Place<Path>;
  readonly createdAt: number;
  readonly negotiation: Negotiation;

  /** Who is on the other side, as it says; undefined before its first complete frame. */
  claim: Incarnation | undefined;
  claimedId: string | undefined;
  /** What we put into our frames; zero before it handed one out. */
  remoteTag: Word64 = NO_TAG;
  /** It has counted a frame of ours: it knows who we are, so our frames may be short. */
  introduced = false;
  /** We left this conversation; said again to whoever did not hear it. */
  farewell: Farewell | undefined;
  /** When we last answered a frame that proved nothing. */
  answeredAt: number = Number.NEGATIVE_INFINITY;
  /** When we last asked out of turn, because something of theirs came that proved nothing yet. */
  askedAt: number = Number.NEGATIVE_INFINITY;
  /** The newest frame of theirs, and when it came. */
  heardSeq = 0;
  heardAt = 0;
  /** Whether that one was counted as a sign of life. */
  heardCounted = false;
  /** The newest frame of ours that they echoed. */
  lastEcho = 0;

  #seq = 0;
  readonly #sent: (SentAt | undefined)[] = [];
  #trustedFrom: number | undefined;
  #bucket: TokenBucket | undefined;

  constructor(
    number: number,
    tag: Word64,
    place: Place<Path>,
    negotiation: Negotiation,
    now: number,
  ) {
    this.number = number;
    this.tag = tag;
    this.place = place;
    this.negotiation = negotiation;
    this.createdAt = now;
  }

  /** The number of our next frame. */
  get nextSeq(): number {
    return this.#seq + 1;
  }

  /** Takes the next number, for a frame that leaves at `sentAt`. */
  takeSeq(sentAt: SentAt): number {
    this.#seq += 1;
    this.#sent[this.#seq % REMEMBERED_FRAMES] = sentAt;
    return this.#seq;
  }

  /** The frame with this number did not leave after all. */
  giveBackSeq(seq: number): void {
    this.#sent[seq % REMEMBERED_FRAMES] = undefined;
    if (seq === this.#seq) this.#seq -= 1;
  }

  /** When our frame `seq` left; undefined if it never did, or too long ago. */
  sentAt(seq: number): SentAt | undefined {
    const known = seq > 0 && seq <= this.#seq && seq > this.#seq - REMEMBERED_FRAMES;
    return known ? this.#sent[seq % REMEMBERED_FRAMES] : undefined;
  }

  /** We are leaving, or they declared us dead: nothing may be trusted any more. */
  distrust(): void {
    this.#trustedFrom = undefined;
  }

  /**
   * Until then they cannot have declared us dead: our last counted frame plus their D, less
   * 1000 ppm for the drift of two clocks against each other.
   */
  trustedUntil(): number {
    if (this.#trustedFrom === undefined) return Number.NEGATIVE_INFINITY;
    const { peerDeadMs } = this.negotiation;
    if (peerDeadMs === 0) return Number.POSITIVE_INFINITY;
    return this.#trustedFrom + peerDeadMs * (1 - 0.001);
  }

  /** Whether an answer may leave now, at most one every `everyMs`; if so, it counts as given. */
  mayAnswer(now: number, everyMs: number): boolean {
    if (now - this.answeredAt < everyMs) return false;
    this.answeredAt = now;
    return true;
  }

  /** As `mayAnswer`, for a BEAT out of turn. */
  mayAsk(now: number, everyMs: number): boolean {
    if (now - this.askedAt < everyMs) return false;
    this.askedAt = now;
    return true;
  }

  /** Takes in what a fresh frame says besides being alive. */
  note(frame: BeatFrame, now: number, counted: boolean): void {
    this.heardSeq = frame.seq;
    this.heardAt = now;
    this.heardCounted = counted;
    this.lastEcho = Math.max(this.lastEcho, frame.echo);
    this.remoteTag = frame.handed;
    // Only a frame that was counted was taken in: the echo of a bare question acknowledges nothing.
    if (frame.counted) this.#counted(frame.echo);
    this.negotiation.heard(frame, this.nextSeq);
  }

  /** Whoever spoke here begins anew: its numbers start over, and nothing of ours was counted. */
  startOver(): void {
    this.introduced = false;
    this.heardSeq = 0;
    this.heardCounted = false;
    this.lastEcho = 0;
    this.distrust();
  }

  /** A complete frame says who its sender is. */
  introduce(frame: BeatFrame, identity: Identity): void {
    this.claim = { epoch: frame.epoch, session: frame.session, boot: identity.boot };
    this.claimedId = identity.id;
  }

  /** Whether another frame of theirs is within what we said we accept. */
  admits(now: number, refillMs: number, capacity: number): boolean {
    this.#bucket ??= new TokenBucket(capacity, now);
    return this.#bucket.take(now, refillMs, capacity);
  }

  /** For how long more than that has been coming. */
  floodMs(now: number): number {
    return this.#bucket?.overdrawnMs(now) ?? 0;
  }

  #counted(seq: number): void {
    this.introduced = true;
    this.negotiation.echoed(seq);
    const sentAt = this.sentAt(seq)?.at;
    if (sentAt === undefined) return;
    this.#trustedFrom = Math.max(sentAt, this.#trustedFrom ?? sentAt);
  }
}
