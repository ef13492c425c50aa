// Us and each peer: which conversation is current, and what follows when one life of a peer ends and
// the next begins.

import { leastForgetAfterMs } from "../bounds.ts";
import type { PeerRef } from "../monitor/refs.ts";
import type { Change } from "../peer/evidence.ts";
import type { EndReason } from "../peer/state.ts";
import type { Policy } from "../policy.ts";
import { derivePolicy } from "../policy-variants.ts";
import { type Hub, isDead, isLive, pairById, settle, transmitBytes } from "./hub.ts";
import type { EndpointAddOptions, LeaveOptions, LeaveSoonOptions } from "./options.ts";
import { messageBytes } from "./ordinary-out.ts";
import { type BeatOptions, keepPace, sendBeat, sendLeave } from "./outbox.ts";
import { distrust, followOn, type Pair, type Path, type Place, type Session } from "./session.ts";

export function createPair(
  hub: Hub,
  ref: PeerRef,
  id: string,
  current: Session,
  how: Pick<Pair, "policy" | "role" | "anyId" | "byHand" | "beacon">,
): Pair {
  const pair: Pair = { ref, id, current, ...how };
  current.pair = pair;
  hub.pairs.set(ref, pair);
  settle(hub, current.place);
  return pair;
}

/** Adds a peer until it is removed, or begins the next session of a dead one. */
export function addByHand(
  hub: Hub,
  id: string,
  { path, role: ownRole = hub.role, anyId = false, beacon: isBeacon }: EndpointAddOptions<Path>,
  ownPolicy: Policy | undefined,
): PeerRef {
  const beacon = isBeacon ? { seq: 0 } : undefined;
  const role = isBeacon ? "send" : ownRole;
  const policy = ownPolicy ?? hub.policy;
  const known = pairById(hub, id);
  if (known && isDead(hub, known)) {
    if (ownPolicy || !known.byHand) known.policy = policy;
    known.byHand = true;
    begin(hub, known, path ?? known.current.place, "closed");
    return known.ref;
  }
  const ref = hub.monitor.add(id, { policy: derivePolicy(policy, { returns: "never" }), role });
  const session = hub.sessions.open(path ?? ref, policy, role, hub.turn.now);
  createPair(hub, ref, id, session, { policy, role, anyId, byHand: true, beacon });
  return ref;
}

/** Changes what is asked of a peer. What shortens comes into force once the peer knows. */
export function changePolicy(hub: Hub, pair: Pair, policy: Policy): void {
  const { negotiation, nextSeq } = pair.current;
  const wanted = pair.beacon ? unproven(policy) : policy;
  pair.policy = pair.byHand ? wanted : remembered(wanted);
  negotiation.setPolicy(pair.policy, nextSeq);
  hub.monitor.setPolicy(pair.ref, negotiation.inForce);
}

/** A fresh conversation with a peer, not yet current. */
function openFor(hub: Hub, pair: Pair, place: Place): Session {
  const session =
    takeOver(hub, pair, place) ?? hub.sessions.open(place, pair.policy, pair.role, hub.turn.now);
  session.pair = pair;
  return session;
}

/**
 * The peer may have asked without a tag before, and been answered as a stranger. It has that tag, so that is the
 * conversation: of two, one would have to end, and what the peer says in it would be lost. Its question proved
 * nothing, so nothing of it is kept.
 */
function takeOver(
  hub: Hub,
  { id, current, policy, role }: Pair,
  place: Place,
): Session | undefined {
  const { sessions, trustsPaths } = hub;
  const answered = sessions.strangerAt(place);
  if (trustsPaths || answered?.claim?.id !== id || answered.number < current.number)
    return undefined;
  sessions.adopt(answered);
  answered.claim = undefined;
  answered.negotiation.setPolicy(policy, answered.nextSeq, role);
  return answered;
}

/** The monitor declared this peer dead: its conversation is over. */
export function died(hub: Hub, pair: Pair, { from, reason, bySelf }: Change): void {
  const { current, previous } = pair;
  hub.departures.delete(pair);
  // Who was never reached has not lived in it, and who was left before may not know that it was meant: it may
  // answer in the same conversation of its own again, and where it only answers, it has no other.
  const hasLived = from !== "connecting" || (reason !== "unreachable" && bySelf !== true);
  if (hasLived) pair.buried = current.claim ?? pair.buried;
  if (previous) hub.sessions.close(previous);
  pair.previous = current;
  // On streams a connection dies with its conversation.
  const place = hub.isStream ? pair.ref : current.place;
  pair.current = pair.successor ?? openFor(hub, pair, place);
  pair.successor = undefined;
}

