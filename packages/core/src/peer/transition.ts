// All the rules of one peer, and the only place where a status changes. Everything that may happen
// is in TRANSITIONS; everything else in this file decides which of its triggers an event is.

import type { Arrivals } from "../detectors/fixed.ts";
import type { Policy } from "../policy.ts";
import {
  afterBeatDue,
  afterSent,
  firstBeatOfLife,
  isProbing,
  isRetried,
  nextBeatAt,
  nextProbeAt,
  retryInMs,
} from "./beats.ts";
import type { Ended, Heard, PeerEvent, PeerOutput, Proven, Sign, Tick } from "./events.ts";
import { type Change, type DeadlineSource, type Evidence, evidenceOf } from "./evidence.ts";
import { afterPause, afterResume } from "./pauses.ts";
import {
  creditedAt,
  dueAt,
  isStale,
  lostUpTo,
  NO_STALLS,
  observedAt,
  rttSample,
  type StallTotals,
  smoothRtt,
  spreadAt,
  stretchMs,
  suspicionMs,
} from "./rules.ts";
import {
  type Changes,
  change,
  isJudged,
  NO_ARRIVALS,
  type PeerState,
  type Reason,
  type Status,
} from "./state.ts";

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

const NOTHING: readonly PeerOutput[] = Object.freeze([]);

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
  switch (event.type) {
    case "heard":
    case "proven":
      return onHeard(state, event, policy);
    case "sent":
      return [afterSent(state, event.at, policy), NOTHING];
    case "tick":
      return onTick(state, event, policy);
    case "ended":
      return onEnded(state, event, policy);
    case "dial":
      return onDial(state, event, policy);
    case "policy":
      return [onPolicy(state, event.at, policy), NOTHING];
    case "pause":
      return [afterPause(state, event), NOTHING];
    case "resume":
      return [afterResume(state, event), NOTHING];
  }
}

/**
 * The raw instant at which this peer next wants a tick, if no further stall comes; Infinity when
 * never. Beats and verdicts, whichever is first.
 */
export function nextDeadline(
  state: PeerState,
  policy: Policy,
  stalls: StallTotals = NO_STALLS,
): number {
  return Math.min(nextActAt(state), verdictAt(state, policy, stalls));
}

/** The raw instant at which this peer next beats, dials or is forgotten; Infinity when never. */
export function nextActAt(state: PeerState): number {
  return Math.min(
    state.beatDueAt ?? Number.POSITIVE_INFINITY,
    state.forgetAt ?? Number.POSITIVE_INFINITY,
  );
}

/** The raw instant of the next verdict; Infinity when nobody is being judged. */
export function verdictAt(state: PeerState, policy: Policy, stalls: StallTotals): number {
  if (!isJudged(state)) return Number.POSITIVE_INFINITY;
  const { lifeObservedAt, lifeCreditedAt } = state;
  const { lostMs, countedMs, graceMs } = stalls;
  const afterLife = (durationMs: number) =>
    dueAt(lifeObservedAt, lifeCreditedAt, durationMs, lostMs, countedMs, graceMs);
  switch (state.status) {
    case "connecting":
      return afterLife(policy.deadAfterMs);
    case "alive":
      return afterLife(silenceToSuspect(state, policy));
    default: {
      // Suspect: one silence never kills, so both the silence and the suspicion must be long enough.
      const stretch = state.stretchMs as number;
      const afterSuspicion = dueAt(
        state.suspectedObservedAt as number,
        state.suspectedCreditedAt as number,
        policy.minSuspicionMs + stretch,
        lostMs,
        countedMs,
        graceMs,
      );
      return Math.max(afterLife(policy.deadAfterMs + stretch), afterSuspicion);
    }
  }
}

function silenceToSuspect(state: PeerState, policy: Policy): number {
  const detected = policy.detector(state.arrivals, policy);
  return suspicionMs(detected, policy.deadAfterMs, policy.minSuspicionMs);
}

// ── heard, proven ────────────────────────────────────────────────────────────────────────────────

function onHeard(state: PeerState, event: Heard | Proven, policy: Policy): Transition {
  if (state.status === "dead") return [state, NOTHING];
  const stalls = event.stalls ?? NO_STALLS;
  const { highestSeq } = state.arrivals;
  const behind = event.seq !== undefined && event.seq <= highestSeq;
  const observed = observedAt(event.at, stalls.lostMs);
  const stale = !behind && isStale(event, observed, policy);
  const arrivals = countArrival(state.arrivals, event, behind, stale, rttSample(event, observed));
  if (behind || stale) return [change(state, { arrivals }), NOTHING];

  const trigger = isProof(state, event) ? "proven" : "heard";
  const unproven =
    trigger === "heard" && policy.proof === "round-trip" && NEEDS_PROOF.includes(state.status);
  if (unproven && state.status === "connecting") return [change(state, { arrivals }), NOTHING];

  const life = {
    arrivals,
    heardAt: event.at,
    lifeObservedAt: observed,
    lifeCreditedAt: creditedAt(event.at, stalls.lostMs, stalls.countedMs),
  };
  const to = unproven ? state.status : TRANSITIONS[state.status][trigger];
  if (to === state.status) return [change(state, life), NOTHING];
  return enterAlive(state, life, event, policy);
}

