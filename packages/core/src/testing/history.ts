// A history of one peer as data, and how it is played on the rules. Drawn in arbitrary-histories.ts, or
// written down by hand.

import type { PeerEvent, PeerOutput } from "../peer/events.ts";
import { initialPeer, type PeerState, type Role } from "../peer/state.ts";
import { type Transition, transition } from "../peer/transition.ts";
import type { Policy } from "../policy.ts";

type WithoutInstants = {
  [Type in PeerEvent["type"]]: Omit<Extract<PeerEvent, { type: Type }>, "at" | "stalls">;
};

/** An event of `transition` that has no instant yet; `nonceAgoMs` stands for `nonceAt`. */
export type HistoryEvent = WithoutInstants[PeerEvent["type"]] & {
  readonly nonceAgoMs?: number | undefined;
};

/** What happens after a while. */
export interface HistoryStep {
  /** How long after the step before, in ms. */
  readonly waitMs: number;
  /** For which share of it we ourselves stood still, 0 to 1. */
  readonly stallShare: number;
  readonly event: HistoryEvent;
}

/** The life of one peer, as it is seen by whoever judges it. */
export interface History {
  readonly policy: Policy;
  readonly role: Role;
  /** Seeds jitter and back-off. */
  readonly seed: number;
  /** How much of each of our stalls is forgiven on the clock that lateness cannot stop, in ms. */
  readonly graceMs: number;
  /** What happens, in its order. */
  readonly steps: readonly HistoryStep[];
}

/** One step as it went. */
export interface PlayedStep {
  readonly step: HistoryStep;
  /** The peer before the event, and after it. */
  readonly before: PeerState;
  readonly after: PeerState;
  /** The event as the rules were given it, with its instant and our stalls so far. */
  readonly event: PeerEvent;
  /** What the rules answered. */
  readonly outputs: readonly PeerOutput[];
}

/**
 * Plays a history from instant 0 on, and yields each step after it was taken.
 *
 * @param rules Plays on other rules than `transition`: yours, to be compared.
 * @example
 * ```ts
 * for (const { event, outputs } of playHistory(history)) console.log(event.at, event.type, outputs);
 * ```
 */
export function* playHistory(
  { policy, role, seed, graceMs, steps }: History,
  rules: (state: PeerState, event: PeerEvent, policy: Policy) => Transition = transition,
): Generator<PlayedStep> {
  let before = initialPeer(policy, 0, { role, seed });
  let [at, lostMs, countedMs] = [0, 0, 0];
  for (const step of steps) {
    const { waitMs, stallShare } = step;
    at += waitMs;
    lostMs += waitMs * stallShare;
    countedMs += Math.min(waitMs * stallShare, graceMs);
    const { nonceAgoMs, ...rest } = step.event;
    const nonce = nonceAgoMs !== undefined && { nonceAt: Math.max(0, at - nonceAgoMs) };
    const event = { ...rest, at, stalls: { lostMs, countedMs, graceMs }, ...nonce } as PeerEvent;
    const [after, outputs] = rules(before, event, policy);
    yield { step, before, event, after, outputs };
    before = after;
  }
}
