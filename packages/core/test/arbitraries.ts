// What the properties of the machine draw from: policies with every option, and policies in whole
// milliseconds whose sums are exact. Histories are drawn where they are played.
import fc from "fast-check";
import type { Arrivals } from "../src/detectors/arrivals.ts";
import type { Thresholds } from "../src/detectors/detector.ts";
import type { EndReason, Role } from "../src/peer/state.ts";
import { definePolicy, type Policy, type PolicyOptions } from "../src/policy.ts";

/** A detector of one's own: the more traffic it saw, the more patient, and past the cap in the end. */
export function patient({ received }: Arrivals, { suspectAfterMs }: Thresholds): number {
  return suspectAfterMs / 2 + received * 100;
}

/** A broken one. It must not make anybody immortal. */
export function broken(): number {
  return Number.NaN;
}

export const roles: fc.Arbitrary<Role> = fc.constantFrom("both", "both", "send", "listen");

/** The three numbers, in whole ms: everything else takes its default. */
export const threeNumbers: fc.Arbitrary<PolicyOptions> = fc
  .record({
    intervalMs: fc.integer({ min: 20, max: 2_000 }),
    overIntervalMs: fc.integer({ min: 1, max: 4_000 }),
    overSuspectMs: fc.integer({ min: 1, max: 6_000 }),
  })
  .map(({ intervalMs, overIntervalMs, overSuspectMs }) => ({
    intervalMs,
    suspectAfterMs: intervalMs + overIntervalMs,
    deadAfterMs: intervalMs + overIntervalMs + overSuspectMs,
  }));

/** A valid policy with any of its options given. */
export const policies: fc.Arbitrary<Policy> = threeNumbers
  .chain((numbers) => {
    const suspicionMs = (numbers.deadAfterMs as number) - (numbers.suspectAfterMs as number);
    const forgetMs = Math.max(30_000, 2 * (numbers.deadAfterMs as number));
    return fc
      .record(
        {
          minSuspicionMs: fc.integer({ min: 1, max: suspicionMs }),
          probeIntervalMs: fc.integer({ min: 10, max: 3_000 }),
          jitter: fc.constantFrom(0, 0.25, 0.5, 0.99),
          proof: fc.constantFrom("any" as const, "round-trip" as const),
          returns: fc.constantFrom("new-session" as const, "never" as const),
          redial: fc.boolean(),
          solicits: fc.boolean(),
          backoffMinMs: fc.integer({ min: 1, max: 3_000 }),
          forgetAfterMs: fc.integer({ min: forgetMs, max: 2 * forgetMs }),
          detector: fc.constantFrom(patient, broken),
        },
        { requiredKeys: [] },
      )
      .map((options) => ({ ...numbers, ...options }));
  })
  .map((options) => definePolicy(options));

/** Policies with the `fixed` detector and `any` proof: those `deadAtMostMs` is exact about. */
export const plainPolicies: fc.Arbitrary<Policy> = threeNumbers.map((options) =>
  definePolicy(options),
);

/** Short and long waits, with the interesting ones more often than chance would have it. */
export const waits: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.integer({ min: 0, max: 1_500 }),
  fc.integer({ min: 0, max: 12_000 }),
);

/** Every reason that somebody outside may give. */
export const reasons: readonly EndReason[] = [
  "closed",
  "left",
  "restarted",
  "replaced",
  "protocol-error",
  "duplicate-id",
  "incompatible",
];
