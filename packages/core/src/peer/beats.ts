// When a peer is beaten, asked, or dialled: pace, jitter, back-off. No status changes in here.

import type { Policy } from "../policy.ts";
import type { Emit } from "./events.ts";
import { backoffMs, beatAt, isOverdue, spreadAt, unit } from "./rules.ts";
import { MAX_COUNT, NEVER, type Peer, type Reason } from "./state.ts";

/** A new life starts at a random phase, so that peers that start together do not beat together. */
export function firstBeatOfLife(peer: Peer, at: number, policy: Policy): number {
  if (peer.role === "listen") return NEVER;
  const sentAt = peer.sentAt === NEVER ? at : peer.sentAt;
  if (peer.status === "suspect") return nextBeatAt(peer, sentAt, policy);
  const phased = at + policy.intervalMs * unit(peer.seed, 2 * peer.beats + 1);
  return Math.min(phased, sentAt + policy.intervalMs);
}

/** While connecting or suspect beats are probes, at their own pace. */
export function isProbing(peer: Peer): boolean {
  return peer.role !== "send" && (peer.status === "connecting" || peer.status === "suspect");
}

export function nextBeatAt(peer: Peer, sentAt: number, policy: Policy): number {
  return beatAt(sentAt, policy, peer.seed, peer.beats);
}

/** Probes keep their own pace, but never a slower one than the largest gap we announced. */
export function nextProbeAt(sentAt: number, policy: Policy): number {
  return sentAt + Math.min(policy.probeIntervalMs, policy.intervalMs);
}

/** Something left for this peer: its next beat can wait. */
export function sent(peer: Peer, at: number, policy: Policy): void {
  peer.sentAt = at;
  // Probes are never postponed, nor are the beats to the dead. Whoever only sends has neither.
  const postpones = peer.status === "alive" || peer.role === "send";
  if (!postpones || peer.beatDueAt === NEVER) return;
  // Where nothing comes back, what leaves in between must not make the beats more frequent.
  const soonestAt = policy.solicits ? peer.beatDueAt : at;
  const beatDueAt = Math.max(soonestAt, nextBeatAt(peer, idleSinceAt(peer, policy), policy));
  // The beat that was just asked for has left, and moves nothing: a loop that is always late must
  // remember that it spread a beat already, or it would beat at every other tick only.
  peer.paced &&= beatDueAt === peer.beatDueAt;
  peer.beatDueAt = beatDueAt;
}

/** Our last frame; where beats ask for a sign of life, the older of that and the last one. */
function idleSinceAt({ sentAt, heardAt }: Peer, { solicits }: Policy): number {
  return solicits ? Math.min(sentAt, heardAt) : sentAt;
}

/** The beat of this peer has fallen due: it leaves now, or it is spread because it is overdue. */
export function beat(peer: Peer, at: number, policy: Policy, emit: Emit): void {
  if (policy.solicits && peer.status === "alive" && peer.sentAt !== NEVER) {
    // What was heard since then moved nothing but its own clock.
    const dueAt = nextBeatAt(peer, idleSinceAt(peer, policy), policy);
    if (dueAt > at) {
      peer.beatDueAt = dueAt;
      peer.paced = false;
      return;
    }
  }
  const overdue = isOverdue(at, peer.beatDueAt, policy.intervalMs);
  if (overdue && !peer.paced) {
    // After a stall of ours everybody's beat is overdue at once: spread them. Only once, or an
    // ever-late loop (a throttled tab) would never beat at all.
    peer.beatDueAt = spreadAt(at, policy.intervalMs, peer.seed, peer.beats);
    peer.paced = true;
    return;
  }
  peer.beats += 1;
  peer.paced = overdue;
  const { session } = peer;
  if (peer.status === "dead" && peer.role !== "send") {
    peer.retries = Math.min(peer.retries + 1, MAX_COUNT);
    peer.beatDueAt = at + retryInMs(peer, policy);
    if (policy.redial) emit({ type: "dial", attempt: peer.retries });
    else emit({ type: "beat", session, probe: true });
    return;
  }
  const probe = isProbing(peer);
  if (probe) peer.probes = Math.min(peer.probes + 1, MAX_COUNT);
  peer.beatDueAt = probe ? nextProbeAt(at, policy) : nextBeatAt(peer, at, policy);
  emit({ type: "beat", session, probe });
}

/** The next back-off of a dead peer, in ms. */
export function retryInMs({ seed, beats, retries }: Peer, policy: Policy): number {
  const u = unit(seed, 2 * (beats + retries) + 1);
  return backoffMs(retries, policy.backoffMinMs, policy.backoffMaxMs, u);
}

/** Whether a dead peer is still asked: whoever left or lost its id on purpose is left alone. */
export function isRetried(reason: Reason, policy: Policy): boolean {
  if (reason === "replaced") return false;
  return ASKED_AGAIN.includes(reason) || policy.redial;
}

const ASKED_AGAIN: readonly Reason[] = ["silence", "unreachable", "duplicate-id", "incompatible"];
