// The hot path: the short BEAT of a living peer that says nothing new about who it is, where it is, or how
// often it sends. It is read straight from its bytes and has the effect that inbox.ts and conversation.ts
// would give it, without an object. Whatever is not that ordinary is left to them, untouched.

import { spend } from "./conversation.ts";
import { i32At, u32At, u48At } from "./decode.ts";
import { TOP } from "./frame.ts";
import type { Hub } from "./hub.ts";
import { BEAT_BYTES, COUNTED, MAGIC, VERSION } from "./layout.ts";
import { type Pair, type Place, type Session, sentAt } from "./session.ts";

/** Magic, version, type and flags of it, without COUNTED. */
const HEAD = (MAGIC << 24) | (VERSION << 16) | (1 << 8);

/** Takes a frame in, if it is as ordinary as that; false, and nothing done, otherwise. */
export function takeOrdinary(
  hub: Hub,
  bytes: Uint8Array,
  lengthBytes: number,
  place: Place,
): boolean {
  if (lengthBytes !== BEAT_BYTES || !isShortBeat(bytes)) return false;
  const session = hub.sessions.byTagBits(i32At(bytes, 8), i32At(bytes, 12));
  const pair = session?.pair;
  if (!session || pair?.current !== session || session.place !== place) return false;
  if (hub.contests.size > 0 || !saysNothingNew(session, bytes) || isObserved(hub)) return false;
  return hear(hub, pair, session, bytes);
}

/** Engines box numbers that are no small integers when they are handed on: so none is, in here. */
function hear(hub: Hub, pair: Pair, session: Session, bytes: Uint8Array): boolean {
  const seq = u48At(bytes, 28);
  const echo = u48At(bytes, 42);
  const nonce = sentAt(session, echo);
  if (!nonce || seq <= session.heardSeq || seq === TOP) return false;
  if (!spend(hub, pair, session)) return false;
  // An older echo says nothing about the way there and back.
  const heldMicros = echo > session.lastEcho ? u32At(bytes, 48) : -1;
  if (!hub.monitor.heardEcho(pair.ref, seq, nonce, heldMicros, hub.turn)) {
    session.bucket?.giveBack();
    return false;
  }
  hub.counts.framesReceived += 1;
  session.heardSeq = seq;
  session.heardAt = hub.turn.now;
  session.heardCounted = true;
  if (heldMicros >= 0) session.lastEcho = echo;
  if (((bytes[3] as number) & COUNTED) !== 0 && nonce.at > session.trustedFrom)
    session.trustedFrom = nonce.at;
  return true;
}

/** A BEAT that is not complete and does not ask, with every number in its range. */
function isShortBeat(bytes: Uint8Array): boolean {
  return (
    (i32At(bytes, 0) & ~COUNTED) === HEAD &&
    i32At(bytes, 4) === BEAT_BYTES &&
    u48At(bytes, 68) < TOP
  );
}

/** Who it is, the tag it hands out, and its pace: all as it said before, and known to be settled. */
function saysNothingNew(
  { introduced, heardSeq, claim, remoteTag, negotiation }: Session,
  bytes: Uint8Array,
): boolean {
  return (
    introduced &&
    heardSeq > 0 &&
    claim !== undefined &&
    u48At(bytes, 16) === claim.epoch &&
    u48At(bytes, 22) === claim.session &&
    i32At(bytes, 34) === (remoteTag.hi | 0) &&
    i32At(bytes, 38) === (remoteTag.lo | 0) &&
    !negotiation.incompatible &&
    negotiation.isSettled(u32At(bytes, 52), u32At(bytes, 56), u32At(bytes, 60), u32At(bytes, 64))
  );
}

/** Whether somebody wants to see every beat; where asking throws, that is reported elsewhere. */
function isObserved({ options }: Hub): boolean {
  try {
    return options.observeBeats?.() === true;
  } catch {
    return true;
  }
}
