// What one side must know about how the other sees it: that it is dead there, that its id is known
// under a later epoch, that it was refused. Who is told, how often, and what is believed.

import {
  type BeatFrame,
  type DataFrame,
  type Frame,
  isZero,
  type NoticeFrame,
  sameWord,
  TOP,
} from "./frame.ts";
import { type Arrived, drop, type Hub } from "./hub.ts";
import { type Claim, type Complete, claimOf, relate } from "./incarnation.ts";
import { sendLeave, sendNotice, sendUrge } from "./outbox.ts";
import { beat, renew } from "./pairs.ts";
import { distrust, may, type Pair, type Session, sentAt } from "./session.ts";

/** A NOTICE to us, in the current conversation. */
export function takeNotice(hub: Hub, pair: Pair, frame: NoticeFrame): void {
  const { current, ref: peer, id } = pair;
  const { kind, knownEpoch } = frame;
  const isAboutUs =
    frame.aboutEpoch === hub.epoch &&
    frame.aboutSession === current.number &&
    sameWord(frame.aboutBoot, hub.boot);
  // Known under a later epoch: only in answer to a frame we sent, and never up to the top of the range.
  const isKnownAs = kind === "known-as";
  const isFit = sentAt(current, frame.answers) && knownEpoch >= hub.epoch && knownEpoch < TOP - 1;
  if (!isAboutUs || (isKnownAs && !isFit)) return drop(hub, "not-current");
  if (isKnownAs) {
    hub.epoch = knownEpoch + 1;
    return beat(hub, pair, { asks: true });
  }
  // Once anything of ours has counted there, that id is ours: what says otherwise was held back.
  if (kind === "duplicate-id" && current.introduced) return drop(hub, "not-current");
  distrust(current);
  if (kind !== "dead") return hub.monitor.ended(peer, kind);
  hub.turn.push({ type: "declared-dead", peer, id, at: hub.turn.now });
  renew(hub, pair);
}

/**
 * Tells a sender that is behind what is known of it in a conversation, or dead to us.
 *
 * @returns how it relates to what is known, where it is neither.
 */
export function relateOrTell(
  hub: Hub,
  pair: Pair,
  { claim: known = pair.buried }: Session,
  frame: Arrived<Complete>,
): "same" | "new-session" | "new-process" | undefined {
  const claim = claimOf(frame);
  const relation = relate(claim, known);
  const toBuried = relate(claim, pair.buried);
  if (relation === "clock-behind") tellKnownAs(hub, pair, frame, known?.epoch);
  else if (toBuried === "old" || toBuried === "same") tellDead(hub, pair, frame, claim);
  else if (relation === "old") drop(hub, "old");
  else return relation;
  return undefined;
}

/** Only its BEATs are answered; an ECHO never is. */
export function tellDead(
  hub: Hub,
  pair: Pair,
  frame: Arrived<Exclude<Frame, DataFrame>>,
  { boot }: Claim,
  session: Session = pair.previous ?? pair.current,
): void {
  drop(hub, "old");
  if (frame.type !== "beat" || !mayTell(hub, session, answerTo(frame))) return;
  // Our LEAVE was lost. A NOTICE would bring it back, and we left.
  if (session.farewell) sendLeave(hub, session, frame.handed, frame.place);
  else sendNotice(hub, pair.current, "dead", { ...frame, boot }, frame);
}

/**
 * Tells a process that its id is known under a later epoch. An ECHO is not answered, but it ends a
 * round trip and so makes a BEAT due: one that lets its receiver ask, and be told.
 */
function tellKnownAs(
  hub: Hub,
  { current }: Pair,
  frame: Arrived<Complete>,
  knownEpoch: number | undefined,
): void {
  drop(hub, "clock-behind");
  if (frame.type === "beat") {
    if (!mayTell(hub, current, answerTo(frame))) return;
    sendNotice(hub, current, "known-as", claimOf(frame), frame, knownEpoch);
  } else if (sentAt(current, frame.echo) && mayTell(hub, current, "askedAt")) {
    sendUrge(hub, current, frame);
  }
}

/** Who shows a tag must not go without an answer because others, who do not, had theirs. */
function answerTo({ tag }: BeatFrame): "answeredAt" | "repliedAt" {
  return isZero(tag) ? "answeredAt" : "repliedAt";
}

function mayTell(
  hub: Hub,
  session: Session,
  what: "answeredAt" | "repliedAt" | "askedAt",
): boolean {
  return may(session, what, hub.turn.now, hub.policy.probeIntervalMs);
}
