// All the rules of one peer, and the only place where a status changes. Everything that may happen
// is in TRANSITIONS; everything else in this file decides which of its triggers an event is.
//
// The rules work on a peer in hand (`step`). `transition` is the same on immutable data; a monitor
// takes the peer out of its columns, steps it, and puts it back.

import type { Policy } from "../policy.ts";
import { arrive } from "./arriving.ts";
import {
  beat,
  firstBeatOfLife,
  isProbing,
  isRetried,
  nextBeatAt,
  nextProbeAt,
  retryInMs,
  sent,
} from "./beats.ts";
import { missDeadline, verdictAt } from "./deadlines.ts";
import type { Emit, Ended, PeerEvent, PeerOutput, Sign, Tick } from "./events.ts";
import { type Change, type Evidence, evidenceOf } from "./evidence.ts";
import { pause, resume } from "./pauses.ts";
import {
  creditedAt,
  NO_STALLS,
  observedAt,
  type StallTotals,
  spreadAt,
  stretchMs,
} from "./rules.ts";
import {
  freeze,
  NEVER,
  type Peer,
  type PeerState,
  type Reason,
  type Status,
  thaw,
} from "./state.ts";
import { LOST_MS, widthFor } from "./tally.ts";

/** What can move a status. Every event is one of these or moves none. */
export type Trigger = "heard" | "proven" | "expired" | "ended" | "dial";

/** The whole state machine. The diagram in the docs is generated from this table. */
export const TRANSITIONS: Readonly<Record<Status, Readonly<Record<Trigger, Status>>>> = {
  connecting: {
    heard: "alive",
    proven: "alive",
    expired: "dead",
    ended: "dead",
    dial: "connecting",
  },
  alive: { heard: "alive", proven: "alive", expired: "suspect", ended: "dead", dial: "alive" },
  suspect: { heard: "alive", proven: "alive", expired: "dead", ended: "dead", dial: "suspect" },
  dead: { heard: "dead", proven: "dead", expired: "dead", ended: "dead", dial: "connecting" },
};

/** Where `policy.proof` is `round-trip`, `heard` alone does not leave these; only `proven` does. */
export const NEEDS_PROOF: readonly Status[] = ["connecting", "suspect"];

/** The result of a transition: the next state, and what there is to do. */
export type Transition = readonly [next: PeerState, outputs: readonly PeerOutput[]];

/**
 * One step of one peer: pure, on plain frozen data. Same input, same output, always.
 *
 * One event changes the status at most once, and a change is exactly one `changed` output. An event
 * that changes nothing returns the very same state.
 *
 * @example
 * ```ts
 * const [next, outputs] = transition(state, { type: "heard", at: 12_000 }, policy);
 * ```
 */
export function transition(state: PeerState, event: PeerEvent, policy: Policy): Transition {
  const isTimed = (event as Partial<Sign>).sentAtMs !== undefined;
  const width = widthFor(policy, isTimed);
  const peer = thaw(state, width);
  const outputs: PeerOutput[] = [];
  step(peer, event, event.stalls ?? NO_STALLS, policy, (output) =>
    outputs.push(Object.freeze(output)),
  );
  for (const failure of peer.arrivals.failures) throw failure;
  const changed = !isSame(peer, thaw(state, width));
  return [changed ? freeze(peer) : state, outputs.length === 0 ? NOTHING : Object.freeze(outputs)];
}

const NOTHING: readonly PeerOutput[] = Object.freeze([]);

/** Whether two peers, or what is known of their arrivals, are equal in every field. */
function isSame<Fields extends object>(one: Fields, other: Fields): boolean {
  for (const name in one) {
    const [value, otherValue] = [one[name], other[name]];
    if (value === otherValue) continue;
    if (typeof value !== "object" || !isSame(value as object, otherValue as object)) return false;
  }
  return true;
}

