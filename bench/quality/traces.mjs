// @ts-check
// From a scenario and a seed to what an observer sees: which frames arrive when, saying what. One trace
// is made once and replayed through every detector. Beats of all sessions are numbered through.
//
// Two clocks: `at` is the observer's raw monotonic clock; `atO` is its observed clock, which leaves out
// the stalls of the observer that are longer than the tolerance. All results are in observed time.

import { exponential, randomFor, uniform } from "./random.mjs";

/** @typedef {import("./scenarios.mjs").Scenario} Scenario */
/** @typedef {import("./scenarios.mjs").Span} Span */

/** Shorter stalls are credited by nobody: the tolerance of the monitor. */
export const TOLERANCE_MS = 100;

/**
 * What one end reads, in the order of reading.
 * @typedef {object} Stream
 * @property {number} length
 * @property {Int32Array} beat
 * @property {Float64Array} at when it was read, raw clock
 * @property {Float64Array} atO the same, observed clock
 * @property {Float64Array} safeO a deadline from here on (observed) is met by who reads before judging
 * @property {Float64Array} ours ms of our own stalls since the frame before
 * @property {Uint8Array} spoilt whether it had waited for the end of a stall of ours
 * @property {Uint8Array} first of a session
 * @property {Int32Array} lastOf by beat: the last frame read of those up to this beat; −1: none
 */

/**
 * @typedef {object} Trace
 * @property {number} beats
 * @property {Float64Array} ts the sender's clock, by beat
 * @property {Float64Array} interval the largest gap that the frame announces, by beat
 * @property {Float64Array} declared the sender's stall before this frame, in its own words, by beat
 * @property {Float64Array} sentO observed clock, by beat
 * @property {Float64Array} endO of the period after this beat; NaN where it is not counted
 * @property {Uint8Array} counted whether mistakes after this beat count
 * @property {Int32Array} session by beat
 * @property {Stream} fresh frames above the highest number seen
 * @property {Stream} any all frames, also duplicates and replays
 * @property {Span[]} stalls ours, raw clock
 * @property {Span[]} throttling ours, raw clock
 * @property {{ at: number, by: number }[]} wallJumps
 * @property {number} spanMs counted, observed clock
 * @property {number} sent beats a second
 */

/** @param {Scenario} scenario @param {number} seed @param {number} beats @returns {Trace} */
export function makeTrace(scenario, seed, beats) {
  const schedule = send(scenario, seed, beats);
  const randomOurs = randomFor("our stalls", seed);
  const spans = ourSpans(scenario, randomOurs, schedule.sentAt[beats - 1] ?? 0);
  const clock = clockOf(scenario.meanwhile === "clock stops" ? [] : spans);
  const frames = arrivals(scenario, seed, schedule, spans);
  const sentAt =
    scenario.meanwhile === "clock stops"
      ? schedule.sentAt.map((at) => withoutSpans(spans, at))
      : schedule.sentAt;
  const sentO = sentAt.map(clock);
  const { endO, counted, spanMs } = periods(scenario, schedule, sentO);
  return {
    beats,
    ts: schedule.ts,
    interval: schedule.interval,
    declared: schedule.declared,
    session: schedule.session,
    sentO,
    endO,
    counted,
    spanMs,
    fresh: stream(frames.filter(isFresh()), schedule, clock),
    any: stream(frames, schedule, clock),
    stalls: scenario.meanwhile === "clock stops" ? [] : spans,
    throttling: scenario.ourThrottling?.(randomOurs) ?? [],
    wallJumps: scenario.wallClock ? wallJumps(seed, sentAt[beats - 1] ?? 0) : [],
    sent: (1_000 * beats) / ((schedule.sentAt[beats - 1] ?? 0) - (schedule.sentAt[0] ?? 0)),
  };
}

/** The sender: one beat after the other, with its fate on the way.
 * @param {Scenario} scenario @param {number} seed @param {number} beats */
