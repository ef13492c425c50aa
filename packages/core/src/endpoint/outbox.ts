// Frames out: what each kind says and when it must be complete, padded, or left unsaid. Who gets
// one, and when, is decided elsewhere.

import type { PeerRef } from "../monitor/refs.ts";
import {
  type BeatFrame,
  isZero,
  MAX_ID_BYTES,
  NO_EXTRA,
  NO_TAG,
  type NoticeKind,
  type Word64,
} from "./frame.ts";
import { type Arrived, type Hub, isLive, transmit, transmitBytes } from "./hub.ts";
import type { Incarnation } from "./incarnation.ts";
import { ordinaryBeat } from "./ordinary-out.ts";
import { type Place, type Session, tagFor } from "./session.ts";
import { encodeText } from "./text.ts";

/** What a BEAT shall be besides true. */
export interface BeatOptions {
  readonly asks?: boolean;
  readonly untagged?: boolean;
}

/** What most BEATs are: nothing more. */
const PLAIN: BeatOptions = Object.freeze({});

/**
 * A BEAT for a peer. Without a tag (the other side may have forgotten it, or never gave one) it is
 * complete, and hands one out.
 *
 * @returns its number, or undefined where the transport did not take it.
 */
export function sendBeat(
  hub: Hub,
  session: Session,
  { asks, untagged }: BeatOptions = PLAIN,
): number | undefined {
  const { introduced, negotiation, place, pair } = session;
  if (pair?.beacon) return sendBeacon(hub, session);
  const complete = !introduced || untagged || !session.hasRemoteTag;
  const mustAsk = asks || !introduced || negotiation.pending || negotiation.peerOnlyAnswers;
  if (!complete && !mustAsk) return sendOrdinary(hub, session);
  const tag = untagged ? NO_TAG : session.remoteTag;
  return sendBeatFrame(hub, session, { type: "beat", tag, place, asks: mustAsk, complete });
}

/** As `sendBeatFrame`, for a BEAT that neither asks nor is complete. */
function sendOrdinary(hub: Hub, session: Session): number | undefined {
  keepPace(hub, session);
  const seq = nextSeq(hub, session);
  const bytes = ordinaryBeat(hub, session, seq);
  return confirm(session, seq, transmitBytes(hub, session.pair?.ref, session.place, bytes));
}

/** A BEAT that asks nothing and hands out nothing: there is no way back. */
function sendBeacon(hub: Hub, session: Session): number | undefined {
  const { place } = session;
  const how = { type: "beat", tag: NO_TAG, handed: NO_TAG, place, complete: true } as const;
  return sendBeatFrame(hub, session, how);
}

/** The ECHO to a BEAT that asks; goes to where the question came from. Never longer than it. */
export function sendEcho(
  hub: Hub,
  session: Session,
  question: Arrived<BeatFrame>,
  peer?: PeerRef | undefined,
): number | undefined {
  // Numbers begin anew in each conversation, so a stranger's may be the one we heard last.
  const mayBeTaken = hub.trustsPaths || !isZero(question.tag);
  const isTaken = mayBeTaken && session.heardSeq === question.seq;
  return sendBeatFrame(hub, session, {
    type: "echo",
    tag: question.handed,
    place: question.place,
    complete: question.identity !== undefined,
    // A question we did not take in (it proved nothing) is still what the answer is about.
    about: isTaken ? undefined : question,
    peer,
  });
}

/**
 * A BEAT to whoever sent this ECHO, but is not the one our conversation is with: complete, so that
 * it learns who we are, and asking nothing, so that it speaks for itself.
 */
export function sendUrge(hub: Hub, session: Session, echo: Arrived<BeatFrame>): void {
  const { handed: tag, place } = echo;
  sendBeatFrame(hub, session, { type: "beat", tag, place, complete: true, about: echo });
}

/** Asks whoever sent this frame to return a tag that is handed out nowhere else. */
export function sendChallenge(hub: Hub, session: Session, { place }: Arrived<BeatFrame>): void {
  const { remoteTag: tag } = session;
  sendBeatFrame(hub, session, { type: "beat", tag, place, asks: true, complete: false });
}

/** Says that we leave, to whoever handed out this tag. */
export function sendLeave(hub: Hub, session: Session, tag: Word64, place: Place): void {
  const { farewell } = session;
  if (!farewell || isZero(tag)) return;
  const seq = nextSeq(hub, session);
  const frame = { type: "leave", ...from(hub, session, tag), seq, ...farewell } as const;
  confirm(session, seq, transmit(hub, session.pair?.ref, place, frame));
}

