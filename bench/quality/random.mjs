// @ts-check
// A seeded generator and the distributions that the traces are made of.

/** @typedef {() => number} Random uniform in (0, 1) */

/** mulberry32 on a hash of what it is for, so that every use has a stream of its own.
 * @param {string} purpose @param {number} seed @returns {Random} */
export function randomFor(purpose, seed) {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  for (const letter of purpose) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 || 2 ** -33;
  };
}

/** @param {Random} random @param {number} from @param {number} to */
export const uniform = (random, from, to) => from + (to - from) * random();

/** @param {Random} random @param {number} mean */
export const exponential = (random, mean) => -mean * Math.log(random());

/** Of whole shape: a sum of exponentials. @param {Random} random @param {number} shape @param {number} scale */
export function gamma(random, shape, scale) {
  let product = 1;
  for (let n = 0; n < shape; n++) product *= random();
  return -scale * Math.log(product);
}

/** Box–Muller. @param {Random} random */
export const normal = (random) =>
  Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

/** An alternation of two states, each lasting an exponential time; asked at rising instants.
 * @param {Random} random @param {number} meanOff @param {number} meanOn @returns {(at: number) => boolean} */
export function switching(random, meanOff, meanOn) {
  let on = false;
  let until = exponential(random, meanOff);
  return (at) => {
    while (at >= until) {
      on = !on;
      until += exponential(random, on ? meanOn : meanOff);
    }
    return on;
  };
}
