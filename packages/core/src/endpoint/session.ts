// One conversation with one peer, from our side: the tag we handed out, what we sent and what came
// back of it, and what the other side said last; and the pair of us whose conversations these are.
// Nothing here decides about life and death.

import type { PeerRef } from "../monitor/refs.ts";
import type { Role } from "../peer/state.ts";
import type { Policy } from "../policy.ts";
import type { TokenBucket } from "./bucket.ts";
import { type BeatFrame, type LeaveReason, NO_TAG, type Word64 } from "./frame.ts";
import type { Claim } from "./incarnation.ts";
import type { Negotiation } from "./negotiation.ts";
import type { LeaveOptions } from "./options.ts";
import type { Refrain } from "./refrain.ts";
import { SentFrames } from "./sent-frames.ts";

/** What a transport calls a connection or an address. */
export type Path = string | object;

/** Where frames come from and go to: whatever the transport says, or the peer itself. */
export type Place = Path | PeerRef;

/** Us and one peer. */
export interface Pair {
  readonly ref: PeerRef;
  /** The name it was added under. */
  readonly id: string;
  /** Its own id may be any. */
  readonly anyId: boolean;
  readonly role: Role;
  /** Added by hand, and so never forgotten by default. */
  byHand: boolean;
  /** As the user gave it; the one in force follows from it and the negotiation. */
  policy: Policy;
  current: Session;
  /** The conversation before: frames that still speak in it are told that it is over. */
  previous?: Session | undefined;
  /** The newest incarnation that is dead to us. Whoever returns must be newer. */
  buried?: Claim | undefined;
  /** One of the two only sends: we, or the peer, of which this is what it said last. */
  beacon?: { readonly claim?: Claim; readonly seq: number } | undefined;
  /** How many more changes of its address are followed; made at the first. */
  moves?: TokenBucket | undefined;
  /** What our LEAVE will say, while the transport still sends what it queued. */
  leaving?: LeaveOptions;
  /** What becomes current when the current conversation ends. */
  successor?: Session | undefined;
}

/**
 * A newcomer under an id that is taken: the incumbent is asked until then, and silence loses. In
 * observed time: while we are frozen or paused, the incumbent's answers may lie unread.
 */
export interface Contest {
  readonly challenger: Session;
  untilAt: number;
  probeAt: number;
}

/** When a frame of ours left: by the raw clock, read before that, and in observed time. */
export interface SentAt {
  readonly at: number;
  readonly observedAt: number;
}

/** A place, and a tag that was handed out nowhere else. */
export interface Move {
  readonly place: Place;
  readonly tag: Word64;
}

/** What our LEAVE said. */
export interface Farewell {
  readonly reason: LeaveReason;
  readonly returnInMs: number;
}

export interface Session {
  /** Numbers our conversations; a later one of a pair is always larger. */
  readonly number: number;
  /** What we hand out: the other side puts it into its frames for this conversation. */
  tag: Word64;
  /** Every tag handed out that is still good, `tag` among them. */
  readonly tags: Word64[];
  place: Place;
  readonly createdAt: number;
  readonly negotiation: Negotiation;
  /** Whose conversation this is; undefined while it is a stranger's. */
  pair: Pair | undefined;
  /** Who is on the other side, as it says; undefined before its first complete frame. */
  claim: Claim | undefined;
  /** The application has looked into that claim. */
  authentic: boolean | undefined;
  /** What we put into our frames; zero before it handed one out. */
  remoteTag: Word64;
  /** We left this conversation; said again to whoever did not hear it. */
  farewell: Farewell | undefined;
  /** Where the other side seems to have moved to, as long as nothing has proven it. */
  move: Move | undefined;
  /** When we last answered a frame that proved nothing. */
  answeredAt: number;
  /** When we last answered one of somebody who knows a tag, or the boot id of the one we know. */
  repliedAt: number;
  /** When we last asked out of turn, because something of theirs came that proved nothing yet. */
  askedAt: number;
  /** How many more frames of theirs are within what we said we accept; made at the first that costs. */
  bucket: TokenBucket | undefined;
  /** The number of our next frame. */
  nextSeq: number;
  /** When we last sent a message, which has no number but is no silence either. */
  messageAt: number;
  /** Our newest frames, from the one that was echoed last: none before it will be. */
  readonly sent: SentFrames;

  /** What their BEATs say again and again, as far as that was known when one was compared last. */
  refrain: Refrain | undefined;

  // What we know of whoever is on the other side.

  /** It has counted a frame of ours: it knows who we are, so our frames may be short. */
  introduced: boolean;
  /** When our newest frame left that it counted; −Infinity: we trust nothing. */
  trustedFrom: number;
  /** What their numbers follow on to: whoever spoke before them, while nobody had lived yet. */
  numberedFrom: number;
  /** The newest frame of theirs, and when it came. */
  heardSeq: number;
  heardAt: number;
  /** Whether that one was counted as a sign of life. */
  heardCounted: boolean;
  /** The newest frame of ours that they echoed. */
  lastEcho: number;
  /** For how long they stood still so far, by their own account. */
  heardStalledMs: number;
}

