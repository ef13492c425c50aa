// Silence that is our own doing, of one peer: a paused reader, a debugger. It is credited whole.

import type { PeerEvent } from "./events.ts";
import { creditedAt, NO_STALLS, observedAt } from "./rules.ts";
import { change, type PeerState } from "./state.ts";

/** From here on silence is our doing. */
export function afterPause(state: PeerState, event: PeerEvent): PeerState {
  if (state.status === "dead" || state.pausedObservedAt !== undefined) return state;
  const { at, stalls = NO_STALLS } = event;
  return change(state, {
    pausedObservedAt: observedAt(at, stalls.lostMs),
    pausedCreditedAt: creditedAt(at, stalls.lostMs, stalls.countedMs),
  });
}

/** Every anchor moves by the length of the pause, but never into the future. */
export function afterResume(state: PeerState, event: PeerEvent): PeerState {
  if (state.pausedObservedAt === undefined || state.pausedCreditedAt === undefined) return state;
  const { at, stalls = NO_STALLS } = event;
  const observed = observedAt(at, stalls.lostMs);
  const credited = creditedAt(at, stalls.lostMs, stalls.countedMs);
  const observedMs = Math.max(0, observed - state.pausedObservedAt);
  const creditedMs = Math.max(0, credited - state.pausedCreditedAt);
  const { suspectedObservedAt, suspectedCreditedAt } = state;
  return change(state, {
    lifeObservedAt: Math.min(observed, state.lifeObservedAt + observedMs),
    lifeCreditedAt: Math.min(credited, state.lifeCreditedAt + creditedMs),
    ...(suspectedObservedAt !== undefined &&
      suspectedCreditedAt !== undefined && {
        suspectedObservedAt: Math.min(observed, suspectedObservedAt + observedMs),
        suspectedCreditedAt: Math.min(credited, suspectedCreditedAt + creditedMs),
      }),
    pausedObservedAt: undefined,
    pausedCreditedAt: undefined,
  });
}