/** One step of a peer in hand. */
export function step(
  peer: Peer,
  event: PeerEvent,
  stalls: StallTotals,
  policy: Policy,
  emit: Emit,
): void {
  const { type, at } = event;
  switch (type) {
    case "heard":
    case "proven":
      hear(peer, at, stalls, event.seq, event, type === "proven", policy, emit);
      break;
    case "sent":
      sent(peer, at, policy);
      break;
    case "tick":
      tick(peer, event, stalls, policy, emit);
      break;
    case "ended":
      if (peer.status !== "dead") die(peer, event, stalls, policy, emit);
      break;
    case "dial":
      if (peer.status === "dead") dial(peer, at, stalls, policy, emit);
      break;
    case "policy":
      adopt(peer, at, policy);
      if (event.relearn) peer.arrivals.clear(LOST_MS);
      break;
    case "pause":
      pause(peer, at, stalls);
      break;
    case "resume":
      resume(peer, at, stalls);
      break;
  }
}

// ── heard, proven ────────────────────────────────────────────────────────────────────────────────

/** Any inbound frame; `proven` if it echoes a nonce of ours. Returns whether it was a sign of life. */
export function hear(
  peer: Peer,
  at: number,
  stalls: StallTotals,
  seq: number | undefined,
  sign: Omit<Sign, "seq">,
  proven: boolean,
  policy: Policy,
  emit: Emit,
): boolean {
  const { status } = peer;
  if (status === "dead" || !arrive(peer.arrivals, at, stalls, seq, sign, policy)) return false;
  const trigger = proven && isProof(peer, sign) ? "proven" : "heard";
  const unproven =
    trigger === "heard" && policy.proof === "round-trip" && NEEDS_PROOF.includes(status);
  if (unproven && status === "connecting") return false;

  const revives = !unproven && TRANSITIONS[status][trigger] !== status;
  const evidence = revives && evidenceOf(peer, at, stalls, policy);
  peer.heardAt = at;
  startSilence(peer, at, stalls);
  if (evidence) revive(peer, at, evidence, policy, emit);
  return true;
}

/** The nonce must be younger than the doubt. */
function isProof(peer: Peer, { nonceAt }: Omit<Sign, "seq">): boolean {
  const doubtedAt = peer.status === "connecting" ? peer.proofFromAt : peer.sinceAt;
  return nonceAt === undefined || nonceAt >= doubtedAt;
}

/** Silence is counted from here. */
function startSilence(peer: Peer, at: number, stalls: StallTotals): void {
  peer.lifeObservedAt = observedAt(at, stalls);
  peer.lifeCreditedAt = creditedAt(at, stalls);
}

function revive(peer: Peer, at: number, evidence: Evidence, policy: Policy, emit: Emit): void {
  peer.beatDueAt = firstBeatOfLife(peer, at, policy);
  if (peer.aliveAt === NEVER) peer.aliveAt = at;
  become(peer, "alive", at, evidence, emit);
}

// ── time passes ──────────────────────────────────────────────────────────────────────────────────

function tick(peer: Peer, event: Tick, stalls: StallTotals, policy: Policy, emit: Emit): void {
  const { at, judging = true } = event;
  if (judging && at >= verdictAt(peer, policy, stalls)) expire(peer, event, stalls, policy, emit);
  if (at >= peer.beatDueAt) beat(peer, at, policy, emit);
  if (at >= peer.forgetAt) {
    peer.forgetAt = peer.beatDueAt = NEVER;
    emit({ type: "forget" });
  }
}

function expire(peer: Peer, event: Tick, stalls: StallTotals, policy: Policy, emit: Emit): void {
  const { status } = peer;
  const { at, health = 0 } = event;
  if (status !== "alive") {
    const reason = status === "connecting" ? "unreachable" : "silence";
    die(peer, { at, reason, health }, stalls, policy, emit);
    return;
  }
  const evidence = evidenceOf(peer, at, stalls, policy, health);
  missDeadline(evidence, peer, policy);
  peer.suspectedObservedAt = observedAt(at, stalls);
  peer.suspectedCreditedAt = creditedAt(at, stalls);
  peer.stretchMs = stretchMs(health, policy.suspectAfterMs, policy.deadAfterMs);
  peer.health = health;
  peer.beatDueAt = peer.role === "listen" ? NEVER : at;
  become(peer, TRANSITIONS.alive.expired, at, evidence, emit);
}

