// What one side must know about how the other sees it: that it is dead there, that its id is known
// under a later epoch, that it was refused. Who is told, how often, and what is believed.

import { type BeatFrame, type Frame, type NoticeFrame, sameWord, TOP } from "./frame.ts";
import { drop, type Hub } from "./hub.ts";
import { type Complete, claimOf } from "./incarnation.ts";
import { sendLeave, sendNotice, sendUrge } from "./outbox.ts";
import { beat, known, renew } from "./pairs.ts";
import type { Pair, Place, Session } from "./session.ts";

/** A NOTICE to us, in the current conversation. */
export function takeNotice(hub: Hub, pair: Pair, frame: NoticeFrame): void {
  const { boot, epoch, monitor, turn } = hub;
  const { current, ref, id } = pair;
  const { kind, knownEpoch } = frame;
  const isAboutUs = frame.aboutEpoch === epoch && sameWord(frame.aboutBoot, boot);
  // Known under a later epoch: only in answer to a frame we sent, and never up to the top of the range.
  const isWrong =
    current.sentAt(frame.answers) === undefined || knownEpoch < epoch || knownEpoch >= TOP - 1;
  if (!isAboutUs || frame.aboutSession !== current.number || (kind === "known-as" && isWrong)) {
    return drop(hub, "not-current");
  }
  if (kind === "known-as") {
    hub.epoch = knownEpoch + 1;
    return beat(hub, pair, { asks: true });
  }
  current.distrust();
  if (kind !== "dead") return monitor.ended(ref, kind);
  turn.push({ type: "declared-dead", peer: ref, id, at: turn.now });
  renew(hub, pair);
}

/** A frame of a conversation that is over for us: its sender does not know yet. */
export function takeFromThePast(hub: Hub, pair: Pair, session: Session, frame: Frame): void {
  const { claim } = session;
  // A later conversation, opened under our old tag, is not dead to us.
  const isOver = claim !== undefined && frame.type === "beat" && frame.session <= claim.session;
  if (!isOver) return drop(hub, "old");
  tellDead(hub, pair, frame, session.place, session);
}

/** Only questions are answered; an ECHO never is. */
export function tellDead(
  hub: Hub,
  pair: Pair,
  frame: BeatFrame,
  place: Place,
  session: Session = pair.previous ?? pair.current,
): void {
  drop(hub, "old");
  const { epoch, handed: tag, seq: answers } = frame;
  const boot = frame.identity?.boot ?? session.claim?.boot;
  if (frame.type !== "beat" || boot === undefined) return;
  if (!session.may("answeredAt", hub.turn.now, hub.policy.probeIntervalMs)) return;
  // Our LEAVE was lost. A NOTICE would bring it back, and we left.
  if (session.farewell !== undefined) return sendLeave(hub, session, tag, place);
  const about = { epoch, session: frame.session, boot };
  sendNotice(hub, pair.current, "dead", about, { tag, place, answers });
}

/**
 * Tells a process that its id is known under a later epoch. An ECHO is not answered, but it ends a
 * round trip and so makes a BEAT due: one that lets its receiver ask, and be told.
 */
export function tellKnownAs(hub: Hub, pair: Pair, frame: Complete, place: Place): void {
  drop(hub, "clock-behind");
  const { current } = pair;
  const { handed: tag, seq: answers } = frame;
  const isEcho = frame.type === "echo";
  const knownEpoch = known(pair)?.epoch;
  if (isEcho && current.sentAt(frame.echo) === undefined) return;
  const { probeIntervalMs } = hub.policy;
  if (!current.may(isEcho ? "askedAt" : "answeredAt", hub.turn.now, probeIntervalMs)) return;
  if (isEcho) sendUrge(hub, current, frame, place);
  else sendNotice(hub, current, "known-as", claimOf(frame), { tag, place, answers, knownEpoch });
}
