// What the properties of the protocol draw from: policies of endpoints in small numbers, networks,
// and the pairs of roles in which two sides can know of each other.
import fc from "fast-check";
import type { Transport } from "../src/endpoint/options.ts";
import type { Role } from "../src/peer/state.ts";
import type { NetworkOptions } from "../src/testing/simulated-network.ts";

export { endpointPolicies as wirePolicies } from "./arbitraries.ts";

export const transports: readonly Transport[] = ["datagram", "message", "stream"];

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
