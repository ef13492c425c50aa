// When two states are one. Everything that endpoints, frames and notes hold is in the key, except what is named here
// and in key-sessions.ts. A field that is not known there is simply in the key, so that nothing is forgotten
// by oversight.

import type { Hub } from "../../packages/core/src/endpoint/hub.ts";
import type { Pair } from "../../packages/core/src/endpoint/session.ts";
import type { PeerState } from "../../packages/core/src/peer/state.ts";
import { digestOf, echoedOf, sessionsOf, tellFrame, tellSession } from "./key-sessions.ts";
import { KeyText } from "./key-text.ts";
import type { Setting } from "./settings.ts";
import {
  NAMES,
  type Name,
  otherOf,
  type Side,
  stallsOf,
  type View,
  type Views,
  type World,
} from "./world.ts";

/** The back-off is as long as the first; whether there is one to reset is all that is left. */
const MOST_RETRIES = 1;

export function keyOf(world: World, views: Views, { unitMs, oldestUnits }: Setting): string {
  const { flying, left, cut } = world;
  const key = new KeyText(world.now, unitMs, oldestUnits);
  for (const name of NAMES) tellSide(key, world, views[name]);
  for (const { to, frame, copyAge } of flying) {
    key.push(to, copyAge);
    tellFrame(key, otherOf(to), frame);
  }
  key.push(Number(cut.a), Number(cut.b));
  for (const name in left) key.push(left[name as keyof typeof left]);
  return key.text();
}

interface OpenEndpoint {
  readonly $settledAt: number;
}

function tellSide(key: KeyText, world: World, view: View): void {
  const { side, hub } = view;
  const { name, frozen, otherPolicy, hasLeft, epoch } = side;
  key.push(name, epoch, frozen, Number(otherPolicy), Number(hasLeft), Math.min(2, side.process));
  if (!hub) return;
  key.at(side.sleepsUntil);
  tellNotes(key, side);
  key.push(hub.epoch, hub.tombstones.size);
  key.word(hub.boot);
  tellMonitor(key, view, hub);
  key.at((side.endpoint as unknown as OpenEndpoint).$settledAt);
  const echoed = echoedOf(name, world);
  for (const session of sessionsOf(hub)) tellSession(key, name, hub, session, echoed);
  for (const pair of hub.pairs.values()) tellPair(key, name, pair);
  const observed = hub.monitor.observedNow();
  for (const { challenger, untilAt, probeAt } of hub.contests.values()) {
    key.rank(key.sessions[name], challenger.number);
    key.at(untilAt, key.oldestMs, observed);
    key.at(probeAt, key.oldestMs, observed);
  }
}

/** Silence is only asked for while there is somebody to be silent, a doubt only in doubt. */
function tellNotes(key: KeyText, { name, notes }: Side): void {
  const { status } = notes;
  key.push(status, notes.frozenMs, Number(notes.unreached));
  if (status !== "dead") {
    key.push(Math.min(notes.silentMs, key.oldestMs), Math.min(notes.creditedMs, key.oldestMs));
  }
  if (status === "suspect") {
    key.push(Math.min(notes.doubtedMs, key.oldestMs));
    key.push(Math.min(notes.doubtedCreditedMs, key.oldestMs));
  }
  key.rank(key.seqs[otherOf(name)], notes.highest);
  key.at(notes.safeAt, 0);
  key.claim(otherOf(name), notes.dead);
  key.claim(otherOf(name), notes.lived);
  if (!notes.rival) return;
  key.word(notes.rival);
  key.at(notes.rivalAt);
}

interface OpenMonitor {
  readonly $settledAt: number;
  readonly $peers: { readonly deadlines: { at(slot: number): number } };
}

function tellMonitor(key: KeyText, { side, pair, ref, state, policy }: View, hub: Hub): void {
  const stalls = stallsOf(hub);
  const { lostMs, countedMs, health, steadyFromAt, $healthChangedAt, $servedAt } = stalls;
  const open = hub.monitor as unknown as OpenMonitor;
  key.push(health, stalls.$promisedMs, stalls.$promisesMs);
  key.at($servedAt);
  // Compared with the promise, which is two units at most.
  key.at($healthChangedAt, 2 * key.unitMs);
  key.at(open.$settledAt);
  if (!state || !policy || ref === undefined) return;
  key.push(Number((state.heardAt ?? 0) >= steadyFromAt));
  key.at(open.$peers.deadlines.at(ref & (2 ** 22 - 1)), key.unitMs);
  const observed = key.now - lostMs;
  tellPeer(key, state, observed, observed + countedMs);
  // As they number their frames, wherever the monitor counts on from.
  const { numberedFrom = 0 } = pair?.current ?? {};
  if (state.status !== "dead")
    key.rank(key.seqs[otherOf(side.name)], state.arrivals.highestSeq - numberedFrom);
  key.push(digestOf(policy));
}

function tellPeer(key: KeyText, state: PeerState, observed: number, credited: number): void {
  const { status, arrivals, retries } = state;
  const { oldestMs, unitMs } = key;
  key.push(status, state.reason ?? "", Number(state.paced), Math.min(retries, MOST_RETRIES));
  key.at(status === "suspect" || state.forgetAt !== undefined ? state.sinceAt : undefined);
  key.at(state.proofFromAt);
  key.at(state.beatDueAt, 2 * unitMs);
  key.at(state.forgetAt);
  if (status === "dead") {
    // What was asked since the death proves the next life.
    key.at(state.sinceAt);
    return;
  }
  key.at(state.heardAt);
  key.at(state.sentAt);
  key.at(retries > 0 ? state.aliveAt : undefined);
  key.at(state.lifeObservedAt, oldestMs, observed);
  key.at(state.lifeCreditedAt, oldestMs, credited);
  key.at(state.suspectedObservedAt, oldestMs, observed);
  key.at(state.suspectedCreditedAt, oldestMs, credited);
  key.push(state.stretchMs ?? "", state.health ?? "");
  key.push(Number(arrivals.received > 0), Number(arrivals.stale > 0));
}

function tellPair(key: KeyText, name: Name, pair: Pair): void {
  const { current, previous, successor, buried, byHand, policy, leaving } = pair;
  for (const session of [current, previous, successor]) {
    key.rank(key.sessions[name], session?.number ?? 0);
  }
  key.claim(otherOf(name), buried);
  key.push(Number(byHand), digestOf(policy), leaving ? 1 : 0);
}
