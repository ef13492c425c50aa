// Plays random histories on one peer, and keeps by its own simple means what the rules are about:
// how long the peer was silent, and for how long it has been suspected.
import fc from "fast-check";
import type { DetectorFunction } from "../src/detectors/detector.ts";
import type { PeerEvent, PeerOutput } from "../src/peer/events.ts";
import { stretchMs } from "../src/peer/rules.ts";
import { initialPeer, type PeerState, type Role } from "../src/peer/state.ts";
import { type Transition, transition } from "../src/peer/transition.ts";
import type { Policy } from "../src/policy.ts";
import { policies, reasons, roles, waits } from "./arbitraries.ts";

type Plain = { [Type in PeerEvent["type"]]: Omit<Extract<PeerEvent, { type: Type }>, "at"> };

/** `stallShare` of the time before the event we were frozen. */
export interface HistoryStep {
  readonly waitMs: number;
  readonly stallShare: number;
  readonly event: Plain[PeerEvent["type"]] & { readonly nonceAgoMs?: number | undefined };
}

export interface History {
  readonly policy: Policy;
  readonly role: Role;
  readonly seed: number;
  readonly graceMs: number;
  readonly steps: readonly HistoryStep[];
}

const sign = fc.record(
  {
    seq: fc.integer({ min: 1, max: 30 }),
    rttMs: fc.integer({ min: 0, max: 400 }),
    heldMs: fc.integer({ min: 0, max: 50 }),
    nonceAgoMs: fc.integer({ min: 0, max: 9_000 }),
  },
  { requiredKeys: [] },
);
const tick = fc.record({
  type: fc.constant("tick" as const),
  health: fc.constantFrom(0, 0, 0, 1, 7),
  judging: fc.constantFrom(true, true, true, false),
});
const events: fc.Arbitrary<HistoryStep["event"]> = fc.oneof(
  { weight: 6, arbitrary: tick },
  { weight: 3, arbitrary: sign.map((more) => ({ type: "heard" as const, ...more })) },
  { weight: 3, arbitrary: sign.map((more) => ({ type: "proven" as const, ...more })) },
  { weight: 2, arbitrary: fc.constant({ type: "sent" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "dial" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "policy" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "pause" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "resume" as const }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...reasons).map((reason) => ({ type: "ended" as const, reason })),
  },
);

export const histories: fc.Arbitrary<History> = fc.record({
  policy: policies,
  role: roles,
  seed: fc.nat(),
  graceMs: fc.integer({ min: 1, max: 3_000 }),
  steps: fc.array(
    fc.record({
      waitMs: waits,
      stallShare: fc.constantFrom(0, 0, 0, 0.5, 1),
      event: events,
    }),
    { minLength: 1, maxLength: 25, size: "max" },
  ),
});

/** One step as it went, with the figures that were kept beside it. */
export interface Played {
  readonly before: PeerState;
  readonly event: PeerEvent;
  readonly after: PeerState;
  readonly outputs: readonly PeerOutput[];
  /** Real time since the last sign of life or the start of the session. */
  readonly realMs: number;
  /** Silence before the event, counted by adding up, step by step. */
  readonly silentMs: number;
  readonly suspectedMs: number;
}

type Step = (state: PeerState, event: PeerEvent, policy: Policy) => Transition;

/** Plays a history, and yields each step after it was taken. */
export function* play(history: History, step: Step = transition): Generator<Played> {
  const { policy, role, seed, graceMs, steps } = history;
  let state = initialPeer(policy, 0, { role, seed });
  let at = 0;
  let [lostMs, countedMs, realMs] = [0, 0, 0];
  const silence = new Meter(graceMs);
  const suspicion = new Meter(graceMs);
  for (const { waitMs, stallShare, event: drawn } of steps) {
    const stallMs = waitMs * stallShare;
    at += waitMs;
    realMs += waitMs;
    lostMs += stallMs;
    countedMs += Math.min(stallMs, graceMs);
    if (state.pausedObservedAt === undefined) {
      silence.pass(waitMs, stallMs);
      suspicion.pass(waitMs, stallMs);
    }
    const { nonceAgoMs, ...rest } = drawn;
    const nonce = nonceAgoMs !== undefined && { nonceAt: Math.max(0, at - nonceAgoMs) };
    const event = { ...rest, at, stalls: { lostMs, countedMs, graceMs }, ...nonce } as PeerEvent;
    const [after, outputs] = step(state, event, policy);
    const [silentMs, suspectedMs] = [silence.ms, suspicion.ms];
    yield { before: state, event, after, outputs, realMs, silentMs, suspectedMs };

    if (after.status === "suspect" && state.status !== "suspect") suspicion.reset();
    const life = event.type === "heard" || event.type === "proven";
    if ((life && after.heardAt === at) || after.session > state.session) {
      silence.reset();
      realMs = 0;
    }
    state = after;
  }
}

/** Silence, counted by adding up: all but the stalls, or all but what of them is forgiven. */
class Meter {
  #observedMs = 0;
  #creditedMs = 0;
  readonly #graceMs: number;

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  pass(waitMs: number, stallMs: number): void {
    this.#observedMs += waitMs - stallMs;
    this.#creditedMs += waitMs - stallMs + Math.min(stallMs, this.#graceMs);
  }

  reset(): void {
    this.#observedMs = 0;
    this.#creditedMs = 0;
  }

  get ms(): number {
    return Math.max(0, this.#observedMs, this.#creditedMs - this.#graceMs);
  }
}

/** The verdict DESIGN asks for at a tick, from the counted figures: its margin in ms, 0 when just due. */
export function overdueMs({ before, silentMs, suspectedMs }: Played, policy: Policy): number {
  const { suspectAfterMs, deadAfterMs, minSuspicionMs } = policy;
  const latestMs = deadAfterMs - minSuspicionMs;
  const detectedMs = (policy.detector as DetectorFunction)(before.arrivals, policy);
  const suspectMs = Number.isNaN(detectedMs) ? latestMs : Math.min(detectedMs, latestMs);
  switch (before.status) {
    case "connecting":
      return silentMs - deadAfterMs;
    case "alive":
      return silentMs - suspectMs;
    case "suspect": {
      const stretch = stretchMs(before.health ?? 0, suspectAfterMs, deadAfterMs);
      return Math.min(silentMs - deadAfterMs, suspectedMs - minSuspicionMs) - stretch;
    }
    case "dead":
      return Number.NEGATIVE_INFINITY;
  }
}
