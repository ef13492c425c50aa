// What is known of a network, and the door at which it is checked. How its delays are distributed is
// for those who need to assume it.

import { SystoleRangeError } from "../errors.ts";

/** One direction of a path, as far as beats notice. Losses and delays of different beats are independent. */
export interface Network {
  /** Share of frames that never arrive, from 0 to below 1. */
  readonly loss: number;
  /** Mean one-way delay in ms, from 0 to 2³¹−1. */
  readonly delayMs: number;
  /** Variance of the delay in ms², at least 0; 0 where `delayMs` is 0. */
  readonly delayVarianceMs2: number;
}

/** The longest duration a timer can wait for, and so the longest a policy may name. */
export const MAX_DURATION_MS: number = 2 ** 31 - 1;

/** Throws `ERR_SYSTOLE_OPTION` where `network` is none. */
export function checkNetwork(network: Network): void {
  const { loss, delayMs, delayVarianceMs2 } = network ?? {};
  check(loss >= 0 && loss < 1, "loss", "from 0 to below 1", loss, "0.01 is one frame in 100.");
  check(
    delayMs >= 0 && delayMs <= MAX_DURATION_MS,
    "delayMs",
    `a number of ms from 0 to ${MAX_DURATION_MS}`,
    delayMs,
    "Give the mean one-way delay, half of the round trip if nothing else is known.",
  );
  check(
    delayVarianceMs2 >= 0 && delayVarianceMs2 <= MAX_DURATION_MS ** 2,
    "delayVarianceMs2",
    `a number of ms² from 0 to ${MAX_DURATION_MS ** 2}`,
    delayVarianceMs2,
    "Give the square of the delay's standard deviation.",
  );
  check(
    delayMs > 0 || delayVarianceMs2 === 0,
    "delayVarianceMs2",
    "0 where delayMs is 0, since no delay is negative",
    delayVarianceMs2,
    "Raise delayMs above 0.",
  );
}

/** Throws what a person can act on, unless `valid`. Comparisons with NaN or nothing are not. */
export function check(
  valid: boolean,
  name: string,
  range: string,
  value: unknown,
  wayOut: string,
): void {
  if (valid && typeof value === "number") return;
  throw new SystoleRangeError(
    "ERR_SYSTOLE_OPTION",
    `${name} must be ${range} (got ${String(value)}).\n${wayOut}`,
    value,
  );
}
