// When a peer is next due, and when silence becomes suspicion and suspicion death: instants that follow from what is
// known of it. No status changes in here.

import { fixed } from "../detectors/fixed.ts";
import type { Policy } from "../policy.ts";
import type { DeadlineSource, Evidence } from "./evidence.ts";
import { dueAt, NO_STALLS, type StallTotals, suspicionMs } from "./rules.ts";
import { isJudged, type Mutable, NEVER, type Peer, type PeerState, thaw } from "./state.ts";
import { MEMORY, type Tally } from "./tally.ts";

/**
 * The raw instant at which this peer next wants a tick, if no further stall comes; Infinity when
 * never. Beats and verdicts, whichever is first.
 *
 * @example
 * ```ts
 * setTimeout(tick, nextDeadline(state, policy) - now);
 * ```
 */
export function nextDeadline(
  state: PeerState,
  policy: Policy,
  stalls: StallTotals = NO_STALLS,
): number {
  const peer = thaw(state);
  return Math.min(nextActAt(peer), verdictAt(peer, policy, stalls));
}

/** The raw instant at which this peer next beats, dials or is forgotten; Infinity when never. */
export function nextActAt({ beatDueAt, forgetAt }: Peer): number {
  return Math.min(beatDueAt, forgetAt);
}

/** The raw instant of the next verdict; Infinity when nobody is being judged. */
export function verdictAt(peer: Peer, policy: Policy, stalls: StallTotals): number {
  if (!isJudged(peer)) return NEVER;
  const { status, lifeObservedAt, lifeCreditedAt, stretchMs } = peer;
  if (status === "alive") {
    return dueAt(lifeObservedAt, lifeCreditedAt, silenceToSuspect(peer.arrivals, policy), stalls);
  }
  const stretch = status === "suspect" ? stretchMs : 0;
  const silentAt = dueAt(lifeObservedAt, lifeCreditedAt, policy.deadAfterMs + stretch, stalls);
  if (status === "connecting") return silentAt;
  // One silence never kills, so both the silence and the suspicion must be long enough.
  const { suspectedObservedAt, suspectedCreditedAt } = peer;
  const doubtedMs = policy.minSuspicionMs + stretch;
  return Math.max(silentAt, dueAt(suspectedObservedAt, suspectedCreditedAt, doubtedMs, stalls));
}

/** The silence at which an alive peer is suspected. */
export function silenceToSuspect(arrivals: Tally, policy: Policy): number {
  const detectedMs = arrivals.suspectsAfterMs(policy.detector, MEMORY, policy);
  return suspicionMs(detectedMs, policy.deadAfterMs, policy.minSuspicionMs);
}

/** Which deadline was missed, as a silence, and who set it. */
export function missDeadline(evidence: Mutable<Evidence>, peer: Peer, policy: Policy): void {
  const { deadAfterMs, minSuspicionMs, suspectAfterMs } = policy;
  let by: DeadlineSource = "deadAfterMs";
  let deadlineMs = deadAfterMs;
  if (peer.status === "alive") {
    deadlineMs = silenceToSuspect(peer.arrivals, policy);
    const capped = deadlineMs === deadAfterMs - minSuspicionMs && deadlineMs !== suspectAfterMs;
    if (!capped) by = "detector";
  } else if (peer.status === "suspect") {
    const bySuspicionMs = peer.suspectedObservedAt - peer.lifeObservedAt + minSuspicionMs;
    if (bySuspicionMs > deadAfterMs) by = "minSuspicionMs";
    deadlineMs = Math.max(deadAfterMs, bySuspicionMs) + peer.stretchMs;
  }
  evidence.deadlineMs = deadlineMs;
  evidence.deadlineBy = by;
  // Whoever shortens the names of functions shortens this one's, too.
  if (by === "detector")
    evidence.detector = policy.detector === fixed ? "fixed" : policy.detector.name;
}
