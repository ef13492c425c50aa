// Frames in: who is speaking, and in which conversation. Nothing counts before a round trip has proven
// the sender's place (datagrams), or the connection itself does (streams, messages).

import { takeBeacon } from "./beacons.ts";
import {
  challenge,
  challengerOf,
  openForStranger,
  strangerAt,
  strangerFor,
  turnAway,
} from "./contests.ts";
import { takeFromPeer } from "./conversation.ts";
import { type BeatFrame, type DataFrame, type Frame, isZero, sameWord } from "./frame.ts";
import { isAuthentic, isHeld } from "./handshakes.ts";
import {
  type Arrived,
  define,
  drop,
  type Hub,
  isLive,
  pairById,
  pathOf,
  refuse,
  speakerAt,
} from "./hub.ts";
import { type Complete, claimOf, isComplete, relate } from "./incarnation.ts";
import { moveTo } from "./moves.ts";
import { relateOrTell, tellDead } from "./notices.ts";
import { strangersPerSecond } from "./options.ts";
import { sendEcho } from "./outbox.ts";
import { bind, createPair, remembered } from "./pairs.ts";
import { isTimely } from "./proof.ts";
import { may, type Pair, type Session } from "./session.ts";
import { hasRoom, makeRoom } from "./verdicts.ts";

export function takeFrame(hub: Hub, frame: Arrived<Frame>): void {
  if (isHeld(hub, frame)) return;
  if (frame.type === "data") return takeData(hub, frame);
  if (isZero(frame.tag)) return takeUntagged(hub, frame);
  const session = hub.sessions.byTag(frame.tag);
  if (!session) return drop(hub, "wrong-tag");
  const { pair } = session;
  if (!pair || pair.previous !== session) return takeIn(hub, session, frame);
  const { claim } = session;
  // Another process that was handed our tag meanwhile was never given up.
  const { identity } = frame as Partial<BeatFrame>;
  const isTheirs = claim !== undefined && sameWord((identity ?? claim).boot, claim.boot);
  // A later conversation, opened under our old tag, is not dead to us.
  if (!isTheirs || frame.session > claim.session) return drop(hub, "old");
  // The sender does not know yet that this conversation is over for us.
  tellDead(hub, pair, { ...frame, place: session.place }, claim, session);
}

function takeData(hub: Hub, { payload: bytes, place }: Arrived<DataFrame>): void {
  const pair = hub.isStream && speakerAt(hub, place);
  if (!pair) return drop(hub, "unexpected-data");
  hub.turn.push({ type: "message", peer: pair.ref, id: pair.id, bytes });
}

/** First frames, probes, healing beats. */
function takeUntagged(hub: Hub, frame: Arrived<Exclude<Frame, DataFrame>>): void {
  if (frame.type !== "beat" || !isComplete(frame)) return drop(hub, "untagged");
  const { id, boot } = frame.identity;
  if (id === hub.id) return drop(hub, sameWord(boot, hub.boot) ? "reflected" : "own-id");
  if (!hub.trustsPaths) return answerUnproven(hub, frame);
  // The connection proves the place, so the frame counts as it is.
  takeIn(hub, hub.sessions.at(frame.place) ?? openForStranger(hub, frame.place), frame);
}

/** Nothing is proven: answer, so that it can prove itself, and change nothing. */
function answerUnproven(hub: Hub, frame: Arrived<Complete>): void {
  if (!frame.asks) return takeBeacon(hub, frame);
  const pair = pairById(hub, frame.identity.id);
  if (pair?.beacon) return drop(hub, "untagged");
  const relation = pair && relateOrTell(hub, pair, pair.current, frame);
  if (pair && !relation) return;
  if (pair && relation === "same") return answerPeer(hub, pair, frame);
  // Only the process itself knows its boot id: it is there and gave us up, so it does not hear us.
  if (pair && relation === "new-session") hub.monitor.heard(pair.ref, NOTHING_OF_OURS);
  const here = pair?.current.place === frame.place ? pair : undefined;
  // A peer that heals beats at its back-off, so it is answered as often as it may beat.
  const everyMs = here ? here.policy.minGapMs : hub.policy.intervalMs;
  // Where nobody has lived yet it goes on with whoever speaks in it now, so there is no need of a second one.
  if (here && !isLive(hub, here)) {
    const what = isKnownBoot(here, frame) ? "repliedAt" : "answeredAt";
    if (!may(here.current, what, hub.turn.now, everyMs)) return drop(hub, "too-many");
    return void sendEcho(hub, here.current, frame, here.ref);
  }
  // Whoever was answered at this place has its time to return the tag, whatever others claim there.
  const before = strangerAt(hub, pair, frame.place);
  const isEarly = before && hub.turn.now - before.answeredAt < everyMs;
  if (isEarly) return drop(hub, "too-many");
  if (!mayGreet(hub)) return drop(hub, "too-many-strangers");
  const session = strangerFor(hub, pair, frame);
  session.answeredAt = hub.turn.now;
  sendEcho(hub, session, frame, pair?.ref);
}