function isProof(state: PeerState, event: Heard | Proven): boolean {
  return (
    event.type === "proven" && (event.nonceAt === undefined || event.nonceAt >= state.proofFromAt)
  );
}

function countArrival(
  arrivals: Arrivals,
  { seq }: Sign,
  behind: boolean,
  stale: boolean,
  rttMs: number | undefined,
): Arrivals {
  if (seq === undefined && rttMs === undefined && !stale && arrivals.stale === 0) return arrivals;
  if (behind) return Object.freeze({ ...arrivals, behind: arrivals.behind + 1 });
  const { received, lost, highestSeq } = arrivals;
  const smoothed = smoothRtt(arrivals.rttMs, rttMs);
  return Object.freeze({
    ...arrivals,
    ...(seq !== undefined && {
      received: received + 1,
      lost: lostUpTo(seq, received, lost, highestSeq),
      highestSeq: seq,
    }),
    stale: stale ? arrivals.stale + 1 : 0,
    ...(smoothed !== undefined && { rttMs: smoothed }),
  });
}

function enterAlive(
  state: PeerState,
  life: Partial<PeerState>,
  event: Heard | Proven,
  policy: Policy,
): Transition {
  const { at } = event;
  const evidence = evidenceOf(state, at, event.stalls ?? NO_STALLS, policy, state.health ?? 0);
  const next = become(state, "alive", at, {
    aliveAt: state.aliveAt ?? at,
    suspectedObservedAt: undefined,
    suspectedCreditedAt: undefined,
    stretchMs: undefined,
    health: undefined,
    beatDueAt: firstBeatOfLife(state, at, policy),
    ...life,
  });
  return [next, [changed(state, next, evidence)]];
}

// ── time passes ──────────────────────────────────────────────────────────────────────────────────

function onTick(state: PeerState, event: Tick, policy: Policy): Transition {
  const outputs: PeerOutput[] = [];
  const stalls = event.stalls ?? NO_STALLS;
  let next = state;
  if (event.judging !== false && event.at >= verdictAt(state, policy, stalls)) {
    next = onExpired(state, event, stalls, policy, outputs);
  }
  if (next.beatDueAt !== undefined && event.at >= next.beatDueAt) {
    next = afterBeatDue(next, event.at, next.beatDueAt, policy, outputs);
  }
  if (next.forgetAt !== undefined && event.at >= next.forgetAt) {
    next = change(next, { forgetAt: undefined, beatDueAt: undefined });
    outputs.push({ type: "forget" });
  }
  return [next, outputs.length === 0 ? NOTHING : outputs];
}

// ── suspicion and death ──────────────────────────────────────────────────────────────────────────

function onExpired(
  state: PeerState,
  event: Tick,
  stalls: StallTotals,
  policy: Policy,
  outputs: PeerOutput[],
): PeerState {
  const { at, health = 0 } = event;
  const evidence = evidenceOf(state, at, stalls, policy, state.health ?? health);
  if (TRANSITIONS[state.status].expired === "dead") {
    const reason = state.status === "connecting" ? "unreachable" : "silence";
    const death = die(state, at, reason, { ...evidence, ...missedDeadline(state, policy) }, policy);
    outputs.push(death[1]);
    return death[0];
  }
  const next = become(state, "suspect", at, {
    proofFromAt: at,
    suspectedObservedAt: observedAt(at, stalls.lostMs),
    suspectedCreditedAt: creditedAt(at, stalls.lostMs, stalls.countedMs),
    stretchMs: stretchMs(health, policy.suspectAfterMs, policy.deadAfterMs),
    health,
    beatDueAt: state.role === "listen" ? undefined : at,
    paced: false,
  });
  outputs.push(changed(state, next, { ...evidence, ...missedDeadline(state, policy) }));
  return next;
}

/** Which deadline was missed, as a silence, and who set it. */
function missedDeadline(
  state: PeerState,
  policy: Policy,
): { deadlineMs: number; deadlineBy: DeadlineSource } {
  const { deadAfterMs, minSuspicionMs } = policy;
  if (state.status === "alive") {
    const deadlineMs = silenceToSuspect(state, policy);
    const capped =
      deadlineMs === deadAfterMs - minSuspicionMs && deadlineMs !== policy.suspectAfterMs;
    return { deadlineMs, deadlineBy: capped ? "deadAfterMs" : "detector" };
  }
  const stretch = state.stretchMs ?? 0;
  if (state.suspectedObservedAt === undefined) {
    return { deadlineMs: deadAfterMs, deadlineBy: "deadAfterMs" };
  }
  const bySuspicion = state.suspectedObservedAt - state.lifeObservedAt + minSuspicionMs;
  return bySuspicion > deadAfterMs
    ? { deadlineMs: bySuspicion + stretch, deadlineBy: "minSuspicionMs" }
    : { deadlineMs: deadAfterMs + stretch, deadlineBy: "deadAfterMs" };
}

