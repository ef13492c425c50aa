// Silence that is our own doing, of one peer: a paused reader, a debugger. It is credited whole.

import { creditedAt, observedAt, type StallTotals } from "./rules.ts";
import { NEVER, type Peer } from "./state.ts";

/** From here on silence is our doing. */
export function pause(peer: Peer, at: number, stalls: StallTotals): void {
  if (peer.status === "dead" || peer.pausedObservedAt !== NEVER) return;
  peer.pausedObservedAt = observedAt(at, stalls);
  peer.pausedCreditedAt = creditedAt(at, stalls);
}

/** Every anchor moves by the length of the pause; that of a life in the middle of it not into the future. */
export function resume(peer: Peer, at: number, stalls: StallTotals): void {
  if (peer.pausedObservedAt === NEVER) return;
  const observed = observedAt(at, stalls);
  const credited = creditedAt(at, stalls);
  const observedMs = Math.max(0, observed - peer.pausedObservedAt);
  const creditedMs = Math.max(0, credited - peer.pausedCreditedAt);
  peer.lifeObservedAt = Math.min(observed, peer.lifeObservedAt + observedMs);
  peer.lifeCreditedAt = Math.min(credited, peer.lifeCreditedAt + creditedMs);
  // Nobody is suspected during a pause, so this anchor is older than the pause; or NEVER, and stays it.
  peer.suspectedObservedAt += observedMs;
  peer.suspectedCreditedAt += creditedMs;
  peer.pausedObservedAt = peer.pausedCreditedAt = NEVER;
  peer.arrivals.resumed(at, observedMs);
}