const NOTHING_YET = {
  introduced: false,
  trustedFrom: Number.NEGATIVE_INFINITY,
  heardSeq: 0,
  heardAt: 0,
  heardCounted: false,
  lastEcho: 0,
  heardStalledMs: 0,
};

export function createSession(
  start: Pick<Session, "number" | "tag" | "place" | "createdAt" | "negotiation">,
): Session {
  // Written out, all fields at once: engines keep what is spread or grows later as a slow dictionary. First what
  // every beat looks at: it lies together.
  return {
    pair: undefined,
    place: start.place,
    move: undefined,
    claim: undefined,
    remoteTag: NO_TAG,
    negotiation: start.negotiation,
    refrain: undefined,
    introduced: NOTHING_YET.introduced,
    numberedFrom: 0,
    heardSeq: NOTHING_YET.heardSeq,
    lastEcho: NOTHING_YET.lastEcho,
    heardCounted: NOTHING_YET.heardCounted,
    heardStalledMs: NOTHING_YET.heardStalledMs,
    heardAt: NOTHING_YET.heardAt,
    trustedFrom: NOTHING_YET.trustedFrom,
    sent: new SentFrames(),
    bucket: undefined,
    nextSeq: 1,
    number: start.number,
    tag: start.tag,
    tags: [start.tag],
    messageAt: Number.NEGATIVE_INFINITY,
    createdAt: start.createdAt,
    authentic: undefined,
    farewell: undefined,
    answeredAt: Number.NEGATIVE_INFINITY,
    repliedAt: Number.NEGATIVE_INFINITY,
    askedAt: Number.NEGATIVE_INFINITY,
  };
}

/** Whoever spoke here begins anew, as somebody else: its numbers start over, and nothing of ours was counted. */
export function startOver(session: Session, claim: Claim): void {
  followOn(session, session);
  Object.assign(session, NOTHING_YET, { claim });
}

/** The monitor counts on: to it, all who speak before anybody has lived are one. */
export function followOn(session: Session, { numberedFrom, heardSeq }: Session): void {
  session.numberedFrom = numberedFrom + heardSeq;
}

/** The tag to hand out at a place. */
export function tagFor({ move, tag }: Session, place: Place): Word64 {
  return move?.place === place ? move.tag : tag;
}

/** Takes the next number, for a frame that leaves now. */
export function takeSeq(session: Session, at: number, observedAt: number): number {
  const seq = session.nextSeq++;
  session.sent.add(seq, at, observedAt);
  return seq;
}

/** The frame with this number did not leave after all. */
export function giveBackSeq(session: Session, seq: number): void {
  session.sent.remove(seq);
  if (seq === session.nextSeq - 1) session.nextSeq = seq;
}

/** When our frame `seq` left; undefined if it never did, or too long ago. */
export function sentAt({ sent }: Session, seq: number): SentAt | undefined {
  const row = sent.rowOf(seq);
  return row < 0 ? undefined : { at: sent.at(row), observedAt: sent.observedAt(row) };
}

/** We are leaving, or they declared us dead: nothing may be trusted any more. */
export function distrust(session: Session): void {
  session.trustedFrom = Number.NEGATIVE_INFINITY;
}

/**
 * Until then they cannot have declared us dead: our last counted frame plus their D, less
 * 1000 ppm for the drift of two clocks against each other.
 */
export function trustedUntil({ negotiation, trustedFrom }: Session): number {
  const { peerDeadMs } = negotiation;
  const isForEver = peerDeadMs === 0 && trustedFrom > Number.NEGATIVE_INFINITY;
  return isForEver ? Number.POSITIVE_INFINITY : trustedFrom + peerDeadMs * (1 - 0.001);
}

/** Whether we may answer, or ask out of turn: at most once every `everyMs`. If so, it counts as done. */
export function may(
  session: Session,
  what: "answeredAt" | "repliedAt" | "askedAt",
  now: number,
  everyMs: number,
): boolean {
  if (now - session[what] < everyMs) return false;
  session[what] = now;
  return true;
}

/** Takes in what a fresh frame says besides being alive. */
export function note(session: Session, frame: BeatFrame, now: number, counted: boolean): void {
  session.heardSeq = frame.seq;
  session.heardAt = now;
  session.heardCounted = counted;
  session.lastEcho = Math.max(session.lastEcho, frame.echo);
  session.heardStalledMs = frame.stalledMs;
  session.remoteTag = frame.handed;
  // Only a frame that was counted was taken in: the echo of a bare question acknowledges nothing, and the
  // next frames of theirs echo an older one of ours again.
  if (frame.counted) {
    const echoed = sentAt(session, frame.echo);
    if (echoed) session.sent.forgetBefore(frame.echo);
    session.introduced = true;
    session.negotiation.echoed(frame.echo);
    const { at = session.trustedFrom } = echoed ?? {};
    session.trustedFrom = Math.max(session.trustedFrom, at);
  }
  session.negotiation.heard(frame, session.nextSeq);
}
