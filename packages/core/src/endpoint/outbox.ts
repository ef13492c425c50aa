// Frames out: what each kind says and when it must be complete, padded, or left unsaid. Who gets
// one, and when, is decided elsewhere.

import type { PeerRef } from "../monitor/refs.ts";
import { encodeFrame } from "./encode.ts";
import {
  type BeatFrame,
  type Frame,
  isZero,
  NO_EXTRA,
  NO_TAG,
  type NoticeKind,
  PADDED_BYTES,
  type Word64,
} from "./frame.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Farewell, Place, SentAt, Session } from "./session.ts";

/** Who we are on the wire. The epoch may rise once another life of our id turns out to be ahead. */
export interface Self {
  readonly id: string;
  readonly boot: Word64;
  epoch: number;
}

/** Hands a frame to the transport; false where it was not taken. */
export type Transmit<Path> = (
  peer: PeerRef | undefined,
  frame: Uint8Array<ArrayBuffer>,
  place: Place<Path>,
) => boolean;

export class Outbox<Path> {
  readonly #self: Self;
  readonly #transmit: Transmit<Path>;
  readonly #now: () => SentAt;

  constructor(self: Self, transmit: Transmit<Path>, now: () => SentAt) {
    this.#self = self;
    this.#transmit = transmit;
    this.#now = now;
  }

  /**
   * A BEAT for a peer. Without a tag (the other side may have forgotten it, or never gave one) it is
   * complete, and hands one out.
   *
   * @returns its number, or undefined where the transport did not take it.
   */
  beat(
    peer: PeerRef,
    session: Session<Path>,
    how: { readonly asks: boolean; readonly untagged: boolean },
  ): number | undefined {
    const untagged = how.untagged || isZero(session.remoteTag);
    const { negotiation } = session;
    return this.#numbered(peer, session, session.place, (seq) =>
      this.#beatFrame(session, seq, {
        type: "beat",
        tag: untagged ? NO_TAG : session.remoteTag,
        asks: how.asks || !session.introduced || negotiation.pending || negotiation.peerOnlyAnswers,
        complete: untagged || !session.introduced,
      }),
    );
  }

  /** The ECHO to a BEAT that asks; goes to where the question came from. Never longer than it. */
  echo(
    peer: PeerRef | undefined,
    session: Session<Path>,
    question: BeatFrame,
    place: Place<Path>,
  ): number | undefined {
    return this.#numbered(peer, session, place, (seq) => {
      const frame = this.#beatFrame(session, seq, {
        type: "echo",
        tag: question.handed,
        asks: false,
        complete: question.identity !== undefined,
      });
      // A question we did not take in (it proved nothing) is still what the answer is about.
      const current = session.heardSeq === question.seq;
      return current ? frame : { ...frame, echo: question.seq, heldMicros: 0, counted: false };
    });
  }

  /**
   * A BEAT to whoever sent this ECHO, but is not the one our conversation is with: complete, so that
   * it learns who we are, and asking nothing, so that it speaks for itself.
   */
  urge(peer: PeerRef, session: Session<Path>, echo: BeatFrame, place: Place<Path>): void {
    this.#numbered(peer, session, place, (seq) => ({
      ...this.#beatFrame(session, seq, {
        type: "beat",
        tag: echo.handed,
        asks: false,
        complete: true,
      }),
      echo: echo.seq,
      heldMicros: 0,
      counted: false,
    }));
  }

  /** Says that we leave, to whoever handed out this tag. */
  leave(
    peer: PeerRef,
    session: Session<Path>,
    { reason, returnInMs }: Farewell,
    to: { readonly tag: Word64; readonly place: Place<Path> },
  ): void {
    if (isZero(to.tag)) return;
    this.#numbered(peer, session, to.place, (seq) => ({
      type: "leave",
      tag: to.tag,
      epoch: this.#self.epoch,
      session: session.number,
      seq,
      reason,
      returnInMs: Math.min(2 ** 32 - 1, Math.ceil(returnInMs)),
      extra: NO_EXTRA,
    }));
  }

  /** Tells `about` how we see it. `tag` is the one it handed out, which nobody else can know. */
  notice(
    peer: PeerRef | undefined,
    session: Session<Path>,
    about: Incarnation,
    what: {
      readonly kind: NoticeKind;
      readonly tag: Word64;
      readonly place: Place<Path>;
      readonly answers?: number;
      readonly knownEpoch?: number;
    },
  ): void {
    if (isZero(what.tag)) return;
    const frame: Frame = {
      type: "notice",
      tag: what.tag,
      epoch: this.#self.epoch,
      session: session.number,
      kind: what.kind,
      aboutEpoch: about.epoch,
      aboutSession: about.session,
      aboutBoot: about.boot,
      answers: what.answers ?? 0,
      knownEpoch: what.knownEpoch ?? 0,
      extra: NO_EXTRA,
    };
    this.#transmit(peer, encodeFrame(frame), what.place);
  }

  /** An application message. */
  data(peer: PeerRef, session: Session<Path>, payload: Uint8Array): boolean {
    return this.#transmit(peer, encodeFrame({ type: "data", payload }), session.place);
  }

  #numbered(
    peer: PeerRef | undefined,
    session: Session<Path>,
    place: Place<Path>,
    frame: (seq: number) => Frame,
  ): number | undefined {
    // Numbered before it leaves: a transport within one process may bring the echo back at once.
    const seq = session.takeSeq(this.#now());
    if (this.#transmit(peer, encodeFrame(frame(seq)), place)) return seq;
    session.giveBackSeq(seq);
    return undefined;
  }

  #beatFrame(
    session: Session<Path>,
    seq: number,
    how: {
      readonly type: "beat" | "echo";
      readonly tag: Word64;
      readonly asks: boolean;
      readonly complete: boolean;
    },
  ): BeatFrame {
    const { epoch, boot, id } = this.#self;
    const heldMs = session.heardSeq === 0 ? 0 : this.#now().at - session.heardAt;
    const frame: BeatFrame = {
      type: how.type,
      tag: how.tag,
      epoch,
      session: session.number,
      seq,
      handed: session.tag,
      echo: session.heardSeq,
      heldMicros: Math.min(2 ** 32 - 1, Math.round(heldMs * 1_000)),
      counted: session.heardCounted,
      asks: how.asks,
      ...session.negotiation.pace(),
      ...(how.complete && { identity: { boot, id } }),
      extra: NO_EXTRA,
    };
    // A complete question is as long as any answer: nobody can be used to send more than came in.
    if (!how.asks || !how.complete) return frame;
    const paddingBytes = Math.max(0, PADDED_BYTES - encodeFrame(frame).length);
    return { ...frame, extra: new Uint8Array(paddingBytes) };
  }
}
