// One conversation with one peer, from our side: the tag we handed out, what we sent and what came
// back of it, and what the other side said last; and the pair of us whose conversations these are.
// Nothing here decides about life and death.

import type { PeerRef } from "../monitor/refs.ts";
import type { Role } from "../peer/state.ts";
import type { Policy } from "../policy.ts";
import type { TokenBucket } from "./bucket.ts";
import type { BeatFrame, LeaveReason, Word64 } from "./frame.ts";
import type { Claim } from "./incarnation.ts";
import { Ledger } from "./ledger.ts";
import type { Negotiation } from "./negotiation.ts";
import type { LeaveOptions } from "./options.ts";

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

/** The numbers of a conversation are its ledger; here is who talks, where, and what is known of the other side. */
export class Session extends Ledger {
  /** Whose conversation this is; undefined while it is a stranger's. */
  pair: Pair | undefined = undefined;
  place: Place;
  /** Where the other side seems to have moved to, as long as nothing has proven it. */
  move: Move | undefined = undefined;
  /** Who is on the other side, as it says; undefined before its first complete frame. */
  claim: Claim | undefined = undefined;
  /** The claim that goes with what was kept of their BEATs, which say it again and again; see ordinary.ts. */
  refrainClaim: Claim | undefined = undefined;
  readonly negotiation: Negotiation;
  /** It has counted a frame of ours: it knows who we are, so our frames may be short. */
  introduced = false;
  /** Whether their newest frame was counted as a sign of life. */
  heardCounted = false;
  /** The application has looked into that claim. */
  authentic: boolean | undefined = undefined;
  /** We left this conversation; said again to whoever did not hear it. */
  farewell: Farewell | undefined = undefined;
  /** Every tag handed out that is still good, `tag` among them, once there is more than that one. */
  tags: Word64[] | undefined = undefined;
  /** Numbers our conversations; a later one of a pair is always larger. */
  readonly number: number;

  constructor(start: Pick<Session, "number" | "tag" | "place" | "createdAt" | "negotiation">) {
    super(start.tag, start.createdAt);
    this.number = start.number;
    this.place = start.place;
    this.negotiation = start.negotiation;
  }
}

/** What is known of the other side before it has said anything. */
const NOTHING_YET = {
  introduced: false,
  trustedFrom: Number.NEGATIVE_INFINITY,
  heardSeq: 0,
  heardAt: Number.NEGATIVE_INFINITY,
  heardCounted: false,
  lastEcho: 0,
  heardStalledMs: 0,
};

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
export function tagFor(session: Session, place: Place): Word64 {
  const { move } = session;
  return move?.place === place ? move.tag : session.tag;
}

/** When our frame `seq` left; undefined if it never did, or too long ago. */
export function sentAt(session: Session, seq: number): SentAt | undefined {
  const row = session.rowOf(seq);
  if (row < 0) return undefined;
  return { at: session.sentAt(row), observedAt: session.sentObservedAt(row) };
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
    if (echoed) session.forgetBefore(frame.echo);
    session.introduced = true;
    session.negotiation.echoed(frame.echo);
    const { at = session.trustedFrom } = echoed ?? {};
    session.trustedFrom = Math.max(session.trustedFrom, at);
  }
  session.negotiation.heard(frame, session.nextSeq);
}
