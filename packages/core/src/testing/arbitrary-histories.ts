// Events and histories of one peer as properties draw them: ticks, signs of life, stalls of our own, pauses,
// ends and redials, in any order.

import type fastCheck from "fast-check";
import type { Arbitrary } from "fast-check";
import { END_REASONS, type EndReason } from "../peer/state.ts";
import type { PolicyArbitraries } from "./arbitrary-policies.ts";
import type { History, HistoryEvent } from "./history.ts";

/** Arbitraries about what happens to a peer. */
export interface HistoryArbitraries {
  /** Short and long waits in ms, the interesting ones more often than chance would have it. */
  readonly waits: Arbitrary<number>;
  /** Every reason for an end that somebody outside may give. */
  readonly reasons: Arbitrary<EndReason>;
  /** Events of `transition`, still without an instant. */
  readonly events: Arbitrary<HistoryEvent>;
  /** Whole lives of a peer: a policy, and 1 to 25 steps. Play them with `playHistory`. */
  readonly histories: Arbitrary<History>;
}

export function historyArbitraries(
  fc: typeof fastCheck,
  { policies, roles }: PolicyArbitraries,
): HistoryArbitraries {
  const waits = fc.oneof(
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: 0, max: 1_500 }),
    fc.integer({ min: 0, max: 12_000 }),
  );
  const reasons = fc.constantFrom(...END_REASONS);
  const events = eventArbitrary(fc, reasons);
  const histories = fc.record({
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
  return { waits, reasons, events, histories };
}

function eventArbitrary(
  fc: typeof fastCheck,
  reasons: Arbitrary<EndReason>,
): Arbitrary<HistoryEvent> {
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
  return fc.oneof(
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
      arbitrary: reasons.map((reason) => ({ type: "ended" as const, reason })),
    },
  );
}
