// How suspicious a peer is, as a level, and how near a silence came to a suspicion. Nothing here changes
// anything.

import type { Policy } from "../policy.ts";
import { silenceToSuspect, verdictAt } from "./deadlines.ts";
import { silenceMs } from "./evidence.ts";
import { type StallTotals, suspicionMs } from "./rules.ts";
import type { Peer } from "./state.ts";
import { shadowFrom, type Tally } from "./tally.ts";

/**
 * The level of suspicion, on one scale for every detector: 0 just heard, 1 where suspicion begins, 2 where
 * death is declared; linear in time between. While connecting it starts at 1, and of peers whose silence
 * nobody judges (role `send`) it is 0.
 */
export function suspicionAt(peer: Peer, at: number, stalls: StallTotals, policy: Policy): number {
  const { status } = peer;
  if (peer.role === "send") return 0;
  if (status === "dead") return 2;
  const silence = silenceMs(peer, at, stalls);
  if (status === "connecting") return 1 + Math.min(1, silence / policy.deadAfterMs);
  if (status === "alive")
    return Math.min(2, shareOf(silence, silenceToSuspect(peer.arrivals, policy)));
  const doubtedMs = Math.max(0, at - peer.sinceAt);
  return 1 + Math.min(1, shareOf(doubtedMs, verdictAt(peer, policy, stalls) - peer.sinceAt));
}

/** A silence as a share of what is allowed; of a deadline that was there from the start, all of it. */
export function shareOf(silence: number, deadlineMs: number): number {
  return deadlineMs > 0 ? silence / deadlineMs : 1;
}

/** The silence at which the shadow of a policy would suspect, as the real one is capped. */
export function silenceToShadow(arrivals: Tally, policy: Policy): number {
  const { shadow, deadAfterMs, minSuspicionMs } = policy;
  if (shadow === undefined) return Number.POSITIVE_INFINITY;
  const detectedMs = arrivals.suspectsAfterMs(shadow, shadowFrom(policy), policy);
  return suspicionMs(detectedMs, deadAfterMs, minSuspicionMs);
}