function send(scenario, seed, beats) {
  const jitterRandom = randomFor("jitter", seed);
  const lifeRandom = randomFor("life", seed);
  const delay = scenario.delay(randomFor("delay", seed));
  const isLost = scenario.loss?.(randomFor("loss", seed)) ?? (() => false);
  const lateness = scenario.lateness?.(randomFor("sender", seed), scenario.catchUp === true);
  const pace = scenario.intervals?.(randomFor("pace", seed));
  const [ts, interval, declared, sentAt, arrivesAt] = columns(beats, 5);
  const session = new Int32Array(beats);
  const drift = 1 + ((seed % 2 ? 1 : -1) * (scenario.driftPpm ?? 20)) / 1e6;
  let dueAt = 1_000;
  let leftAt = 0;
  let peer = -1;
  let life = { beats: 0, downMs: 0 };
  let keptMs = scenario.intervalMs ?? 1_000;
  let offset = 0;
  for (let beat = 0; beat < beats; beat++) {
    if (life.beats === 0) {
      peer += 1;
      dueAt += life.downMs;
      offset = uniform(lifeRandom, 0, 1e7);
      life = scenario.life?.(lifeRandom, peer) ?? { beats: Infinity, downMs: 0 };
      life.beats = Math.max(1, life.beats);
    }
    life.beats -= 1;
    const announcedMs = pace?.(beat) ?? keptMs;
    const at = Math.max(leftAt, dueAt + (lateness?.(dueAt) ?? 0));
    const lateMs = at - Math.max(dueAt, leftAt);
    const arrives = isLost(at) ? Number.NaN : at + delay(at);
    session[beat] = peer;
    sentAt[beat] = at;
    arrivesAt[beat] = arrives;
    ts[beat] = offset + at * drift;
    interval[beat] = announcedMs;
    declared[beat] = lateMs > TOLERANCE_MS ? lateMs : 0;
    // A longer gap is kept only once the other side heard of it (RFC 5880 §6.8.3).
    if (announcedMs < keptMs || !Number.isNaN(arrives)) {
      const nextMs = Math.min(keptMs, announcedMs);
      keptMs = announcedMs;
      dueAt = (scenario.catchUp ? dueAt : at) + gap(nextMs);
    } else dueAt = (scenario.catchUp ? dueAt : at) + gap(keptMs);
    leftAt = at;
  }
  return { ts, interval, declared, sentAt, arrivesAt, session };

  /** @param {number} ms */
  function gap(ms) {
    return ms * (1 - (scenario.jitter ?? 0.25) * jitterRandom());
  }
}

/** @typedef {{ beat: number, at: number, heldFrom: number }} Frame heldFrom: NaN, or the start of our stall */

/** Everything that reaches us, in the order in which it is read.
 * @param {Scenario} scenario @param {number} seed @param {ReturnType<typeof send>} schedule
 * @param {Span[]} spans @returns {Frame[]} */
function arrivals(scenario, seed, { arrivesAt }, spans) {
  const random = randomFor("copies", seed);
  const { duplicates = 0, replays = 0 } = scenario.copies ?? {};
  /** @type {Frame[]} */
  const frames = [];
  const add = (/** @type {number} */ beat, /** @type {number} */ at) =>
    frames.push({ beat, at, heldFrom: Number.NaN });
  arrivesAt.forEach((at, beat) => {
    if (Number.isNaN(at)) return;
    add(beat, at);
    if (random() < duplicates) add(beat, at + exponential(random, 50));
    if (random() < replays) add(beat, at + uniform(random, 500, 5_000));
  });
  frames.sort((a, b) => a.at - b.at || a.beat - b.beat);
  let next = 0;
  const read = [];
  for (const frame of frames) {
    while (next < spans.length && spans[next].to <= frame.at) next += 1;
    const span = spans[next];
    const during = span !== undefined && frame.at > span.from;
    if (during && scenario.meanwhile !== "queued") continue;
    if (scenario.meanwhile === "clock stops") frame.at = withoutSpans(spans, frame.at);
    else if (during) Object.assign(frame, { at: span.to, heldFrom: span.from });
    read.push(frame);
  }
  return read;
}

/** Frames above the highest number seen. */
function isFresh() {
  let highest = -1;
  return (/** @type {Frame} */ { beat }) => {
    if (beat <= highest) return false;
    highest = beat;
    return true;
  };
}

/** @param {Frame[]} frames @param {ReturnType<typeof send>} schedule @param {(at: number) => number} clock
 * @returns {Stream} */
