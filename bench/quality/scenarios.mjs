// @ts-check
// What happens in each scenario: the path, the sender, the observer. The models stand in models.mjs, and
// how a trace is made of them in traces.mjs. `detect` is the range of mean detection times that is looked at, in ms.

import {
  behindBulk,
  changingIntervals,
  every,
  gilbert,
  iid,
  lan,
  lognormal,
  longHaul,
  pareto,
  restless,
  senderStalls,
  stepping,
  stormsOfStalls,
  throttled,
  wan,
} from "./models.mjs";
import { exponential, uniform } from "./random.mjs";

/** @typedef {import("./random.mjs").Random} Random */
/** @typedef {(at: number) => number} Delay in ms, of a frame that leaves at `at` */
/** @typedef {(at: number) => boolean} Loss whether a frame that leaves at `at` is lost */
/** @typedef {{ from: number, to: number }} Span */

/**
 * @typedef {object} Scenario
 * @property {string} id
 * @property {string} title
 * @property {[number, number]} detect
 * @property {[number, number]} [detectWithCredit] the same, where credit costs time
 * @property {number} [intervalMs] the announced largest gap; 1000
 * @property {number} [jitter] how much shorter a gap may be; 0.25, as Systole sends
 * @property {number} [beats] of the whole trace, per seed; 20,000
 * @property {number} [warmup] beats at the start of each session that are not counted; 1,500
 * @property {(random: Random) => Delay} delay
 * @property {(random: Random) => Loss} [loss]
 * @property {number} [driftPpm] of the sender's clock; its sign is the seed's; 20
 * @property {(random: Random, catchUp: boolean) => (dueAt: number) => number} [lateness] of the sender's timer, in ms
 * @property {boolean} [catchUp] whether the beats that a stall held back leave after it
 * @property {(random: Random) => (beat: number) => number} [intervals] announced intervals, changing
 * @property {(random: Random, peer: number) => { beats: number, downMs: number }} [life] of one session
 * @property {(random: Random) => (at: number) => Span} [ourStalls] the next one after `at`
 * @property {"queued" | "lost" | "clock stops"} [meanwhile] what becomes of frames during our stalls
 * @property {(random: Random) => { from: number, to: number }[]} [ourThrottling] timers once a minute, reads at once
 * @property {{ duplicates: number, replays: number }} [copies] shares of frames
 * @property {boolean} [wallClock] jumps by an hour, now and then
 */

const fast = { intervalMs: 100, jitter: 0 };

