// @ts-check
// `node bench/quality/twin.mjs [seed]`: replay.mjs done the slow and obvious way, on short traces; throws
// where the two disagree. Timers are followed through every stall, and crashes are really sampled.

import { adaptive, fixed } from "./detectors.mjs";
import { estimate, outcome } from "./replay.mjs";
import { SCENARIOS } from "./scenarios.mjs";
import { TEXTBOOK } from "./textbook.mjs";
import { makeTrace, TOLERANCE_MS } from "./traces.mjs";

/** @typedef {import("./traces.mjs").Trace} Trace */
/** @typedef {import("./detectors.mjs").Detector} Detector */

const seed = Number(process.argv[2] ?? 77);
const IDS = ["S1c", "S3a", "S4b", "S5", "S6a", "S9", "S12", "S14"];
const BEATS = 4_000;
const CRASHES_A_PERIOD = 50;
/** Of one detector whose mistakes need thought, one whose do not, and one that hears everything. */
const TRIED = [fixed, adaptive, ...TEXTBOOK.filter(({ hears }) => hears === "any")];

for (const scenario of SCENARIOS.filter(({ id }) => IDS.includes(id))) {
  const intervalMs = scenario.intervalMs ?? 1_000;
  const trace = makeTrace(scenario, seed, BEATS);
  for (const credit of [true, false]) {
    for (const detector of TRIED) {
      const p = detector === adaptive ? 0.4 : 1.6;
      const estimates = estimate(trace, detector, credit, intervalMs, intervalMs, p);
      const fast = outcome(estimates, detector.deadline, p);
      const slow = slowly(trace, detector, credit, intervalMs, p);
      const meanMs = fast.area / fast.weight;
      const what = `${scenario.id}, credit for ${credit ? "all" : "none"}, ${detector.name}, seed ${seed}`;
      if (fast.mistakes !== slow.mistakes || Math.abs(meanMs - slow.meanMs) > meanMs * 1e-3) {
        throw new Error(
          `${what}: ${fast.mistakes} mistakes, T_D ${meanMs}; slowly ${slow.mistakes}, ${slow.meanMs}`,
        );
      }
      console.log(`${what}: ${fast.mistakes} mistakes, T_D ${meanMs.toFixed(1)} ms`);
    }
  }
}

/** @param {Trace} trace @param {Detector} detector @param {boolean} credit @param {number} intervalMs @param {number} p */
function slowly(trace, detector, credit, intervalMs, p) {
  const stream = detector.hears === "any" ? trace.any : trace.fresh;
  let estimator = detector.create(intervalMs, intervalMs, p);
  let mistakes = 0;
  /** When each frame's deadline is noticed, observed clock. @type {number[]} */
  const noticedO = [];
  for (let j = 0; j < stream.length; j++) {
    const beat = stream.beat[j];
    const at = stream.at[j];
    if (stream.first[j]) estimator = detector.create(intervalMs, intervalMs, p);
    estimator.hear({
      seq: beat,
      ts: trace.ts[beat],
      at,
      interval: trace.interval[beat],
      declared: trace.declared[beat],
      ours: credit ? stream.ours[j] : 0,
      spoilt: credit && stream.spoilt[j] === 1,
    });
    const deadline = detector.deadline(estimator.from, estimator.unit, p, intervalMs);
    const firesAt = timer(trace, at, Math.max(0, deadline - at), credit);
    noticedO.push(observed(trace, firesAt));
    if (j + 1 === stream.length || stream.first[j + 1] || !trace.counted[beat]) continue;
    // Without credit timers run before sockets are read: what fires when the next is read comes first.
    const next = stream.at[j + 1];
    const isEarlier = credit ? firesAt < next - 1e-6 : Math.max(at, deadline) < next;
    if (isEarlier) mistakes += 1;
  }
  return { mistakes, meanMs: crashes(trace, stream, noticedO) };
}

/** When a timer fires: never in a stall; with credit the time of a stall does not count.
 * @param {Trace} trace @param {number} at @param {number} silenceMs @param {boolean} credit */
function timer({ stalls }, at, silenceMs, credit) {
  let left = silenceMs;
  let now = at;
  for (const { from, to } of stalls) {
    if (to <= now) continue;
    if (now + left < from) break;
    left -= from - now;
    if (!credit || to - from <= TOLERANCE_MS) left = Math.max(0, left - (to - from));
    now = to;
  }
  return now + left;
}

/** @param {Trace} trace @param {number} at */
function observed({ stalls }, at) {
  let lost = 0;
  for (const { from, to } of stalls) {
    if (to - from > TOLERANCE_MS && from < at) lost += Math.min(at, to) - from;
  }
  return at - lost;
}

/** @param {Trace} trace @param {import("./traces.mjs").Stream} stream @param {number[]} noticedO */
function crashes(trace, stream, noticedO) {
  let area = 0;
  let weight = 0;
  for (let beat = 0; beat < trace.beats; beat++) {
    if (!trace.counted[beat]) continue;
    let last = -1;
    stream.beat.forEach((other, j) => {
      if (other <= beat && trace.session[other] === trace.session[beat]) last = j;
    });
    if (last < 0) continue;
    const length = trace.endO[beat] - trace.sentO[beat];
    for (let n = 0; n < CRASHES_A_PERIOD; n++) {
      const crashO = trace.sentO[beat] + ((n + 0.5) / CRASHES_A_PERIOD) * length;
      area += (Math.max(0, noticedO[last] - crashO) * length) / CRASHES_A_PERIOD;
      weight += length / CRASHES_A_PERIOD;
    }
  }
  return area / weight;
}
