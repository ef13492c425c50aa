// @ts-check
// What this process keeps in memory, and the slope of that over rounds. To be imported first: code
// that is optimised, or thrown away, on the way would be taken for memory that rounds keep.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

for (const flag of [
  "--expose-gc",
  "--no-opt",
  "--no-sparkplug",
  "--no-flush-bytecode",
  "--no-lazy-feedback-allocation",
]) {
  setFlagsFromString(flag);
}
const collect = runInNewContext("gc");

/** Bytes in use after all garbage is gone. */
export async function bytesKept() {
  for (let n = 0; n < 3; n++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Bytes a round, by least squares; NaN of fewer than two samples. @param {readonly (readonly [rounds: number, bytes: number])[]} samples */
export function slopeOf(samples) {
  const mean = (/** @type {0 | 1} */ i) =>
    samples.reduce((sum, sample) => sum + sample[i], 0) / samples.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = samples.reduce((sum, [n, bytes]) => sum + (n - x) * (bytes - y), 0);
  return covariance / samples.reduce((sum, [n]) => sum + (n - x) ** 2, 0);
}
