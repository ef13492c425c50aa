// @ts-check
// What paths, senders and observers do, drawn from a seeded generator: delays, losses, stalls, paces.
// Which of it happens where stands in scenarios.mjs.

import { exponential, gamma, normal, switching, uniform } from "./random.mjs";

/** @typedef {import("./random.mjs").Random} Random */

export const lan = (/** @type {Random} */ random) => () => 0.2 + exponential(random, 0.5);
export const wan = (/** @type {Random} */ random) => () => 40 + gamma(random, 4, 5);
export const longHaul = (/** @type {Random} */ random) => () => 135 + gamma(random, 2, 7);
export const lognormal = (/** @type {Random} */ random) => () =>
  40 * Math.exp(0.8 * normal(random));
export const pareto = (/** @type {Random} */ random) => () => 20 + 5 * random() ** (-1 / 1.3);

export const iid = (/** @type {number} */ share) => (/** @type {Random} */ random) => () =>
  random() < share;
export const gilbert =
  (/** @type {number} */ badMs, /** @type {number} */ goodMs) => (/** @type {Random} */ random) =>
    switching(random, goodMs, badMs);

/** Another 200 ms for a tenth of the time. @param {Random} random */
export function stepping(random) {
  const base = wan(random);
  const isSlow = switching(random, 90_000, 10_000);
  return (/** @type {number} */ at) => base() + (isSlow(at) ? 200 : 0);
}

/** Four times the jitter for a tenth of the time. @param {Random} random */
export function restless(random) {
  const isRestless = switching(random, 90_000, 10_000);
  return (/** @type {number} */ at) => 40 + gamma(random, 4, isRestless(at) ? 20 : 5);
}

/** Behind messages of 10 KB on average, one in 8 s, on a connection that carries 5 KB/s. @param {Random} random */
export function behindBulk(random) {
  let queueMs = 0;
  let last = 0;
  let nextMessage = exponential(random, 8_000);
  return (/** @type {number} */ at) => {
    while (nextMessage <= at) {
      queueMs = Math.max(0, queueMs - (nextMessage - last)) + exponential(random, 2_000);
      last = nextMessage;
      nextMessage += exponential(random, 8_000);
    }
    queueMs = Math.max(0, queueMs - (at - last)) + 8;
    last = at;
    return 40 + queueMs;
  };
}

/** 0.3–1.3 s, once in 6 s on average, independent of each other. @param {Random} random */
export function senderStalls(random) {
  let from = exponential(random, 6_000);
  let to = from + uniform(random, 300, 1_300);
  return (/** @type {number} */ dueAt) => {
    while (dueAt >= to) {
      from = to + exponential(random, 6_000);
      to = from + uniform(random, 300, 1_300);
    }
    return dueAt < from ? 0 : to - dueAt;
  };
}

/** The same stalls, five in a row on average, a few beats apart: a process that runs out of memory.
 * @param {Random} random */
export function stormsOfStalls(random) {
  let from = exponential(random, 30_000);
  let to = from + uniform(random, 300, 1_300);
  return (/** @type {number} */ dueAt) => {
    while (dueAt >= to) {
      from = to + (random() < 0.8 ? uniform(random, 50, 400) : exponential(random, 30_000));
      to = from + uniform(random, 300, 1_300);
    }
    return dueAt < from ? 0 : to - dueAt;
  };
}

/** A background tab: timers fire at whole minutes. @param {Random} random */
export function throttled(random) {
  const isHidden = switching(random, 300_000, 1_200_000);
  return (/** @type {number} */ dueAt) =>
    isHidden(dueAt) ? Math.ceil(dueAt / 60_000) * 60_000 - dueAt : 0;
}

/** Every 100–400 beats another pace. @param {Random} random */
export function changingIntervals(random) {
  const paces = [250, 500, 1_000, 2_000, 5_000];
  let pace = 1_000;
  let until = 0;
  return (/** @type {number} */ beat) => {
    if (beat >= until) {
      until = beat + uniform(random, 100, 400);
      pace = paces[Math.floor(random() * paces.length)] ?? 1_000;
    }
    return pace;
  };
}

export const every =
  (/** @type {number} */ meanMs, /** @type {(random: Random) => number} */ length) =>
  (/** @type {Random} */ random) =>
  (/** @type {number} */ at) => {
    const from = at + exponential(random, meanMs);
    return { from, to: from + length(random) };
  };
