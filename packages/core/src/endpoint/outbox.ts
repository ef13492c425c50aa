// Frames out: what each kind says and when it must be complete, padded, or left unsaid. Who gets
// one, and when, is decided elsewhere.

import type { PeerRef } from "../monitor/refs.ts";
import {
  type BeatFrame,
  type Frame,
  isZero,
  MAX_ID_BYTES,
  NO_EXTRA,
  NO_TAG,
  type NoticeKind,
  type Word64,
} from "./frame.ts";
import { type Hub, transmit } from "./hub.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Place, Session } from "./session.ts";
import { encodeText } from "./text.ts";

/** What a BEAT or ECHO shall be. */
interface How {
  readonly type: "beat" | "echo";
  readonly tag: Word64;
  readonly asks?: boolean;
  readonly complete: boolean;
  /** The frame it is about, where that one was not taken in. */
  readonly about?: BeatFrame | undefined;
}

/**
 * A BEAT for a peer. Without a tag (the other side may have forgotten it, or never gave one) it is
 * complete, and hands one out.
 *
 * @returns its number, or undefined where the transport did not take it.
 */
export function sendBeat(
  hub: Hub,
  session: Session,
  { asks = false, untagged = false }: { readonly asks?: boolean; readonly untagged?: boolean },
): number | undefined {
  const { introduced, negotiation, place, remoteTag } = session;
  const tag = untagged ? NO_TAG : remoteTag;
  return sendBeatFrame(hub, session, place, {
    type: "beat",
    tag,
    asks: asks || !introduced || negotiation.pending || negotiation.peerOnlyAnswers,
    complete: isZero(tag) || !introduced,
  });
}

/** The ECHO to a BEAT that asks; goes to where the question came from. Never longer than it. */
export function sendEcho(
  hub: Hub,
  session: Session,
  question: BeatFrame,
  place: Place,
  peer: PeerRef | undefined = session.pair?.ref,
): number | undefined {
  const how: How = {
    type: "echo",
    tag: question.handed,
    complete: question.identity !== undefined,
    // A question we did not take in (it proved nothing) is still what the answer is about.
    about: session.heardSeq === question.seq ? undefined : question,
  };
  return sendBeatFrame(hub, session, place, how, peer);
}

/**
 * A BEAT to whoever sent this ECHO, but is not the one our conversation is with: complete, so that
 * it learns who we are, and asking nothing, so that it speaks for itself.
 */
export function sendUrge(hub: Hub, session: Session, echo: BeatFrame, place: Place): void {
  const how: How = { type: "beat", tag: echo.handed, complete: true, about: echo };
  sendBeatFrame(hub, session, place, how);
}

/** Says that we leave, to whoever handed out this tag. */
export function sendLeave(hub: Hub, session: Session, tag: Word64, place: Place): void {
  const { farewell } = session;
  if (isZero(tag) || farewell === undefined) return;
  sendNumbered(hub, session, place, (seq) => ({
    type: "leave",
    ...from(hub, session, tag),
    seq,
    ...farewell,
  }));
}

/** Tells `about` how we see it. `tag` is the one it handed out, which nobody else can know. */
export function sendNotice(
  hub: Hub,
  session: Session,
  kind: NoticeKind,
  about: Incarnation,
  to: {
    readonly tag: Word64;
    readonly place: Place;
    readonly answers?: number;
    readonly knownEpoch?: number | undefined;
  },
): void {
  const { tag, place, answers = 0, knownEpoch = 0 } = to;
  if (isZero(tag)) return;
  transmit(hub, session.pair?.ref, place, {
    type: "notice",
    ...from(hub, session, tag),
    kind,
    aboutEpoch: about.epoch,
    aboutSession: about.session,
    aboutBoot: about.boot,
    answers,
    knownEpoch,
  });
}

/** A NOTICE to the other side of a conversation, about what it is now. */
export function tell(hub: Hub, session: Session, kind: NoticeKind): void {
  const { claim, remoteTag: tag, place } = session;
  if (claim !== undefined) sendNotice(hub, session, kind, claim, { tag, place });
}

function sendBeatFrame(
  hub: Hub,
  session: Session,
  place: Place,
  { type, tag, asks = false, complete, about }: How,
  peer?: PeerRef | undefined,
): number | undefined {
  const { boot, id } = hub;
  const { heardSeq, heardAt, heardCounted } = session;
  const heldMs = about || heardSeq === 0 ? 0 : hub.turn.now - heardAt;
  return sendNumbered(
    hub,
    session,
    place,
    (seq) => ({
      type,
      ...from(hub, session, tag),
      seq,
      handed: session.tag,
      echo: about ? about.seq : heardSeq,
      heldMicros: Math.min(2 ** 32 - 1, Math.round(heldMs * 1_000)),
      counted: !about && heardCounted,
      asks,
      ...session.negotiation.pace(),
      ...(complete && { identity: { boot, id } }),
      // A complete question is as long as any answer: nobody can be used to send more than came in.
      ...(complete && asks && { extra: new Uint8Array(MAX_ID_BYTES - encodeText(id).length) }),
    }),
    peer,
  );
}

function sendNumbered(
  hub: Hub,
  session: Session,
  place: Place,
  frame: (seq: number) => Frame,
  peer: PeerRef | undefined = session.pair?.ref,
): number | undefined {
  const { turn, monitor } = hub;
  // Numbered before it leaves: a transport within one process may bring the echo back at once.
  const seq = session.takeSeq({ at: turn.now, observedAt: monitor.observedNow() });
  if (transmit(hub, peer, place, frame(seq))) return seq;
  session.giveBackSeq(seq);
  return undefined;
}

/** What every frame says about its sender. */
function from({ epoch }: Hub, { number: session }: Session, tag: Word64) {
  return { tag, epoch, session, extra: NO_EXTRA };
}
