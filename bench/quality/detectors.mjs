// @ts-check
// Our three. Each is an estimator, fed with one fresh frame after the other, that says where the next
// one is expected (`from`) and how uncertain that is (`unit`); `deadline(from, unit, p)` makes a deadline
// of it for a parameter p. The split is the bench's, so that one pass serves a whole sweep.

/**
 * @typedef {object} Beat
 * @property {number} seq
 * @property {number} ts by the sender's clock
 * @property {number} at arrival, by our raw clock; a deadline is turned into a silence after it
 * @property {number} interval the largest gap that the sender keeps, in its own words
 * @property {number} declared ms that the sender was stalled before this frame, in its own words
 * @property {number} ours ms that we were frozen since the last frame; 0 without stall credit
 * @property {boolean} spoilt whether it had to wait for us; false without stall credit
 */

/**
 * @typedef {object} Estimator
 * @property {number} from
 * @property {number} unit
 * @property {(beat: Beat) => void} hear
 */

/**
 * @typedef {object} Detector
 * @property {string} name
 * @property {boolean} [ships] one of our three
 * @property {boolean} [asPublished] without the sender's word, where the variant compared has it
 * @property {"any"} [hears] also duplicates and replays
 * @property {"wall"} [clock] that its silences are measured by, where it is the wrong one
 * @property {[number, number]} range of its parameter
 * @property {number} [usual] the parameter that people get, where the picture shows one
 * @property {(intervalMs: number, meanGapMs: number, p?: number) => Estimator} create
 * @property {boolean} [aware] whether its estimates depend on the parameter, too
 * @property {(from: number, unit: number, p: number, intervalMs: number) => number} deadline intervalMs: the first announced
 */

/** @type {Detector} */
export const fixed = {
  name: "fixed",
  ships: true,
  range: [0.3, 200],
  usual: 4,
  create: () => ({
    from: 0,
    unit: 0,
    hear({ at, interval }) {
      this.from = at;
      this.unit = interval;
    },
  }),
  deadline: (at, interval, missed) => at + missed * interval,
};

/** As many samples as a window of 1000 weighs, in one number. */
const GAIN = 2 / 1_001;

/** Akka's and Pekko's accrual detector with exponential weights instead of its window. @type {Detector} */
export const phi = {
  name: "phi",
  ships: true,
  range: [-10, 2_000],
  usual: 5.226,
  create: (intervalMs) => new Phi(intervalMs),
  deadline: (from, unit, z) => from + z * unit,
};

class Phi {
  from = 0;
  unit = 0;
  #n = 2;
  #last = Number.NaN;
  #spoilt = false;
  /** @param {number} intervalMs */
  constructor(intervalMs) {
    this.intervalMs = intervalMs;
    this.mean = intervalMs;
    this.variance = (intervalMs / 4) ** 2;
  }

  /** @param {Beat} beat */
  hear({ at, declared, ours, spoilt }) {
    const gap = at - this.#last;
    const outage = this.mean + 3 * this.intervalMs + 5.226 * this.unit;
    // `spoilt` at either end; the gap after an outage is not recorded, as in Pekko.
    if (!spoilt && !this.#spoilt && declared === 0 && ours === 0 && gap <= outage) {
      this.#n += 1;
      const gain = Math.max(GAIN, 1 / this.#n);
      const error = gap - this.mean;
      this.mean += gain * error;
      this.variance += gain * ((1 - gain) * error * error - this.variance);
    }
    this.#last = at;
    this.#spoilt = spoilt;
    this.from = at + this.mean;
    this.unit = Math.max(Math.sqrt(this.variance), this.intervalMs / 10);
  }
}

/**
 * What stands in DETECTION-like words in README.md. The parameter is the margin, in intervals: how much
 * later than expected a frame may come.
 * @type {Detector}
 */
export const adaptive = {
  name: "adaptive",
  ships: true,
  aware: true,
  range: [-4, 200],
  usual: 1.5,
  create: (intervalMs, _meanGapMs, margin = 0) => new Adaptive(intervalMs, margin * intervalMs),
  deadline: (from) => from,
};

/** Beats' worth of margin that can be saved. */
const RESERVE = 100;

class Adaptive {
  from = 0;
  unit = 0;
  /** Lateness of the last frame, and its mean, by the two clocks that have nothing in common. */
  #last = Number.NaN;
  #mean = 0;
  /** How wrong either is about the next frame, on average. */
  #lastError;
  #meanError;
  /** The usual size of the smaller error. */
  #usualError;
  #heard = 0;
  /** Margin saved, and whether it is being spent. */
  #reserveMs = 0;
  #spending = false;
  /** By how many mistakes spending is ahead of not saving. */
  #score = 0;
  /** The sender's last stall, and how many beats ago it was. */
  #stallMs = 0;
  #sinceStall = 9;
  #coveredMs = 0;
  // What was expected of this frame: a monitor has that as the deadline.
  #dueAt = 0;
  #plainMs = 0;
  #savingMs = 0;
  #seq = 0;

  /** @param {number} intervalMs @param {number} marginMs */
  constructor(intervalMs, marginMs) {
    this.intervalMs = intervalMs;
    this.marginMs = marginMs;
    this.#lastError = this.#meanError = this.#usualError = intervalMs / 50;
  }

