// The hot path in (the one out is in ordinary-out.ts): the short BEAT of a living peer that says nothing new
// about who it is, where it is, or how often it sends. It is read straight from its bytes and has the effect
// that inbox.ts and conversation.ts would give it, without an object. All else is left to them, untouched.

import { fixed } from "../detectors/fixed.ts";
import { spend } from "./conversation.ts";
import { i32At, u32At, u48At } from "./decode.ts";
import { putU32, putU48, putWord } from "./encode.ts";
import { TOP, type Word64 } from "./frame.ts";
import { type Hub, heardBeat } from "./hub.ts";
import type { Claim } from "./incarnation.ts";
import { BEAT_BYTES, BEAT_HEAD, COUNTED } from "./layout.ts";
import type { Pace } from "./negotiation.ts";
import type { Pair, Place, Session } from "./session.ts";

/**
 * Takes a frame in, if it is as ordinary as that; undefined, and nothing done, otherwise. Quiet: no
 * deadline can have moved earlier, as one can where a detector learned from it.
 */
export function takeOrdinary(
  hub: Hub,
  bytes: Uint8Array,
  lengthBytes: number,
  place: Place,
): "quiet" | "taken" | undefined {
  if (lengthBytes !== BEAT_BYTES || !isShortBeat(bytes)) return undefined;
  const session = hub.sessions.byTagBits(i32At(bytes, 8), i32At(bytes, 12));
  const pair = session?.pair;
  if (!session || pair?.current !== session) return undefined;
  if (session.place !== place || session.move || hub.contests.size > 0) return undefined;
  if (!saysNothingNew(session, bytes) || isObserved(hub)) return undefined;
  if (hub.monitor.status(pair.ref) !== "alive" || !hear(hub, pair, session, bytes))
    return undefined;
  return session.negotiation.inForce.detector === fixed ? "quiet" : "taken";
}

/** What the monitor is told, the same two objects for every frame. */
const sign = {
  proof: true,
  nonceAt: 0.5,
  nonceObservedAt: 0.5,
  sentAtMs: 0.5,
  gapMs: 1,
  declaredMs: 0,
};
const echoSign = { ...sign, heldMs: 0.5 };

/** Engines box numbers that are no small integers when they are handed on: so none is, in here. */
function hear(hub: Hub, pair: Pair, session: Session, bytes: Uint8Array): boolean {
  const seq = u48At(bytes, 28);
  const echo = u48At(bytes, 42);
  const nonce = session.rowOf(echo);
  if (nonce < 0 || seq <= session.heardSeq || seq === TOP) return false;
  if (!spend(hub, pair, session)) return false;
  // An older echo says nothing about the way there and back.
  const isNews = echo > session.lastEcho;
  const told = isNews ? echoSign : sign;
  const stalledMs = u32At(bytes, 74);
  if (isNews) echoSign.heldMs = u32At(bytes, 48) / 1_000;
  told.nonceAt = session.sentAt(nonce);
  told.nonceObservedAt = session.sentObservedAt(nonce);
  told.sentAtMs = u48At(bytes, 68) / 1_000;
  told.gapMs = u32At(bytes, 52);
  told.declaredMs = Math.max(0, stalledMs - session.heardStalledMs);
  const counted = heardBeat(hub, pair.ref, session.numberedFrom + seq, told);
  hub.counts.framesReceived += 1;
  session.heardSeq = seq;
  session.heardAt = hub.turn.now;
  session.heardCounted = counted;
  session.heardStalledMs = stalledMs;
  if (isNews) session.lastEcho = echo;
  const isCounted = ((bytes[3] as number) & COUNTED) !== 0;
  if (!isCounted) return true;
  // It left after all of ours that were counted before: those are not awaited any more.
  session.forgetBefore(echo);
  session.trustedFrom = told.nonceAt;
  return true;
}

/** A BEAT that is not complete and does not ask, with every number in its range. */
function isShortBeat(bytes: Uint8Array): boolean {
  return (
    (i32At(bytes, 0) & ~COUNTED) === BEAT_HEAD &&
    i32At(bytes, 4) === BEAT_BYTES &&
    u48At(bytes, 68) > 0 &&
    u48At(bytes, 68) < TOP
  );
}

/** Who it is, the tag it hands out, and its pace: all as it said before, and known to be settled. */
function saysNothingNew(session: Session, bytes: Uint8Array): boolean {
  const { introduced, claim, negotiation } = session;
  const { settled: pace } = negotiation;
  if (!introduced || session.heardSeq === 0 || !claim || !pace) return false;
  // Whatever replaces the tag it hands out, or its pace, replaces the claim first.
  if (session.refrainClaim !== claim)
    session.keepRefrain(refrain(claim, session.remoteTag, pace), REFRAIN_PLACES);
  session.refrainClaim = claim;
  // Who names no gap of its own only answers.
  return u32At(bytes, 52) > 0 && session.repeats(bytes, REFRAIN_PLACES);
}

/** Where a short BEAT says who it is, which tag it hands out, and its pace. */
const REFRAIN_PLACES: readonly number[] = [16, 20, 24, 34, 38, 52, 56, 60, 64];
const said = new Uint8Array(BEAT_BYTES);

/** A short BEAT that says just what is known. */
function refrain(claim: Claim, remoteTag: Word64, pace: Pace): Uint8Array {
  putU48(said, 16, claim.epoch);
  putU48(said, 22, claim.session);
  putWord(said, 34, remoteTag);
  putU32(said, 52, pace.gapMs);
  putU32(said, 56, pace.wishMs);
  putU32(said, 60, pace.minMs);
  putU32(said, 64, pace.deadMs);
  return said;
}

/** Whether somebody wants to see every beat; where asking throws, that is reported elsewhere. */
function isObserved({ options }: Hub): boolean {
  try {
    return options.observeBeats?.() === true;
  } catch {
    return true;
  }
}
