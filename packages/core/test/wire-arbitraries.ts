// What the properties of the protocol draw from: policies of endpoints in small numbers, networks,
// and the pairs of roles in which two sides can know of each other.
import fc from "fast-check";
import type { Transport } from "../src/endpoint/options.ts";
import type { Role } from "../src/peer/state.ts";
import type { PolicyOptions } from "../src/policy.ts";
import type { NetworkOptions } from "../src/testing/simulated-network.ts";

export const transports: readonly Transport[] = ["datagram", "message", "stream"];

/** Two sides need not agree on anything: intervals, deadlines, floors, limits, wishes. */
export const wirePolicies: fc.Arbitrary<
  PolicyOptions & { deadAfterMs: number; backoffMaxMs: number }
> = fc
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

/** Somebody must speak, or nobody knows anything. */
export const rolePairs: fc.Arbitrary<readonly [Role, Role]> = fc.constantFrom(
  ["both", "both"] as const,
  ["both", "both"] as const,
  ["both", "listen"] as const,
  ["listen", "both"] as const,
  ["send", "both"] as const,
  ["both", "send"] as const,
  ["send", "listen"] as const,
);

/** A network that loses nothing, and where nothing overtakes. */
export const plainNetworks: fc.Arbitrary<
  NetworkOptions & { delayMs: readonly [number, number]; seed: number }
> = fc.record({
  seed: fc.nat(),
  delayMs: fc.constantFrom([1, 1] as const, [0, 0] as const, [25, 25] as const),
});

/** A network that loses nothing; everything may overtake. */
export const calmNetworks: fc.Arbitrary<
  NetworkOptions & { delayMs: readonly [number, number]; seed: number }
> = fc.record({
  seed: fc.nat(),
  delayMs: fc.constantFrom([1, 5] as const, [0, 0] as const, [5, 40] as const),
});
