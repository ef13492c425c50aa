// Frames of a peer we know, in a conversation with it: whether they speak for the incarnation it is with,
// what of them counts, and what is answered.

import { challenge, incumbentHeard, strangerFor } from "./contests.ts";
import type { BeatFrame, DataFrame, Frame, LeaveFrame } from "./frame.ts";
import { type Arrived, drop, type Hub, heardBeat, isLive } from "./hub.ts";
import { type Claim, type Complete, claimOf, isComplete, relate } from "./incarnation.ts";
import { locate } from "./moves.ts";
import { relateOrTell, takeNotice } from "./notices.ts";
import { sendEcho, tell } from "./outbox.ts";
import { beat, begin, observeBeat, renew } from "./pairs.ts";
import { isTimely } from "./proof.ts";
import { may, note, type Pair, type Session, sentAt, startOver } from "./session.ts";

export function takeFromPeer(
  hub: Hub,
  pair: Pair,
  session: Session,
  frame: Arrived<Exclude<Frame, DataFrame>>,
): void {
  if (frame.type === "leave") return takeLeave(hub, pair, frame);
  if (frame.type === "notice") return takeNotice(hub, pair, frame);
  if (isCurrent(hub, pair, session, frame)) takeBeat(hub, pair, session, frame);
}

function takeLeave(hub: Hub, { ref, current }: Pair, frame: LeaveFrame): void {
  if (!isOfClaim(hub, current, frame)) return;
  if (frame.seq <= current.heardSeq) return drop(hub, "behind");
  hub.monitor.ended(ref, "left", { returnInMs: frame.returnInMs || undefined });
}

// ── who speaks ───────────────────────────────────────────────────────────────────────────────────

/** Whether a frame speaks for the incarnation this conversation is with; acts where it does not. */
function isCurrent(hub: Hub, pair: Pair, session: Session, frame: Arrived<BeatFrame>): boolean {
  if (!isComplete(frame)) return isOfClaim(hub, session, frame);
  const claim = claimOf(frame);
  if (!pair.anyId && claim.id !== pair.id) {
    drop(hub, "wrong-id");
    return false;
  }
  const isEarlier = isEarlierUnlived(hub, pair, session, claim);
  const relation = isEarlier ? "new-session" : relateOrTell(hub, pair, session, frame);
  if (!relation) return false;
  if (relation !== "same" && !isTimely(hub, session, frame, pair.policy)) {
    drop(hub, "stale");
    return false;
  }
  if (!session.claim) introduce(hub, pair, session, claim);
  else if (relation === "same") session.claim = claim;
  else follow(hub, pair, session, frame, relation);
  return pair.current === session && relate(claim, session.claim) === "same";
}

/**
 * Nobody has lived in the conversation we know of, and the same process speaks in one before it that is not over
 * either: a stranger's, which it opened for us and gave up, has the higher number.
 */
function isEarlierUnlived(hub: Hub, pair: Pair, session: Session, claim: Claim): boolean {
  if (hub.trustsPaths || isLive(hub, pair) || relate(claim, session.claim) !== "old") return false;
  const toBuried = relate(claim, pair.buried);
  return toBuried === "new-session" || toBuried === "new-process";
}

function isOfClaim(
  hub: Hub,
  session: Session,
  { epoch, session: number }: BeatFrame | LeaveFrame,
): boolean {
  const { claim } = session;
  const isOf = claim?.session === number && epoch >= claim.epoch;
  // A higher epoch: the same process found out that an earlier life of its id was ahead of it.
  if (isOf) session.claim = { ...claim, epoch };
  else drop(hub, claim ? "old" : "unintroduced");
  return isOf;
}

function introduce(hub: Hub, pair: Pair, session: Session, claim: Claim): void {
  const { ref: peer, id } = pair;
  session.claim = claim;
  // The next session of one that is dead; to anybody else it says nothing.
  hub.monitor.dial(peer);
  if (claim.id !== id) hub.turn.push({ type: "named", peer, id, remoteId: claim.id });
}

/** The same process speaks in a new conversation of its own, or another process in its place. */
function follow(
  hub: Hub,
  pair: Pair,
  session: Session,
  frame: Arrived<Complete>,
  relation: "new-session" | "new-process",
): void {
  if (hub.trustsPaths) {
    // A connection has one process at its other end, so the one before is gone.
    begin(hub, pair, session.place, "restarted");
    takeFromPeer(hub, pair, pair.current, frame);
  } else if (!isLive(hub, pair)) {
    // Nobody lived in this conversation yet: it goes on with whoever speaks in it now.
    startOver(session, claimOf(frame));
  } else if (relation === "new-process") {
    const challenger = strangerFor(hub, pair, frame);
    challenger.remoteTag = frame.handed;
    challenge(hub, pair, challenger);
  } else if (isCrossing(hub, pair, frame)) {
    drop(hub, "old");
  } else {
    renew(hub, pair);
  }
}