function onEnded(state: PeerState, event: Ended, policy: Policy): Transition {
  if (state.status === "dead") return [state, NOTHING];
  const { at, reason, returnInMs, bySelf = false } = event;
  const evidence = evidenceOf(state, at, event.stalls ?? NO_STALLS, policy, state.health ?? 0);
  const [next, death] = die(state, at, reason, evidence, policy, bySelf);
  return [next, [returnInMs === undefined ? death : { ...death, returnInMs }]];
}

function die(
  state: PeerState,
  at: number,
  reason: Reason,
  evidence: Evidence,
  policy: Policy,
  bySelf = false,
): readonly [PeerState, Change] {
  const stable = state.aliveAt !== undefined && at - state.aliveAt >= policy.deadAfterMs;
  const retries = stable ? 0 : state.retries;
  const keepsBeating = state.role === "send";
  const mayRetry = state.role === "both" || (state.role === "listen" && policy.redial);
  const retried = mayRetry && isRetried(reason, policy);
  const retryMs = retried ? retryInMs(state, retries, policy) : undefined;
  const next = become(state, "dead", at, {
    reason,
    retries,
    proofFromAt: at,
    suspectedObservedAt: undefined,
    suspectedCreditedAt: undefined,
    stretchMs: undefined,
    health: undefined,
    pausedObservedAt: undefined,
    pausedCreditedAt: undefined,
    paced: false,
    beatDueAt: keepsBeating ? state.beatDueAt : retryMs === undefined ? undefined : at + retryMs,
    forgetAt: policy.forgetAfterMs === undefined ? undefined : at + policy.forgetAfterMs,
  });
  const death: Change = {
    ...changed(state, next, evidence),
    reason,
    safeInMs: reason === "left" && !bySelf ? 0 : safeInMs(state, at, policy),
    ...(retryMs !== undefined && { retryInMs: retryMs }),
    ...(bySelf && { bySelf }),
  };
  return [next, Object.freeze(death)];
}

/** Until then the other side may still trust that we count on it: its last sign of life plus D. */
function safeInMs(state: PeerState, at: number, policy: Policy): number {
  return state.heardAt === undefined ? 0 : Math.max(0, state.heardAt + policy.deadAfterMs - at);
}

// ── sessions, policy, pauses ─────────────────────────────────────────────────────────────────────

function onDial(state: PeerState, event: PeerEvent, policy: Policy): Transition {
  if (state.status !== "dead") return [state, NOTHING];
  const { at, stalls = NO_STALLS } = event;
  const evidence = evidenceOf(state, at, stalls, policy, 0);
  const firstBeatAt = spreadAt(at, policy.intervalMs, state.seed, state.beats);
  const next = become(state, TRANSITIONS.dead.dial, at, {
    session: state.session + 1,
    reason: undefined,
    forgetAt: undefined,
    heardAt: undefined,
    aliveAt: undefined,
    sentAt: undefined,
    lifeObservedAt: observedAt(at, stalls.lostMs),
    lifeCreditedAt: creditedAt(at, stalls.lostMs, stalls.countedMs),
    beatDueAt: state.role === "listen" ? undefined : firstBeatAt,
    paced: false,
    arrivals: NO_ARRIVALS,
  });
  return [next, [changed(state, next, evidence)]];
}

function onPolicy(state: PeerState, at: number, policy: Policy): PeerState {
  if (state.status === "dead") {
    const { forgetAfterMs } = policy;
    const forgetAt = forgetAfterMs === undefined ? undefined : state.sinceAt + forgetAfterMs;
    return change(state, { forgetAt });
  }
  if (state.beatDueAt === undefined) return state;
  const sentAt = state.sentAt ?? at;
  const beatDueAt = isProbing(state)
    ? Math.min(state.beatDueAt, nextProbeAt(sentAt, policy))
    : nextBeatAt(state, sentAt, policy);
  return change(state, { beatDueAt: Math.max(at, beatDueAt) });
}

// ── building states ──────────────────────────────────────────────────────────────────────────────

function become(state: PeerState, status: Status, at: number, changes: Changes): PeerState {
  return change(state, { status, sinceAt: at, probes: 0, ...changes });
}

function changed(from: PeerState, to: PeerState, evidence: Evidence): Change {
  return Object.freeze({
    type: "changed",
    at: to.sinceAt,
    session: to.session,
    from: from.status,
    to: to.status,
    evidence: Object.freeze(evidence),
  });
}
