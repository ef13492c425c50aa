// @ts-check
// What others published or write. Where the sender's timestamps and the announced interval help, the
// one compared has them (expected arrival = timestamp + interval + mean offset, which is NFD-E told the
// schedule), and the one as published, which counts beats of a constant pace, stands beside it.

/** @typedef {import("./detectors.mjs").Detector} Detector */
/** @typedef {import("./detectors.mjs").Beat} Beat */

const WINDOW = 1_000;

/** The mean of the last 1000, and their deviation. */
class Window {
  #values = new Float64Array(WINDOW);
  #length = 0;
  #next = 0;
  #sum = 0;
  #squares = 0;
  // Sums of squares of large numbers lose their digits: everything is relative to the first.
  #anchor = 0;

  /** @param {number} value */
  add(value) {
    if (this.#length === 0) this.#anchor = value;
    const relative = value - this.#anchor;
    if (this.#length === WINDOW) {
      const old = this.#values[this.#next] ?? 0;
      this.#sum -= old;
      this.#squares -= old * old;
    } else this.#length += 1;
    this.#values[this.#next] = relative;
    this.#next = (this.#next + 1) % WINDOW;
    this.#sum += relative;
    this.#squares += relative * relative;
  }

  get mean() {
    return this.#anchor + this.#sum / this.#length;
  }

  get deviation() {
    const mean = this.#sum / this.#length;
    return Math.sqrt(Math.max(0, this.#squares / this.#length - mean * mean));
  }
}

/** What everybody writes: a timer that any frame sets back. @type {Detector} */
const watchdog = {
  name: "watchdog",
  hears: "any",
  range: [0.3, 400],
  usual: 3,
  create: (intervalMs) => ({
    from: 0,
    unit: intervalMs,
    hear({ at }) {
      this.from = at;
    },
  }),
  deadline: (at, interval, times) => at + times * interval,
};

/** The same, comparing `Date.now()`. @type {Detector} */
export const wallClockWatchdog = { ...watchdog, name: "Date.now()", clock: "wall" };

/** Cassandra: the time since the last arrival in units of the mean gap. @type {Detector} */
const exponential = {
  name: "exponential",
  range: [0.3, 400],
  usual: 8 * Math.LN10,
  create: (intervalMs) => {
    const gaps = new Window();
    gaps.add(intervalMs);
    let last = Number.NaN;
    let lastSpoilt = false;
    return {
      from: 0,
      unit: 0,
      hear({ at, ours, spoilt }) {
        if (!Number.isNaN(last) && !spoilt && !lastSpoilt && ours === 0) gaps.add(at - last);
        last = at;
        lastSpoilt = spoilt;
        this.from = at;
        this.unit = gaps.mean;
      },
    };
  },
  deadline: (at, mean, times) => at + times * mean,
};

/** Pekko's own: `phi` of detectors.mjs with the window that it stands for. @type {Detector} */
export const phiWindowed = {
  name: "phi, windowed",
  range: [-10, 2_000],
  create: (intervalMs) => {
    const gaps = new Window();
    gaps.add(intervalMs * 0.75);
    gaps.add(intervalMs * 1.25);
    let last = Number.NaN;
    let lastSpoilt = false;
    return {
      from: 0,
      unit: 0,
      hear({ at, declared, ours, spoilt }) {
        const outage = gaps.mean + 3 * intervalMs + 5.226 * this.unit;
        const gap = at - last;
        if (!spoilt && !lastSpoilt && declared === 0 && ours === 0 && gap <= outage) gaps.add(gap);
        last = at;
        lastSpoilt = spoilt;
        this.from = at + gaps.mean;
        this.unit = Math.max(gaps.deviation, intervalMs / 10);
      },
    };
  },
  deadline: (from, unit, z) => from + z * unit,
};

/** When frames are expected, relative to a schedule: the sender's own, or one of a constant pace.
 * @param {boolean} told @param {number} meanGapMs */
function schedule(told, meanGapMs) {
  return told
    ? (/** @type {Beat} */ beat) => ({ due: beat.ts, nextMs: beat.interval })
    : (/** @type {Beat} */ beat) => ({ due: beat.seq * meanGapMs, nextMs: meanGapMs });
}

/** Chen, Toueg, Aguilera 2002 (NFD-E). @param {boolean} told @returns {Detector} */
const chen = (told) => ({
  name: told ? "chen" : "chen by number",
  asPublished: !told,
  range: [-5, 400],
  create: (intervalMs, meanGapMs) => {
    const offsets = new Window();
    const scheduled = schedule(told, meanGapMs);
    return {
      from: 0,
      unit: intervalMs,
      hear(beat) {
        const { due, nextMs } = scheduled(beat);
        if (!beat.spoilt || this.from === 0) offsets.add(beat.at - due);
        this.from = due + nextMs + offsets.mean;
      },
    };
  },
  deadline: (from, interval, alpha) => from + alpha * interval,
});

/** Tomsic et al. 2015 (2W-FD), windows of 1 and 1000. @param {boolean} told @returns {Detector} */
const twoWindow = (told) => ({
  name: told ? "twoWindow" : "twoWindow by number",
  asPublished: !told,
  range: [-5, 400],
  create: (intervalMs, meanGapMs) => {
    const offsets = new Window();
    const scheduled = schedule(told, meanGapMs);
    let last = 0;
    return {
      from: 0,
      unit: intervalMs,
      hear(beat) {
        const { due, nextMs } = scheduled(beat);
        if (!beat.spoilt || this.from === 0) {
          last = beat.at - due;
          offsets.add(last);
        }
        this.from = due + nextMs + Math.max(last, offsets.mean);
      },
    };
  },
  deadline: (from, interval, alpha) => from + alpha * interval,
});

/** Bertier, Marin, Sens 2002: φ is swept, and beyond its published 4 a margin is added.
 * @param {boolean} told @returns {Detector} */
const bertier = (told) => ({
  name: told ? "bertier" : "bertier by number",
  asPublished: !told,
  range: [-40, 4_000],
  usual: 4,
  create: (intervalMs, meanGapMs) => {
    const offsets = new Window();
    const scheduled = schedule(told, meanGapMs);
    let [delay, variation] = [0, 0];
    return {
      from: 0,
      unit: 0,
      hear(beat) {
        const { due, nextMs } = scheduled(beat);
        if (this.from === 0) offsets.add(beat.at - due);
        else if (!beat.spoilt) {
          const error = beat.at - due - offsets.mean - delay;
          delay += 0.1 * error;
          variation += 0.1 * (Math.abs(error) - variation);
          offsets.add(beat.at - due);
        }
        this.from = due + nextMs + offsets.mean + delay;
        this.unit = variation + intervalMs * 1e-9;
      },
    };
  },
  deadline: (from, unit, p) => (p <= 4 ? from + p * unit : from + 4 * unit + (p - 4) * ADDED_MS),
});

/** What one unit of Bertier's parameter beyond 4 adds. */
const ADDED_MS = 10;

/** All that `adaptive` is compared with, besides our own `fixed` and `phi`. */
export const TEXTBOOK = [
  watchdog,
  exponential,
  phiWindowed,
  chen(true),
  twoWindow(true),
  bertier(true),
  chen(false),
  twoWindow(false),
  bertier(false),
];