// ── death, and the next life ─────────────────────────────────────────────────────────────────────

/** What a death is told of: an `ended`, or a verdict of ours. */
type Death = Omit<Ended, "type" | "reason"> & { readonly reason: Reason; readonly health?: number };

function die(peer: Peer, death: Death, stalls: StallTotals, policy: Policy, emit: Emit): void {
  const { at, reason, returnInMs, bySelf = false, health } = death;
  const evidence = evidenceOf(peer, at, stalls, policy, health);
  const isVerdict = health !== undefined;
  if (isVerdict) missDeadline(evidence, peer, policy);
  // Until then the other side may still trust that we count on it: its last sign of life plus D. No verdict comes
  // before that, but rounding may say so.
  const untilSafeMs = Math.max(0, peer.heardAt + policy.deadAfterMs - at);
  const known = isVerdict || peer.heardAt === NEVER || (reason === "left" && !bySelf);
  const { role, aliveAt } = peer;
  if (at - aliveAt >= policy.deadAfterMs) peer.retries = 0;
  const mayRetry = role === "both" || (role === "listen" && policy.redial);
  const retryMs = mayRetry && isRetried(reason, policy) ? retryInMs(peer, policy) : NEVER;
  if (role !== "send") peer.beatDueAt = at + retryMs;
  peer.forgetAt = at + (policy.forgetAfterMs ?? NEVER);
  peer.reason = reason;
  peer.aliveAt = peer.pausedObservedAt = peer.pausedCreditedAt = NEVER;
  peer.paced = false;
  become(peer, "dead", at, evidence, emit, {
    reason,
    safeInMs: known ? 0 : untilSafeMs,
    ...(retryMs !== NEVER && { retryInMs: retryMs }),
    ...(bySelf && { bySelf }),
    ...(returnInMs !== undefined && { returnInMs }),
  });
}

function dial(peer: Peer, at: number, stalls: StallTotals, policy: Policy, emit: Emit): void {
  const evidence = evidenceOf(peer, at, stalls, policy);
  peer.session += 1;
  // What was asked since the death proves the next life.
  peer.proofFromAt = peer.sinceAt;
  peer.reason = undefined;
  peer.heardAt = peer.sentAt = peer.forgetAt = NEVER;
  startSilence(peer, at, stalls);
  const firstBeatAt = spreadAt(at, policy.intervalMs, peer.seed, peer.beats);
  peer.beatDueAt = peer.role === "listen" ? NEVER : firstBeatAt;
  peer.paced = false;
  peer.arrivals.clear();
  become(peer, TRANSITIONS.dead.dial, at, evidence, emit);
}

/** The policy differs from the one before: what is due moves to where the new one wants it. */
function adopt(peer: Peer, at: number, policy: Policy): void {
  if (peer.status === "dead") {
    peer.forgetAt = peer.sinceAt + (policy.forgetAfterMs ?? NEVER);
  } else if (peer.beatDueAt !== NEVER) {
    const sentAt = peer.sentAt === NEVER ? at : peer.sentAt;
    const dueAt = isProbing(peer)
      ? Math.min(peer.beatDueAt, nextProbeAt(sentAt, policy))
      : nextBeatAt(peer, sentAt, policy);
    peer.beatDueAt = Math.max(at, dueAt);
  }
}

/** Enters a status, and leaves behind what belonged to the one before. */
function become(
  peer: Peer,
  to: Status,
  at: number,
  evidence: Evidence,
  emit: Emit,
  more?: Partial<Change>,
): void {
  const from = peer.status;
  peer.status = to;
  peer.sinceAt = at;
  peer.probes = 0;
  if (to !== "connecting") peer.proofFromAt = NEVER;
  if (to !== "suspect") {
    peer.suspectedObservedAt = peer.suspectedCreditedAt = NEVER;
    peer.stretchMs = peer.health = NEVER;
  }
  const { session } = peer;
  Object.freeze(evidence);
  emit({ type: "changed", at, session, from, to, ...more, evidence });
}
