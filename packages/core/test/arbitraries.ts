// What our own properties draw from: the public arbitraries, bound to our fast-check and to two detectors.
import fc from "fast-check";
import type { Arrivals } from "../src/detectors/arrivals.ts";
import type { Thresholds } from "../src/detectors/detector.ts";
import { arbitraries } from "../src/testing/arbitraries.ts";

export { END_REASONS as reasons } from "../src/peer/state.ts";

/** A detector of one's own: the more traffic it saw, the more patient, and past the cap in the end. */
export function patient({ received }: Arrivals, { suspectAfterMs }: Thresholds): number {
  return suspectAfterMs / 2 + received * 100;
}

/** A broken one. It must not make anybody immortal. */
export function broken(): number {
  return Number.NaN;
}

export const { roles, threeNumbers, plainPolicies, policies, endpointPolicies, waits, histories } =
  arbitraries(fc, { detectors: [patient, broken] });