/**
 * Makes `session` the current one. A peer that still lived in the old one dies of `reason`; one
 * that is still connecting just goes on with that, in the new conversation.
 */
export function bind(hub: Hub, pair: Pair, session: Session, reason: EndReason): void {
  const { ref, current } = pair;
  hub.sessions.adopt(session);
  settle(hub, session.place);
  session.pair = pair;
  // It may have been opened for a stranger.
  session.negotiation.setPolicy(pair.policy, session.nextSeq, pair.role);
  if (isLive(hub, pair)) {
    pair.successor = session;
    hub.monitor.ended(ref, reason);
  } else {
    if (current !== session) {
      followOn(session, current);
      hub.sessions.close(current);
    }
    pair.current = session;
  }
  if (isDead(hub, pair)) hub.monitor.dial(ref);
  hub.monitor.setPolicy(ref, session.negotiation.inForce);
}

/** Begins the next conversation with a peer, at a place. */
export function begin(hub: Hub, pair: Pair, place: Place, reason: EndReason): void {
  bind(hub, pair, openFor(hub, pair, place), reason);
}

/** The other side gave this conversation up: begin a new one, and say so at once. */
export function renew(hub: Hub, pair: Pair): void {
  begin(hub, pair, pair.current.place, "restarted");
  beat(hub, pair);
}

/** A BEAT in the current conversation. */
export function beat(hub: Hub, pair: Pair, how?: BeatOptions): void {
  const seq = sendBeat(hub, pair.current, how);
  if (!seq) return;
  hub.monitor.sent(pair.ref);
  observeBeat(hub, pair, "sent", seq);
}

export function observeBeat(
  hub: Hub,
  { ref: peer, id }: Pair,
  direction: "sent" | "received",
  seq: number,
): void {
  const { options, turn } = hub;
  // Without a closure: this happens at every beat.
  try {
    if (options.observeBeats?.() !== true) return;
  } catch (error) {
    return turn.fail(error);
  }
  turn.push({ type: "beat", peer, id, direction, at: turn.now, seq });
}

/** An application message; false where it was not sent. */
export function sendMessage(hub: Hub, pair: Pair, payload: Uint8Array, note: unknown): boolean {
  if (!hub.isStream || isDead(hub, pair)) return false;
  // A message of somebody who never said who it is would be dropped over there.
  if (pair.current.nextSeq === 1) beat(hub, pair);
  const { current } = pair;
  keepPace(hub, current);
  const isSent = transmitBytes(hub, pair.ref, current.place, messageBytes(hub, payload), note);
  if (isSent) {
    current.messageAt = hub.turn.now;
    hub.monitor.sent(pair.ref);
  }
  return isSent;
}

/** Says LEAVE and ends the session. */
export function leave(hub: Hub, pair: Pair, options: LeaveOptions): void {
  sayLeave(hub, pair, options);
  hub.monitor.ended(pair.ref, "left", { bySelf: true });
}

/** Leaves as soon as the transport has sent what it queued and says so, or when it took too long. */
export function leaveSoon(hub: Hub, pair: Pair, options: LeaveSoonOptions): void {
  if (isDead(hub, pair)) return;
  const { withinMs = 2 * pair.current.negotiation.inForce.deadAfterMs } = options;
  pair.leaving = options;
  hub.departures.set(pair, hub.monitor.observedNow() + withinMs);
}

export function tickDepartures(hub: Hub): void {
  for (const pair of hub.departures.take(hub.monitor.observedNow())) {
    leave(hub, pair, pair.leaving ?? {});
  }
}

/** Says LEAVE in the current conversation. */
export function sayLeave(
  hub: Hub,
  pair: Pair,
  { returnInMs = 0, reason = "leaving" }: LeaveOptions,
): void {
  const { current } = pair;
  if (isDead(hub, pair)) return;
  distrust(current);
  current.farewell = { reason, returnInMs: Math.min(2 ** 32 - 1, Math.ceil(returnInMs)) };
  sendLeave(hub, current, current.remoteTag, current.place);
}

/** Of who cannot be asked no proof is asked. */
export function unproven(policy: Policy): Policy {
  return derivePolicy(policy, { proof: "any" });
}

/** Peers that came by themselves are forgotten one day; those added by hand are not. */
export function remembered(policy: Policy): Policy {
  if (policy.forgetAfterMs !== undefined) return policy;
  return derivePolicy(policy, { forgetAfterMs: leastForgetAfterMs(policy) });
}
