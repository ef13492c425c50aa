// When a peer is beaten, asked, or dialled: pace, jitter, back-off. No status changes in here.

import type { Policy } from "../policy.ts";
import type { PeerOutput } from "./events.ts";
import { backoffMs, beatAt, isOverdue, spreadAt, unit } from "./rules.ts";
import { change, type PeerState, type Reason } from "./state.ts";

/** A new life starts at a random phase, so that peers that start together do not beat together. */
export function firstBeatOfLife(state: PeerState, at: number, policy: Policy): number | undefined {
  if (state.role === "listen") return undefined;
  if (state.status === "suspect") return nextBeatAt(state, state.sentAt ?? at, policy);
  const phased = at + policy.intervalMs * unit(state.seed, 2 * state.beats + 1);
  return Math.min(phased, (state.sentAt ?? at) + policy.intervalMs);
}

/** While connecting or suspect beats are probes, at their own pace. */
export function isProbing(state: PeerState): boolean {
  return state.role !== "send" && (state.status === "connecting" || state.status === "suspect");
}

export function nextBeatAt(state: PeerState, sentAt: number, policy: Policy): number {
  return beatAt(sentAt, policy, state.seed, state.beats);
}

/** Probes keep their own pace, but never a slower one than the largest gap we announced. */
export function nextProbeAt(sentAt: number, policy: Policy): number {
  return sentAt + Math.min(policy.probeIntervalMs, policy.intervalMs);
}

/** Something left for this peer: its next beat can wait. */
export function afterSent(state: PeerState, at: number, policy: Policy): PeerState {
  // Probes are never postponed, nor are the beats to the dead.
  const postpones = state.status === "alive" || (state.role === "send" && state.status !== "dead");
  if (!postpones || state.beatDueAt === undefined) return change(state, { sentAt: at });
  const beatDueAt = nextBeatAt(state, at, policy);
  // The beat that was just asked for has left, and moves nothing: a loop that is always late must
  // remember that it spread a beat already, or it would beat at every other tick only.
  const paced = state.paced && beatDueAt === state.beatDueAt;
  return change(state, { sentAt: at, beatDueAt, paced });
}

/** The beat of this peer has fallen due: it leaves now, or it is spread because it is overdue. */
export function afterBeatDue(
  state: PeerState,
  at: number,
  beatDueAt: number,
  policy: Policy,
  outputs: PeerOutput[],
): PeerState {
  const overdue = isOverdue(at, beatDueAt, policy.intervalMs);
  if (overdue && !state.paced) {
    // After a stall of ours everybody's beat is overdue at once: spread them. Only once, or an
    // ever-late loop (a throttled tab) would never beat at all.
    const spreadUntil = spreadAt(at, policy.intervalMs, state.seed, state.beats);
    return change(state, { beatDueAt: spreadUntil, paced: true });
  }
  const beats = state.beats + 1;
  const asked = { beats, paced: overdue };
  if (state.status === "dead" && state.role !== "send") {
    const retries = state.retries + 1;
    outputs.push(
      policy.redial
        ? { type: "dial", attempt: retries }
        : { type: "beat", session: state.session, probe: true },
    );
    return change(state, { ...asked, retries, beatDueAt: at + retryInMs(state, retries, policy) });
  }
  const probe = isProbing(state);
  outputs.push({ type: "beat", session: state.session, probe });
  const probes = state.probes + (probe ? 1 : 0);
  const next = change(state, { ...asked, probes });
  return change(next, {
    beatDueAt: probe ? nextProbeAt(at, policy) : nextBeatAt(next, at, policy),
  });
}

/** The next back-off of a dead peer, in ms. */
export function retryInMs(state: PeerState, retries: number, policy: Policy): number {
  const u = unit(state.seed, 2 * (state.beats + retries) + 1);
  return backoffMs(retries, policy.backoffMinMs, policy.backoffMaxMs, u);
}

/** Whether a dead peer is still asked: whoever left or lost its id on purpose is left alone. */
export function isRetried(reason: Reason, policy: Policy): boolean {
  switch (reason) {
    case "silence":
    case "unreachable":
    case "duplicate-id":
    case "incompatible":
      return true;
    case "replaced":
      return false;
    default:
      return policy.redial;
  }
}