/** Tells `about` how we see it, in answer to a frame of its. */
export function sendNotice(
  hub: Hub,
  session: Session,
  kind: NoticeKind,
  about: Incarnation,
  answered: Pick<Arrived<BeatFrame>, "handed" | "place" | "seq">,
  knownEpoch = 0,
): void {
  // The tag it handed out, which nobody else can know.
  const { handed: tag, place, seq: answers } = answered;
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
  const { claim, remoteTag: handed, place } = session;
  if (claim) sendNotice(hub, session, kind, claim, { handed, place, seq: 0 });
}

/** How a BEAT or an ECHO is said. */
export interface BeatManner {
  readonly type: "beat" | "echo";
  readonly tag: Word64;
  readonly place: Place;
  readonly asks?: boolean;
  readonly complete: boolean;
  /** Default: the one for this place. */
  readonly handed?: Word64;
  /** The frame it is about, where that one was not taken in. */
  readonly about?: BeatFrame | undefined;
  readonly peer?: PeerRef | undefined;
}

function sendBeatFrame(hub: Hub, session: Session, how: BeatManner): number | undefined {
  const { place, peer = session.pair?.ref } = how;
  keepPace(hub, session);
  const seq = nextSeq(hub, session);
  return confirm(session, seq, transmit(hub, peer, place, beatFrame(hub, session, how, seq)));
}

/** What a BEAT or an ECHO says that leaves now. What ordinary-out.ts writes is held to it. */
export function beatFrame(hub: Hub, session: Session, how: BeatManner, seq: number): BeatFrame {
  const { type, tag, place, asks = false, complete, about } = how;
  const { epoch, boot, id } = hub;
  const { number, heardSeq } = session;
  const heldMs = about || !heardSeq ? 0 : hub.turn.now - session.heardAt;
  const { gapMs, wishMs, minMs, deadMs } = session.negotiation.pace();
  // Written out: to spread the parts into it would take longer than all the rest of a beat.
  const frame: BeatFrame = {
    type,
    tag,
    epoch,
    session: number,
    seq,
    handed: how.handed ?? tagFor(session, place),
    echo: about?.seq ?? heardSeq,
    heldMicros: Math.min(2 ** 32 - 1, Math.round(heldMs * 1_000)),
    counted: !about && session.heardCounted,
    asks,
    gapMs,
    wishMs,
    minMs,
    deadMs,
    // By our clock, from when this endpoint began: it must fit, and 0 says nothing.
    sentMicros: 1 + Math.round((hub.turn.now - hub.startedAt) * 1_000),
    stalledMs: Math.min(2 ** 32 - 1, Math.round(hub.stalledMs)),
    extra: NO_EXTRA,
  };
  if (!complete) return frame;
  // A complete question is as long as any answer: nobody can be used to send more than came in.
  const extra = asks ? new Uint8Array(MAX_ID_BYTES - encodeText(id).length) : NO_EXTRA;
  return { ...frame, identity: { boot, id }, extra };
}

/** Something is to leave: where it is late, the other side is told, and we judge by what we tell it. */
export function keepPace(hub: Hub, session: Session): void {
  const { negotiation, pair } = session;
  const beforeAt = Math.max(session.lastSentAt, session.messageAt);
  if (!pair || beforeAt === Number.NEGATIVE_INFINITY || !isLive(hub, pair)) return;
  const { inForce } = negotiation;
  negotiation.leaves(hub.turn.now, beforeAt, session.nextSeq);
  // What the next frame announces, a longer D above all, holds from now on.
  if (negotiation.inForce !== inForce) hub.monitor.setPolicy(pair.ref, negotiation.inForce);
}

/** Numbers a frame before it leaves: a transport within one process may bring the echo back at once. */
function nextSeq(hub: Hub, session: Session): number {
  return session.takeSeq(hub.turn.now, hub.monitor.observedNow());
}

/** The number of a frame, or undefined where it did not leave after all. */
function confirm(session: Session, seq: number, isSent: boolean): number | undefined {
  if (isSent) return seq;
  session.giveBackSeq(seq);
  return undefined;
}

/** What every frame says about its sender. */
function from({ epoch }: Hub, { number: session }: Session, tag: Word64) {
  return { tag, epoch, session, extra: NO_EXTRA };
}
