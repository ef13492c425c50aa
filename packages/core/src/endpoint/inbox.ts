// Frames in: who is speaking, and in which conversation. Nothing counts before a round trip has proven
// the sender's place (datagrams), or the connection itself does (streams, messages).

import { challenge, challengerOf, openForStranger, strangerFor } from "./contests.ts";
import { takeFromPeer } from "./conversation.ts";
import { type DataFrame, type Frame, isZero, sameWord } from "./frame.ts";
import { define, drop, type Hub, pairById, pathOf, refuse, speakerAt } from "./hub.ts";
import { type Claim, type Complete, claimOf, isComplete, relate } from "./incarnation.ts";
import { takeFromThePast, tellDead, tellKnownAs } from "./notices.ts";
import { sendEcho } from "./outbox.ts";
import { bind, createPair, isDead, isLive, known, remembered } from "./pairs.ts";
import type { Pair, Place, Session } from "./session.ts";

/** One decoded frame from a place. */
export function takeFrame(hub: Hub, frame: Frame, place: Place): void {
  if (frame.type === "data") return takeData(hub, frame, place);
  if (isZero(frame.tag)) return takeUntagged(hub, frame, place);
  const session = hub.sessions.byTag(frame.tag);
  if (session === undefined) return drop(hub, "wrong-tag");
  const { pair } = session;
  if (pair?.previous === session) return takeFromThePast(hub, pair, session, frame);
  takeIn(hub, session, frame, place);
}

function takeData(hub: Hub, { payload: bytes }: DataFrame, place: Place): void {
  const pair = hub.isStream ? speakerAt(hub, place) : undefined;
  if (pair === undefined) return drop(hub, "unexpected-data");
  hub.turn.push({ type: "message", peer: pair.ref, id: pair.id, bytes });
}

/** First frames, probes, healing beats. */
function takeUntagged(hub: Hub, frame: Exclude<Frame, DataFrame>, place: Place): void {
  if (frame.type !== "beat" || !isComplete(frame)) return drop(hub, "untagged");
  const { id, boot } = frame.identity;
  if (id === hub.id) return drop(hub, sameWord(boot, hub.boot) ? "reflected" : "own-id");
  if (!hub.trustsPaths) return answerUnproven(hub, frame, place);
  // The connection proves the place, so the frame counts as it is.
  takeIn(hub, hub.sessions.at(place) ?? openForStranger(hub, place), frame, place);
}

/** Nothing is proven: answer, so that it can prove itself, and change nothing. */
function answerUnproven(hub: Hub, frame: Complete, place: Place): void {
  const { policy, turn } = hub;
  const claim = claimOf(frame);
  const pair = pairById(hub, claim.id);
  const relation = relate(claim, pair && known(pair));
  if (pair !== undefined) {
    if (relation === "clock-behind") return tellKnownAs(hub, pair, frame, place);
    if (isOver(claim, pair)) return tellDead(hub, pair, frame, place);
    if (relation === "old") return drop(hub, "old");
  }
  const here = pair?.current.place === place ? pair : undefined;
  const isCurrent = here && (here.current.claim === undefined || relation === "same");
  const session = isCurrent ? here.current : strangerFor(hub, claim, place, pair);
  // A peer that heals beats at its back-off, so it is answered as often as it may beat.
  const everyMs = here ? here.policy.minGapMs : policy.intervalMs;
  if (!frame.asks || !session.may("answeredAt", turn.now, everyMs)) return drop(hub, "too-many");
  sendEcho(hub, session, frame, place, pair?.ref);
}

/** Whether this incarnation is dead to us. */
function isOver(claim: Claim, { buried }: Pair): boolean {
  return ["old", "same"].includes(relate(claim, buried));
}

function takeIn(hub: Hub, session: Session, frame: Exclude<Frame, DataFrame>, place: Place): void {
  const { pair } = session;
  if (pair !== undefined) return takeFromPeer(hub, pair, session, frame, place);
  // A stranger: proven, not yet known.
  const isBeat = frame.type === "beat" || frame.type === "echo";
  if (!isBeat || !isComplete(frame)) return drop(hub, "unintroduced");
  const claim = claimOf(frame);
  // It may have given up its side of the conversation before we took it in.
  const isSame = ["same", "new-session"].includes(relate(claim, session.claim));
  if (session.claim !== undefined && !isSame) return drop(hub, "old");
  session.claim = claim;
  session.remoteTag = frame.handed;
  const known = pairById(hub, claim.id);
  if (known === undefined) return admit(hub, session, frame);
  if (challengerOf(hub, known) === session) return drop(hub, "contested");
  admitUnder(hub, known, session, frame);
}

/** Somebody nobody knows: the application decides. */
function admit(hub: Hub, session: Session, frame: Complete): void {
  const { monitor, options, pairs, sessions } = hub;
  const { place, negotiation } = session;
  const { id } = frame.identity;
  const path = pathOf(place);
  if (path === undefined) return drop(hub, "unknown-path");
  if (pairs.size >= (options.limits?.peers ?? 100_000))
    return reject(hub, session, "too-many-peers");
  const acceptance = options.accept?.({ id, path }) ?? false;
  if (acceptance === false) return reject(hub, session, "not-accepted");
  const added = pairById(hub, id);
  // The application added it by hand when it was asked: then it is a peer like any other.
  if (added !== undefined) return admitUnder(hub, added, session, frame);
  const own = acceptance === true ? {} : acceptance;
  const policy = remembered(own.policy === undefined ? hub.policy : define(hub, own.policy));
  const role = own.role ?? hub.role;
  negotiation.setPolicy(policy, session.nextSeq);
  sessions.adopt(session);
  const ref = monitor.add(id, { policy: negotiation.inForce, role });
  const pair = createPair(hub, ref, id, session, { policy, role, anyId: false, byHand: false });
  takeFromPeer(hub, pair, session, frame, place);
}

function reject(hub: Hub, session: Session, reason: "not-accepted" | "too-many-peers"): void {
  drop(hub, "not-accepted");
  hub.sessions.close(session);
  refuse(hub, session.place, reason);
}

/** Somebody who claims an id we know: the next life of that peer, or a rival. */
function admitUnder(hub: Hub, pair: Pair, session: Session, frame: Complete): void {
  const { place } = session;
  const relation = relate(claimOf(frame), known(pair));
  if (relation === "clock-behind") return tellKnownAs(hub, pair, frame, place);
  if (relation === "old") return drop(hub, "old");
  if (relation === "same" && isDead(hub, pair)) return tellDead(hub, pair, frame, place);
  if (relation === "new-process" && isLive(hub, pair)) return challenge(hub, pair, session);
  bind(hub, pair, session, "restarted");
  takeFromPeer(hub, pair, session, frame, place);
}