/** @type {Scenario[]} */
export const SCENARIOS = [
  {
    id: "S1a",
    title: "Stationary: LAN, no loss, strictly periodic",
    ...fast,
    detect: [51.2, 57],
    delay: lan,
  },
  {
    id: "S1b",
    title: "Stationary: WAN, 1 % loss, strictly periodic",
    ...fast,
    detect: [120, 400],
    delay: wan,
    loss: iid(0.01),
  },
  {
    id: "S1c",
    title: "Stationary: WAN, 1 % loss, gaps jittered by 25 %",
    intervalMs: 100,
    detect: [120, 400],
    delay: wan,
    loss: iid(0.01),
  },
  {
    id: "S1d",
    title: "Stationary: long haul, 5 % loss, jittered",
    intervalMs: 100,
    detect: [210, 600],
    delay: longHaul,
    loss: iid(0.05),
  },
  {
    id: "S1e",
    title: "Stationary: lognormal delays, 0.1 % loss",
    ...fast,
    detect: [130, 500],
    delay: lognormal,
    loss: iid(0.001),
  },
  {
    id: "S1f",
    title: "Stationary: Pareto delays, no loss",
    ...fast,
    detect: [90, 600],
    delay: pareto,
  },
  {
    id: "S2a",
    title: "Delay steps by 200 ms for a tenth of the time",
    ...fast,
    detect: [145, 450],
    delay: stepping,
    loss: iid(0.001),
  },
  {
    id: "S2b",
    title: "Four times the jitter for a tenth of the time",
    ...fast,
    detect: [125, 400],
    delay: restless,
    loss: iid(0.001),
  },
  {
    id: "S3a",
    title: "Short bursts of loss (Gilbert 83 / 1574 ms)",
    ...fast,
    detect: [120, 700],
    delay: wan,
    loss: gilbert(82.8, 1_574),
  },
  {
    id: "S3b",
    title: "Long bursts of loss (2.8 s, once in 100 s)",
    ...fast,
    detect: [130, 1_500],
    delay: wan,
    loss: gilbert(2_800, 100_000),
  },
  {
    id: "S4a",
    title: "The sender stalls for 0.3–1.3 s; its schedule slips",
    ...fast,
    detect: [130, 1_300],
    delay: wan,
    loss: iid(0.004),
    lateness: senderStalls,
  },
  {
    id: "S4b",
    title: "The sender stalls for 0.3–1.3 s and catches up",
    ...fast,
    detect: [130, 1_300],
    delay: wan,
    loss: iid(0.004),
    lateness: senderStalls,
    catchUp: true,
  },
  {
    id: "S4c",
    title: "The same stalls, but five in a row",
    ...fast,
    detect: [130, 1_300],
    delay: wan,
    loss: iid(0.004),
    lateness: stormsOfStalls,
  },
  {
    id: "S5",
    title: "We stall for 50 ms–10 s, once in 30 s",
    detect: [650, 3_500],
    delay: wan,
    loss: iid(0.01),
    ourStalls: every(30_000, (random) => 50 * 200 ** random()),
    meanwhile: "queued",
  },
  {
    id: "S6a",
    title: "We sleep for 10 min; our clock runs on",
    detect: [650, 3_500],
    delay: wan,
    loss: iid(0.01),
    ourStalls: every(1_200_000, () => 600_000),
    meanwhile: "lost",
  },
  {
    id: "S6b",
    title: "We sleep for 10 min; our clock stops",
    detect: [650, 3_500],
    delay: wan,
    loss: iid(0.01),
    ourStalls: every(1_200_000, () => 600_000),
    meanwhile: "clock stops",
  },
  {
    id: "S7",
    title: "S1c while the wall clocks jump by ±1 h",
    intervalMs: 100,
    detect: [120, 400],
    delay: wan,
    loss: iid(0.01),
    wallClock: true,
  },
  {
    id: "S8",
    title: "The clocks drift apart by ±100 ppm, on a LAN",
    detect: [520, 700],
    delay: lan,
    driftPpm: 100,
  },
  {
    id: "S9",
    title: "Reordered, duplicated (5 %) and replayed (1 %) frames",
    ...fast,
    detect: [90, 600],
    delay: pareto,
    loss: iid(0.01),
    copies: { duplicates: 0.05, replays: 0.01 },
  },
  {
    id: "S10",
    title: "64 peers; half of them go silent",
    detect: [650, 3_000],
    delay: wan,
    loss: iid(0.01),
    warmup: 100,
    beats: 64 * 400,
    life: (_random, peer) => ({ beats: peer % 2 ? 300 : 500, downMs: 60_000 }),
  },
  {
    id: "S11",
    title: "Behind bulk data on a TCP connection of 5 KB/s",
    detect: [1_300, 8_000],
    delay: behindBulk,
  },
  {
    id: "S12",
    title: "The sender changes its interval, 0.25–5 s",
    detect: [2_050, 8_000],
    delay: wan,
    loss: iid(0.01),
    intervals: changingIntervals,
  },
  {
    id: "S13a",
    title: "A background tab: the sender's timers once a minute",
    detect: [22_000, 80_000],
    delay: wan,
    loss: iid(0.001),
    lateness: throttled,
  },
  {
    id: "S13b",
    title: "A background tab: our timers once a minute",
    detect: [24_500, 40_000],
    detectWithCredit: [72_000, 130_000],
    delay: wan,
    loss: iid(0.01),
    ourThrottling: (random) => {
      const spans = [];
      let at = 0;
      for (let n = 0; n < 100; n++) {
        const from = at + exponential(random, 300_000);
        at = from + exponential(random, 1_200_000);
        spans.push({ from, to: at });
      }
      return spans;
    },
  },
  {
    id: "S14",
    title: "The sender crashes after 300 beats on average, and restarts",
    detect: [650, 3_000],
    delay: wan,
    loss: iid(0.01),
    warmup: 1,
    life: (random) => ({
      beats: 5 + Math.floor(exponential(random, 300)),
      downMs: uniform(random, 2_000, 30_000),
    }),
  },
];