function stream(frames, schedule, clock) {
  const length = frames.length;
  const [at, atO, safeO, ours] = columns(length, 4);
  const beat = new Int32Array(length);
  const spoilt = new Uint8Array(length);
  const first = new Uint8Array(length);
  const lastOf = new Int32Array(schedule.sentAt.length).fill(-1);
  let session = -1;
  frames.forEach((frame, j) => {
    beat[j] = frame.beat;
    at[j] = frame.at;
    atO[j] = clock(frame.at);
    const held = !Number.isNaN(frame.heldFrom);
    safeO[j] = held ? clock(frame.heldFrom) : atO[j];
    spoilt[j] = Number(held);
    ours[j] = j === 0 ? 0 : at[j] - at[j - 1] - (atO[j] - atO[j - 1]);
    if (ours[j] < 1e-6) ours[j] = 0;
    first[j] = Number(schedule.session[frame.beat] > session);
    session = Math.max(session, schedule.session[frame.beat] ?? 0);
    lastOf[frame.beat] = Math.max(j, lastOf[frame.beat] ?? -1);
  });
  for (let b = 1; b < lastOf.length; b++) {
    if (schedule.session[b] === schedule.session[b - 1]) {
      lastOf[b] = Math.max(lastOf[b] ?? -1, lastOf[b - 1] ?? -1);
    }
  }
  return { length, beat, at, atO, safeO, ours, spoilt, first, lastOf };
}

/** Crashes are uniform over these periods; warm-up and what follows the last beat are left out.
 * @param {Scenario} scenario @param {ReturnType<typeof send>} schedule @param {Float64Array} sentO */
function periods(scenario, schedule, sentO) {
  const beats = sentO.length;
  const [endO] = columns(beats, 1);
  const counted = new Uint8Array(beats);
  let spanMs = 0;
  let age = 0;
  for (let beat = 0; beat < beats; beat++) {
    const follows = beat > 0 && schedule.session[beat] === schedule.session[beat - 1];
    age = follows ? age + 1 : 0;
    const isLast = beat + 1 === beats || schedule.session[beat + 1] !== schedule.session[beat];
    counted[beat] = Number(age >= (scenario.warmup ?? 1_500) && !isLast);
    endO[beat] = counted[beat] ? sentO[beat + 1] : Number.NaN;
    if (counted[beat]) spanMs += endO[beat] - sentO[beat];
  }
  return { endO, counted, spanMs };
}

/** @param {Scenario} scenario @param {import("./random.mjs").Random} random @param {number} endAt */
function ourSpans(scenario, random, endAt) {
  /** @type {Span[]} */
  const spans = [];
  const next = scenario.ourStalls?.(random);
  for (let at = 0; next !== undefined && at < endAt; at = spans[spans.length - 1].to) {
    spans.push(next(at));
  }
  return spans;
}

/** The observed clock: it stands still while we are frozen for longer than the tolerance.
 * @param {Span[]} spans */
function clockOf(spans) {
  const credited = spans.filter(({ from, to }) => to - from > TOLERANCE_MS);
  return (/** @type {number} */ at) => withoutSpans(credited, at);
}

/** @param {Span[]} spans in order @param {number} at */
function withoutSpans(spans, at) {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle].from < at) low = middle + 1;
    else high = middle;
  }
  const { sums } = sumsOf(spans);
  const last = spans[low - 1];
  if (last === undefined) return at;
  return at - sums[low - 1] - (Math.min(at, last.to) - last.from);
}

/** @type {WeakMap<Span[], { sums: Float64Array }>} */
const known = new WeakMap();

/** Lengths of all spans before each. @param {Span[]} spans */
function sumsOf(spans) {
  let found = known.get(spans);
  if (found === undefined) {
    const sums = new Float64Array(spans.length + 1);
    spans.forEach(({ from, to }, n) => {
      sums[n + 1] = sums[n] + to - from;
    });
    found = { sums };
    known.set(spans, found);
  }
  return found;
}

/** By an hour, forward and back in turn, once in a quarter of an hour. @param {number} seed @param {number} endAt */
function wallJumps(seed, endAt) {
  const random = randomFor("wall clock", seed);
  const jumps = [];
  for (let at = exponential(random, 900_000); at < endAt; at += exponential(random, 900_000)) {
    jumps.push({ at, by: jumps.length % 2 ? -3_600_000 : 3_600_000 });
  }
  return jumps;
}

/** @param {number} length @param {number} count @returns {Float64Array[]} */
function columns(length, count) {
  return Array.from({ length: count }, () => new Float64Array(length));
}