/**
 * An answer to a question that crossed theirs: where it is more, the silence will tell. Whoever only sends hears
 * no silence, and asks only those who may have forgotten it.
 */
function isCrossing(hub: Hub, { ref, role }: Pair, { type }: BeatFrame): boolean {
  return type === "echo" && role !== "send" && hub.monitor.status(ref) === "alive";
}

// ── what counts ──────────────────────────────────────────────────────────────────────────────────

function takeBeat(hub: Hub, pair: Pair, session: Session, frame: Arrived<BeatFrame>): void {
  const { monitor } = hub;
  const { ref } = pair;
  const { now } = hub.turn;
  if (frame.seq <= session.heardSeq) {
    // A statistic, and nothing else: what is said again costs the peer nothing of what it may say.
    hear(hub, pair, session, frame);
    return drop(hub, "behind");
  }
  if (!withinLimits(hub, pair, session, frame)) return;
  const before = monitor.status(ref);
  const counted = hear(hub, pair, session, frame);
  note(session, frame, now, counted);
  observeBeat(hub, pair, "received", frame.seq);
  if (session.negotiation.incompatible) {
    tell(hub, session, "incompatible");
    return monitor.ended(ref, "incompatible");
  }
  monitor.setPolicy(ref, session.negotiation.inForce);
  if (counted) incumbentHeard(hub, pair);
  if (!hub.trustsPaths) locate(hub, pair, session, frame);
  if (frame.asks) {
    // What was sent to a place that nothing has proven may never have reached the peer.
    if (sendEcho(hub, session, frame) && frame.place === session.place) monitor.sent(ref);
    return;
  }
  const isRevived = before !== "alive" && monitor.status(ref) === "alive";
  const isUnheard = !session.introduced && may(session, "askedAt", now, hub.policy.probeIntervalMs);
  // A round trip makes one BEAT due at once, so that the other side gets its own proof.
  if (isRevived || isUnheard) beat(hub, pair);
}

/** Whether it counted as a sign of life. */
function hear(hub: Hub, { ref }: Pair, session: Session, frame: BeatFrame): boolean {
  const nonce = sentAt(session, frame.echo);
  // An ECHO that has not counted us may come from somebody who never will: who refuses us, or lets
  // us wait while another holder of our id is asked.
  const tookUsIn = frame.type === "beat" || frame.counted || session.introduced;
  // A frame that echoes nothing we remember is as old as can be, and proves nothing.
  const never = -Number.MAX_VALUE;
  const { at, observedAt } = nonce ?? { at: never, observedAt: never };
  return heardBeat(hub, ref, session.numberedFrom + frame.seq, {
    proof: tookUsIn,
    // The first frame in a conversation bears a tag made for it: that round trip is the proof.
    nonceAt: nonce && !session.heardSeq ? hub.turn.now : at,
    nonceObservedAt: observedAt,
    // What is not remembered has no instant, so it is no round trip that could be measured.
    heldMs: nonce && frame.echo > session.lastEcho ? frame.heldMicros / 1_000 : undefined,
    sentAtMs: frame.sentMicros > 0 ? frame.sentMicros / 1_000 : undefined,
    gapMs: frame.gapMs || undefined,
    declaredMs: session.heardSeq ? Math.max(0, frame.stalledMs - session.heardStalledMs) : 0,
  });
}

/** Answers to our own questions are as many as those; everything else costs a token. */
export function withinLimits(hub: Hub, pair: Pair, session: Session, frame: BeatFrame): boolean {
  if (frame.type === "echo" && frame.echo > session.lastEcho) return true;
  if (spend(hub, pair, session)) return true;
  drop(hub, "too-many");
  const { deadAfterMs } = session.negotiation.inForce;
  const isFlood = hub.isStream && session.overdrawnMs(hub.turn.now) >= deadAfterMs;
  if (isFlood) hub.monitor.ended(pair.ref, "protocol-error");
  return false;
}

/** Takes the token that a frame costs; false where there is none. */
export function spend(hub: Hub, { policy }: Pair, session: Session): boolean {
  const { now } = hub.turn;
  const { deadAfterMs } = session.negotiation.inForce;
  // What queued up while we read nothing comes at once, and before anybody has noticed a stall.
  const unreadMs = session.heardSeq > 0 ? now - session.heardAt : 0;
  // Streams deliver late what was sent in time, so only a lasting flood counts there.
  const refillMs = policy.minGapMs / (hub.isStream ? 4 : 1);
  const capacity = Math.ceil((deadAfterMs + Math.max(hub.lastStallMs, unreadMs)) / refillMs) + 8;
  return session.spend(hub.turn, refillMs, capacity);
}