/** No sign of life, but evidence: a frame that echoes nothing we said lately. */
const NOTHING_OF_OURS = { nonceAt: -Number.MAX_VALUE };

/** However many addresses they claim, strangers get so many answers a second in all. */
function mayGreet({ greetings, options, turn }: Hub): boolean {
  const perSecond = strangersPerSecond(options);
  return greetings.take(turn, 1_000 / perSecond, perSecond);
}

/** Of the process we are in conversation with, as only it can know: it may not know our tag any more. */
function answerPeer(hub: Hub, pair: Pair, frame: Arrived<Complete>): void {
  const { current, policy, ref } = pair;
  if (frame.seq <= current.heardSeq) return drop(hub, "behind");
  const isThere = frame.place === current.place || moveTo(hub, pair, current, frame.place);
  const mayAnswer = may(current, "repliedAt", hub.turn.now, policy.minGapMs);
  if (!isThere || !mayAnswer) return drop(hub, "too-many");
  sendEcho(hub, current, frame, ref);
}

/** Whether it is of the process that spoke last in our conversation, or lived last: a stranger would have to guess. */
function isKnownBoot(pair: Pair, { identity }: Complete): boolean {
  const known = pair.current.claim ?? pair.buried;
  return known !== undefined && sameWord(known.boot, identity.boot);
}

/** In the conversation of a peer, or of a stranger: proven, not yet known. */
function takeIn(hub: Hub, session: Session, frame: Arrived<Exclude<Frame, DataFrame>>): void {
  if (session.pair) return takeFromPeer(hub, session.pair, session, frame);
  const isBeat = frame.type === "beat" || frame.type === "echo";
  if (!isBeat || !isComplete(frame)) return drop(hub, "unintroduced");
  const claim = claimOf(frame);
  const relation = relate(claim, session.claim);
  // What was looked into was this id, and no other.
  if (session.claim && session.claim.id !== claim.id) return drop(hub, "wrong-id");
  // It may have given up its side of the conversation before we took it in.
  const isSame = !session.claim || relation === "same" || relation === "new-session";
  if (!isSame) return drop(hub, "old");
  if (!isTimely(hub, session, frame, hub.policy)) return drop(hub, "stale");
  session.claim = claim;
  session.remoteTag = frame.handed;
  // What it says is answered where it was proven.
  const proven = { ...frame, place: session.place };
  if (!isAuthentic(hub, session, proven)) return;
  const pair = pairById(hub, claim.id);
  if (!pair) return admit(hub, session, proven);
  if (challengerOf(hub, pair) === session) return drop(hub, "contested");
  admitUnder(hub, pair, session, proven);
}

/** Somebody nobody knows: the application decides. */
function admit(hub: Hub, session: Session, frame: Arrived<Complete>): void {
  const { accept } = hub.options;
  const { id } = frame.identity;
  const path = pathOf(session.place);
  if (path === undefined) return drop(hub, "unknown-path");
  if (!hasRoom(hub)) return reject(hub, session, "too-many-peers");
  const acceptance = accept?.({ id, path });
  if (!acceptance) return reject(hub, session, "not-accepted");
  const added = pairById(hub, id);
  // The application added it by hand when it was asked: then it is a peer like any other.
  if (added) return admitUnder(hub, added, session, frame);
  if (!makeRoom(hub)) return reject(hub, session, "too-many-peers");
  const own = acceptance === true ? {} : acceptance;
  const policy = remembered(own.policy === undefined ? hub.policy : define(hub, own.policy));
  const { role = hub.role } = own;
  session.negotiation.setPolicy(policy, session.nextSeq, role);
  hub.sessions.adopt(session);
  const ref = hub.monitor.add(id, { policy: session.negotiation.inForce, role });
  const pair = createPair(hub, ref, id, session, { policy, role, anyId: false, byHand: false });
  takeFromPeer(hub, pair, session, frame);
}

function reject(hub: Hub, session: Session, reason: "not-accepted" | "too-many-peers"): void {
  drop(hub, "not-accepted");
  turnAway(hub, session);
  refuse(hub, session.place, reason);
}

/** Somebody who claims an id we know: the next life of that peer, or a rival. */
function admitUnder(hub: Hub, pair: Pair, session: Session, frame: Arrived<Complete>): void {
  const relation = relateOrTell(hub, pair, pair.current, frame);
  if (!relation) return;
  if (relation === "new-process" && isLive(hub, pair)) return challenge(hub, pair, session);
  bind(hub, pair, session, "restarted");
  takeFromPeer(hub, pair, session, frame);
}
