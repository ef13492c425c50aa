// @systole/core/testing/arbitraries: what properties of code that embeds Systole draw from. fast-check is
// handed in, so that nothing is imported, and its version and its settings are those of your tests.

import type fastCheck from "fast-check";
import type { Arbitrary } from "fast-check";
import type { Detector } from "../detectors/detector.ts";
import { checkOption, SystoleTypeError } from "../errors.ts";
import { type FrameArbitraries, frameArbitraries } from "./arbitrary-frames.ts";
import { type HistoryArbitraries, historyArbitraries } from "./arbitrary-histories.ts";
import { type PolicyArbitraries, policyArbitraries } from "./arbitrary-policies.ts";

export type { FrameArbitraries } from "./arbitrary-frames.ts";
export type { HistoryArbitraries } from "./arbitrary-histories.ts";
export type { EndpointPolicyOptions, PolicyArbitraries } from "./arbitrary-policies.ts";
export type { Arbitrary };

/** The default export of `fast-check`, or all of it: `import fc from "fast-check"`. */
export type FastCheck = typeof fastCheck;

/** Options of `arbitraries`. */
export interface ArbitrariesOptions {
  /** Detectors that `policies` are drawn with, besides the default. Default: none. */
  readonly detectors?: readonly Detector[] | undefined;
}

/** See {@link arbitraries}. */
export interface Arbitraries extends PolicyArbitraries, HistoryArbitraries, FrameArbitraries {}

/**
 * Policies, events, histories and frames, for your own properties. Small numbers first, so that a failure
 * shrinks to a case that can be read.
 *
 * @param fc fast-check 3.22 or later.
 * @throws TypeError `ERR_SYSTOLE_OPTION` for something else.
 * @example
 * ```ts
 * const { histories } = arbitraries(fc, { detectors: [mine] });
 * fc.assert(fc.property(histories, (history) => {
 *   for (const { outputs } of playHistory(history)) for (const output of outputs) board.show(output);
 * }));
 * ```
 */
export function arbitraries(fc: FastCheck, options: ArbitrariesOptions = {}): Arbitraries {
  const wayOut = 'Give it what you import: import fc from "fast-check".';
  const isOne = typeof fc?.record === "function" && typeof fc.constantFrom === "function";
  checkOption(isOne, "fc", fc, "fast-check", wayOut, SystoleTypeError);
  const policies = policyArbitraries(fc, options.detectors ?? []);
  return { ...policies, ...historyArbitraries(fc, policies), ...frameArbitraries(fc) };
}
