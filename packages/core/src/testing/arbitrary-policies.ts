// Policies as properties draw them: with every option, or only the three numbers in whole milliseconds, whose
// sums are exact.

import type fastCheck from "fast-check";
import type { Arbitrary } from "fast-check";
import { definePolicy } from "../define-policy.ts";
import type { Detector } from "../detectors/detector.ts";
import type { Role } from "../peer/state.ts";
import type { Policy, PolicyOptions } from "../policy.ts";

/** Options of a policy of which these three are given. */
export interface EndpointPolicyOptions extends PolicyOptions {
  readonly intervalMs: number;
  readonly suspectAfterMs: number;
  readonly deadAfterMs: number;
  readonly backoffMaxMs: number;
}

/** Arbitraries about how somebody is judged. */
export interface PolicyArbitraries {
  /** Roles; `both` as often as the two others together. */
  readonly roles: Arbitrary<Role>;
  /** The three numbers of a policy, in whole ms: everything else takes its default. */
  readonly threeNumbers: Arbitrary<PolicyOptions>;
  /** Valid policies of three numbers. */
  readonly plainPolicies: Arbitrary<Policy>;
  /** Valid policies with any of their options given. */
  readonly policies: Arbitrary<Policy>;
  /**
   * For the ends of a wire: intervals, deadlines, floors, limits and wishes, in numbers small enough to
   * simulate. Two sides need not agree on anything.
   */
  readonly endpointPolicies: Arbitrary<EndpointPolicyOptions>;
}

export function policyArbitraries(
  fc: typeof fastCheck,
  detectors: readonly Detector[],
): PolicyArbitraries {
  const threeNumbers = fc
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
  const policies = threeNumbers
    .chain((numbers) => {
      const forgetMs = Math.max(30_000, 2 * numbers.deadAfterMs);
      const others = {
        minSuspicionMs: fc.integer({ min: 1, max: numbers.deadAfterMs - numbers.suspectAfterMs }),
        probeIntervalMs: fc.integer({ min: 10, max: 3_000 }),
        jitter: fc.constantFrom(0, 0.25, 0.5, 0.99),
        proof: fc.constantFrom("any" as const, "round-trip" as const),
        returns: fc.constantFrom("new-session" as const, "never" as const),
        redial: fc.boolean(),
        solicits: fc.boolean(),
        backoffMinMs: fc.integer({ min: 1, max: 3_000 }),
        forgetAfterMs: fc.integer({ min: forgetMs, max: 2 * forgetMs }),
        ...(detectors.length > 0 && { detector: fc.constantFrom(...detectors) }),
      };
      return fc
        .record(others, { requiredKeys: [] })
        .map((options): PolicyOptions => ({ ...numbers, ...options }));
    })
    .map((options) => definePolicy(options));
  return {
    roles: fc.constantFrom("both", "both", "send", "listen"),
    threeNumbers,
    plainPolicies: threeNumbers.map((options) => definePolicy(options)),
    policies,
    endpointPolicies: endpointPolicies(fc),
  };
}

function endpointPolicies(fc: typeof fastCheck): Arbitrary<EndpointPolicyOptions> {
  return fc
    .record({
      intervalMs: fc.integer({ min: 150, max: 1_200 }),
      overIntervalMs: fc.integer({ min: 100, max: 1_500 }),
      overSuspectMs: fc.integer({ min: 200, max: 2_000 }),
      floorShare: fc.constantFrom(undefined, undefined, 0.2, 1),
      minGapShare: fc.constantFrom(undefined, undefined, 0.1, 1),
      wishShare: fc.constantFrom(undefined, undefined, 0.15, 0.4),
      jitter: fc.constantFrom(undefined, 0, 0.5),
      backoffMinMs: fc.constantFrom(undefined, 100, 400),
      backoffMaxMs: fc.constantFrom(800, 2_000),
    })
    .map(({ intervalMs, overIntervalMs, overSuspectMs, floorShare, minGapShare, ...rest }) => {
      const { wishShare = 1 / 3, jitter, backoffMinMs, backoffMaxMs } = rest;
      const suspectAfterMs = intervalMs + overIntervalMs;
      const wishMs = wishShare * suspectAfterMs;
      return {
        intervalMs,
        suspectAfterMs,
        deadAfterMs: suspectAfterMs + overSuspectMs,
        wishMs,
        floorMs: floorShare === undefined ? undefined : floorShare * intervalMs,
        minGapMs: minGapShare === undefined ? undefined : Math.min(50, minGapShare * wishMs),
        jitter,
        backoffMinMs: backoffMinMs ?? Math.min(intervalMs, backoffMaxMs),
        backoffMaxMs,
      };
    });
}
