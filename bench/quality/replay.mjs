// @ts-check
// A trace through a detector: first its estimates, once; then, for any parameter, what comes of them.
// A mistake begins when the deadline after a frame passes before the next one, and ends with that.
// A crash at any instant is noticed at the deadline of the last frame that left before it.

import { TOLERANCE_MS } from "./traces.mjs";

/** @typedef {import("./traces.mjs").Trace} Trace */
/** @typedef {import("./traces.mjs").Stream} Stream */
/** @typedef {import("./detectors.mjs").Detector} Detector */
/** @typedef {{ trace: Trace, stream: Stream, credit: boolean, from: Float64Array, unit: Float64Array, intervalMs: number, wall: boolean }} Estimates */

/** @param {Trace} trace @param {Detector} detector @param {boolean} credit
 * @param {number} intervalMs @param {number} meanGapMs @param {number} [p] @returns {Estimates} */
export function estimate(trace, detector, credit, intervalMs, meanGapMs, p) {
  const stream = detector.hears === "any" ? trace.any : trace.fresh;
  const from = new Float64Array(stream.length);
  const unit = new Float64Array(stream.length);
  let estimator = detector.create(intervalMs, meanGapMs, p);
  const beat = { seq: 0, ts: 0, at: 0, interval: 0, declared: 0, ours: 0, spoilt: false };
  for (let j = 0; j < stream.length; j++) {
    const number = stream.beat[j];
    if (stream.first[j]) estimator = detector.create(intervalMs, meanGapMs, p);
    beat.seq = number;
    beat.ts = trace.ts[number];
    beat.at = stream.at[j];
    beat.interval = trace.interval[number];
    beat.declared = trace.declared[number];
    beat.ours = credit ? stream.ours[j] : 0;
    beat.spoilt = credit && stream.spoilt[j] === 1;
    estimator.hear(beat);
    from[j] = estimator.from;
    unit[j] = estimator.unit;
  }
  return { trace, stream, credit, from, unit, intervalMs, wall: detector.clock === "wall" };
}

/** Deadlines in observed time; the array is reused by the next call. */
let deadlines = new Float64Array(0);

/** Mean detection time alone, for the search of a parameter, as [∫ T_D, time].
 * @param {Estimates} estimates @param {Detector["deadline"]} deadline @param {number} p */
export function detection(estimates, deadline, p) {
  fillDeadlines(estimates, deadline, p);
  const { trace, stream } = estimates;
  let area = 0;
  let weight = 0;
  for (let beat = 0; beat < trace.beats; beat++) {
    const last = stream.lastOf[beat];
    if (trace.counted[beat] === 0 || last < 0) continue;
    const start = trace.sentO[beat];
    const end = trace.endO[beat];
    area += areaOf(deadlines[last] - start, end - start);
    weight += end - start;
  }
  return { area, weight };
}

/** ∫ max(0, T_D) over the crashes of one period. @param {number} ahead @param {number} length */
function areaOf(ahead, length) {
  if (ahead >= length) return (ahead - length / 2) * length;
  return ahead > 0 ? (ahead * ahead) / 2 : 0;
}

/** A thousand and more classes, one per cent wide each, from 1 ms on. */
const CLASSES = 1_600;
const classOf = (/** @type {number} */ ms) =>
  Math.min(CLASSES - 1, Math.max(0, Math.round(Math.log(ms) * 100)));
export const classMs = (/** @type {number} */ number) => Math.exp(number / 100);

/**
 * Everything else: mistakes, their time, and the distribution of T_D (one crash a period).
 * @param {Estimates} estimates @param {Detector["deadline"]} deadline @param {number} p
 */
export function outcome(estimates, deadline, p) {
  const { area, weight } = detection(estimates, deadline, p);
  const { trace, stream, credit } = estimates;
  const classes = new Float64Array(CLASSES);
  let longestMs = 0;
  let u = 0.5;
  for (let beat = 0; beat < trace.beats; beat++) {
    const last = stream.lastOf[beat];
    if (trace.counted[beat] === 0 || last < 0) continue;
    const length = trace.endO[beat] - trace.sentO[beat];
    const ahead = deadlines[last] - trace.sentO[beat];
    u = (u + 0.6180339887498949) % 1;
    classes[classOf(ahead - u * length)] += length;
    if (ahead > longestMs) longestMs = ahead;
  }
  let mistakes = 0;
  let mistakenMs = 0;
  for (let j = 0; j + 1 < stream.length; j++) {
    if (trace.counted[stream.beat[j]] === 0 || stream.first[j + 1]) continue;
    if (!isMistake(estimates, deadline, p, j)) continue;
    mistakes += 1;
    mistakenMs += Math.max(0, stream.atO[j + 1] - deadlines[j]);
  }
  return { mistakes, mistakenMs, spanMs: trace.spanMs, area, weight, classes, longestMs, credit };
}