  /** @param {Beat} beat */
  hear(beat) {
    const { ts, at, interval, spoilt } = beat;
    const x = at - ts;
    let trouble = false;
    if (this.#heard === 0) this.#restart(x);
    else if (!spoilt) {
      trouble = beat.ours === 0 && this.#settle(beat);
      this.#learn(x, interval);
    }
    this.#seq = beat.seq;
    this.#stalled(beat.declared);
    // Follow the leader, but never further than four errors from the frame that just came.
    const error = Math.min(this.#lastError, this.#meanError);
    const leader = this.#lastError < this.#meanError ? this.#last : this.#mean;
    const expected = clamp(leader, x - 4 * error, x + 4 * error);
    // Between milliseconds, which cover fast paces first, and intervals, which cover all alike.
    const marginMs = this.marginMs * Math.sqrt(Math.max(1, interval / this.intervalMs));
    // Times of more jitter than usual; where delays wander, following the last frame is better.
    const wanders = this.#meanError > 1.4 * this.#lastError;
    const restlessMs = wanders ? 0 : 8 * Math.max(0, error - 1.3 * this.#usualError);
    this.#dueAt = ts + interval + expected + Math.min(restlessMs, Math.max(0, marginMs));
    const used = this.#margin(marginMs, interval, trouble);
    // What had to wait for us says nothing about when the next one comes.
    this.from = Math.max(this.#dueAt + used, spoilt ? at + interval + used : 0);
  }

  /** @param {number} x */
  #restart(x) {
    this.#last = this.#mean = x;
    this.#heard = Math.min(16, this.#heard + 1);
  }

  /** @param {number} x @param {number} interval */
  #learn(x, interval) {
    // No frame comes before its time: one of the clocks was moved.
    if (x < Math.min(this.#last, this.#mean) - interval) this.#restart(x);
    this.#heard += 1;
    const gain = Math.max(1 / 32, 1 / this.#heard);
    this.#lastError += gain * (Math.abs(x - this.#last) - this.#lastError);
    this.#meanError += gain * (Math.abs(x - this.#mean) - this.#meanError);
    this.#last = x;
    this.#mean += Math.max(1 / 64, 1 / this.#heard) * (x - this.#mean);
    // A mean that is proven wrong begins anew.
    if (this.#heard > 8 && this.#meanError > 3 * this.#lastError) {
      this.#mean = x;
      this.#meanError = this.#lastError;
      this.#heard = 16;
    }
    const error = Math.min(this.#lastError, this.#meanError);
    const usual = this.#usualError;
    this.#usualError += Math.max(1 / 500, 1 / this.#heard) * (Math.min(error, 3 * usual) - usual);
  }

  /** Whether spending would have spared us a mistake, or made one; and whether there is trouble at all.
   * @param {Beat} beat */
  #settle({ seq, at }) {
    const lateMs = at - this.#dueAt;
    const gained = Number(lateMs > this.#plainMs) - Number(lateMs > this.#savingMs);
    this.#score = clamp(this.#score + gained, -8, 8);
    return seq - this.#seq > 1 || lateMs > 6 * this.#usualError;
  }

  /** A second stall within a few beats: a third is likely, and as long as the longest.
   * @param {number} declared */
  #stalled(declared) {
    this.#sinceStall += 1;
    if (this.#sinceStall > 4) this.#coveredMs = 0;
    if (declared === 0) return;
    if (this.#sinceStall <= 4) {
      this.#coveredMs = Math.max(this.#coveredMs, this.#stallMs, declared);
    }
    this.#stallMs = declared;
    this.#sinceStall = 0;
  }

  /**
   * Between what covers the next frame and what covers one more interval a margin buys little: there
   * it is saved, and spent on one more interval after trouble, while it lasts.
   * @param {number} marginMs @param {number} interval @param {boolean} trouble
   */
  #margin(marginMs, interval, trouble) {
    const jitterMs = 6 * this.#usualError;
    this.#plainMs = this.#savingMs = marginMs;
    let isApart = false;
    if (marginMs > jitterMs) {
      const leastMs = jitterMs + Math.floor((marginMs - jitterMs) / interval) * interval;
      isApart = marginMs - leastMs < 0.6 * interval - jitterMs;
      if (trouble) this.#spending = true;
      if (this.#reserveMs < leastMs + interval - marginMs) this.#spending = false;
      if (this.#spending) this.#savingMs = leastMs + interval;
      else if (this.#reserveMs < RESERVE * interval) this.#savingMs = leastMs;
      this.#reserveMs = Math.min(RESERVE * interval, this.#reserveMs + marginMs - this.#savingMs);
    }
    const used = this.#score > (isApart ? -2 : 2) ? this.#savingMs : marginMs;
    if (this.#coveredMs === 0 || marginMs <= 0) return used;
    return Math.max(used, Math.min(this.#coveredMs, 4 * marginMs) + Math.min(used, interval));
  }
}

/** @param {number} value @param {number} least @param {number} most */
function clamp(value, least, most) {
  return Math.min(most, Math.max(least, value));
}