/** Sums of stalls round. */
const ROUNDING_MS = 1e-6;

/** With credit we read before we judge; without it timers come first, and time that we did not see counts.
 * @param {Estimates} estimates @param {Detector["deadline"]} deadline @param {number} p @param {number} j */
function isMistake({ stream, trace, credit, from, unit, intervalMs, wall }, deadline, p, j) {
  if (credit || wall || trace.throttling.length > 0)
    return deadlines[j] < stream.safeO[j + 1] - ROUNDING_MS;
  return Math.max(stream.at[j], deadline(from[j], unit[j], p, intervalMs)) < stream.at[j + 1];
}

/** @param {Estimates} estimates @param {Detector["deadline"]} deadline @param {number} p */
function fillDeadlines(estimates, deadline, p) {
  const { trace, stream, credit, from, unit, intervalMs } = estimates;
  if (deadlines.length < stream.length) deadlines = new Float64Array(stream.length);
  const { at, atO, length } = stream;
  for (let j = 0; j < length; j++) {
    const silence = Math.max(0, deadline(from[j], unit[j], p, intervalMs) - at[j]);
    // Without credit this is a lower bound, made right below.
    deadlines[j] = atO[j] + silence;
  }
  if (estimates.wall) byWallClock(trace, stream);
  else if (trace.throttling.length > 0) onlyOnTheMinute(trace, stream, credit);
  else if (!credit && trace.stalls.length > 0) throughStalls(trace, stream);
}

/** Without credit a silence runs on while we are frozen; we notice once we are back.
 * @param {Trace} trace @param {Stream} stream */
function throughStalls({ stalls }, { at, atO, length }) {
  let next = 0;
  for (let j = 0; j < length; j++) {
    while (next < stalls.length && stalls[next].to <= at[j]) next += 1;
    let left = deadlines[j] - atO[j];
    let raw = at[j];
    let observed = atO[j];
    for (let n = next; n < stalls.length; n++) {
      const { from, to } = stalls[n];
      if (raw + left < from) break;
      const ms = to - from;
      observed += from - raw + (ms > TOLERANCE_MS ? 0 : ms);
      left = Math.max(0, raw + left - to);
      raw = to;
      if (left === 0) break;
    }
    deadlines[j] = observed + left;
  }
}

/** A silence measured by a clock that is set: forward, and it is over; back, and it lasts an hour longer.
 * @param {Trace} trace @param {Stream} stream */
function byWallClock({ wallJumps }, { at, length }) {
  for (const jump of wallJumps) {
    for (let j = 0; j < length; j++) {
      if (at[j] < jump.at && deadlines[j] > jump.at) {
        deadlines[j] = Math.max(jump.at, deadlines[j] - jump.by);
      }
    }
  }
}

/** Half the default policy's suspectAfterMs: so much of each lateness of ours counts after all. */
const GRACE_MS = 2_000;

/** Our timers fire at whole minutes only. With credit, each such tick counts for at most the grace, and
 * the first is free: silence = C − C_heard − c. @param {Trace} trace @param {Stream} stream @param {boolean} credit */
function onlyOnTheMinute({ throttling }, { at, length }, credit) {
  let next = 0;
  for (let j = 0; j < length; j++) {
    while (next < throttling.length && throttling[next].to <= at[j]) next += 1;
    const span = throttling[next];
    const due = deadlines[j];
    if (span === undefined || due < span.from) continue;
    const minutes = credit
      ? Math.ceil(Math.max(at[j], span.from) / 60_000) + Math.ceil((due - at[j]) / GRACE_MS)
      : Math.ceil(due / 60_000);
    deadlines[j] = Math.max(due, Math.min(minutes * 60_000, span.to));
  }
}
