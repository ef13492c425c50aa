// The rules as functions on numbers: clocks and deadlines agree with each other, and what looks
// random stays within its bounds.
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  backoffCeilingMs,
  backoffMs,
  beatAt,
  creditedAt,
  dueAt,
  elapsedMs,
  gapMs,
  isOverdue,
  MAX_HEALTH,
  mix,
  observedAt,
  paceWindowMs,
  stretchMs,
  suspicionMs,
  unit,
} from "../src/peer/rules.ts";

const ms = (max: number) => fc.integer({ min: 0, max });

/** Frozen for `stallMs` in the middle of each piece of time. */
const pieces = fc.array(fc.record({ runMs: ms(5_000), stallMs: ms(9_000) }), {
  maxLength: 12,
  size: "max",
});

function clocks(list: readonly { runMs: number; stallMs: number }[], graceMs: number) {
  let [at, lostMs, countedMs] = [0, 0, 0];
  for (const { runMs, stallMs } of list) {
    at += runMs + stallMs;
    lostMs += stallMs;
    countedMs += Math.min(stallMs, graceMs);
  }
  return { at, lostMs, countedMs, graceMs };
}

test("elapsed time is never above the real one, whatever was frozen before and since", () => {
  fc.assert(
    fc.property(pieces, pieces, ms(3_000), (earlier, later, graceMs) => {
      const from = clocks(earlier, graceMs);
      const to = clocks([...earlier, ...later], graceMs);
      const elapsed = elapsedSince(from, to, graceMs);
      expect(elapsed).toBeLessThanOrEqual(to.at - from.at);
      // And never below the time in which we did look.
      expect(elapsed).toBeGreaterThanOrEqual(to.at - from.at - (to.lostMs - from.lostMs));
    }),
  );
});

test("endless lateness only slows: all but one grace of every stall up to the grace counts", () => {
  fc.assert(
    fc.property(pieces, pieces, ms(3_000), (earlier, later, graceMs) => {
      const from = clocks(earlier, graceMs);
      const to = clocks([...earlier, ...later], graceMs);
      const countedMs = later.reduce(
        (sum, { runMs, stallMs }) => sum + runMs + Math.min(stallMs, graceMs),
        0,
      );
      expect(elapsedSince(from, to, graceMs)).toBeGreaterThanOrEqual(countedMs - graceMs);
    }),
  );
});

test("a deadline is exactly the instant at which the elapsed time is reached", () => {
  fc.assert(
    fc.property(pieces, pieces, ms(3_000), ms(20_000), (earlier, later, graceMs, durationMs) => {
      const from = clocks(earlier, graceMs);
      const to = clocks([...earlier, ...later], graceMs);
      const { at } = from;
      const due = dueAt(observedAt(at, from), creditedAt(at, from), durationMs, to);
      const elapsedAt = (instant: number) => elapsedSince(from, { ...to, at: instant }, graceMs);
      expect(elapsedAt(due)).toBe(durationMs);
      expect(elapsedAt(due + 7)).toBe(durationMs + 7);
      expect(elapsedAt(due - 7)).toBe(Math.max(0, durationMs - 7));
    }),
  );
});

test("a further stall moves a deadline later, never earlier: a stored one is a lower bound", () => {
  fc.assert(
    fc.property(pieces, ms(9_000), ms(3_000), ms(20_000), (list, stallMs, graceMs, durationMs) => {
      const before = dueAt(0, 0, durationMs, clocks(list, graceMs));
      const longer = clocks([...list, { runMs: 0, stallMs }], graceMs);
      const after = dueAt(0, 0, durationMs, longer);
      expect(after).toBeGreaterThanOrEqual(before);
      expect(after).toBeLessThanOrEqual(before + stallMs);
    }),
  );
});

test("suspicion begins where the detector says, but never so late that M is lost", () => {
  fc.assert(
    fc.property(fc.double(), ms(9_000), ms(9_000), (detected, overMs, minSuspicion) => {
      const dead = minSuspicion + overMs;
      const silence = suspicionMs(detected, dead, minSuspicion);
      expect(silence).toBeLessThanOrEqual(dead - minSuspicion);
      if (detected <= dead - minSuspicion) expect(silence).toBe(detected);
    }),
  );
  expect(suspicionMs(Number.NaN, 6_000, 1_500)).toBe(4_500);
  expect(suspicionMs(Number.POSITIVE_INFINITY, 6_000, 1_500)).toBe(4_500);
});

test("bad health of our own stretches a verdict by up to 2(D − S)", () => {
  expect(stretchMs(0, 3_000, 6_000)).toBe(0);
  expect(stretchMs(MAX_HEALTH, 3_000, 6_000)).toBe(6_000);
  expect(stretchMs(3.5, 3_000, 6_000)).toBe(3_000);
});

test("gaps: the announced interval is the largest one", () => {
  fc.assert(
    fc.property(
      ms(5_000),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      fc.nat(),
      fc.nat(),
      (interval, jitter, seed, n) => {
        const gap = gapMs(interval, jitter, unit(seed, n));
        expect(gap).toBeLessThanOrEqual(interval);
        expect(gap).toBeGreaterThanOrEqual(interval * (1 - jitter) - 1e-9);
      },
    ),
  );
});

test("back-off doubles up to its ceiling and is never a busy loop", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 100 }),
      fc.integer({ min: 1, max: 5_000 }),
      ms(60_000),
      fc.nat(),
      (retries, min, overMs, seed) => {
        const max = min + overMs;
        const ceiling = backoffCeilingMs(retries, min, max);
        const wait = backoffMs(retries, min, max, unit(seed, retries));
        expect(wait).toBeLessThanOrEqual(ceiling);
        expect(wait).toBeGreaterThanOrEqual(Math.min(100, min));
        expect(backoffCeilingMs(retries + 1, min, max)).toBe(Math.min(max, 2 * ceiling));
      },
    ),
  );
  expect(backoffCeilingMs(1e9, 1_000, 10_000)).toBe(10_000);
});

test("overdue beats spread over a quarter of the interval, at most 250 ms", () => {
  expect(paceWindowMs(400)).toBe(100);
  expect(paceWindowMs(60_000)).toBe(250);
  // One that is no later than others may be spread is on time: it needs no spreading.
  expect(isOverdue(1_250, 1_000, 60_000)).toBe(false);
  expect(isOverdue(1_251, 1_000, 60_000)).toBe(true);
});

test("cockroachdb/cockroach#161383, cortexproject/cortex#1534: draws of neighbours and of neighbouring beats are spread evenly", () => {
  const tenths = (values: readonly number[]) => {
    const counts = Array<number>(10).fill(0);
    for (const value of values) counts[Math.floor(value * 10)]! += 1;
    return counts;
  };
  const range = Array.from({ length: 10_000 }, (_, n) => n);
  for (const seed of [0, 1, 2 ** 31, -1]) {
    const ofPeers = tenths(range.map((peer) => unit(mix(seed, peer), 0)));
    const ofBeats = tenths(range.map((beat) => unit(seed, 2 * beat)));
    // 1000 are expected in each; five standard deviations are 150.
    for (const count of [...ofPeers, ...ofBeats]) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  }
});

test("draws are in [0, 1) and depend on seed and number alone", () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(), (seed, n) => {
      const u = unit(seed, n);
      expect(u).toBeGreaterThanOrEqual(0);
      expect(u).toBeLessThan(1);
      expect(unit(seed, n)).toBe(u);
    }),
  );
});

type Instant = ReturnType<typeof clocks>;

function elapsedSince(from: Instant, to: Instant, graceMs: number): number {
  return elapsedMs(
    observedAt(to.at, to),
    creditedAt(to.at, to),
    observedAt(from.at, from),
    creditedAt(from.at, from),
    graceMs,
  );
}

/** Policies and instants of a beat, on any clock. */
const beats = fc.record({
  sentAt: fc.double({ min: -1e9, max: 1e12, noNaN: true }),
  intervalMs: fc.double({ min: 1, max: 1e8, noNaN: true }),
  jitter: fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 0.999, noNaN: true })),
  seed: ms(2 ** 32 - 1),
  number: ms(1_000),
});

test("a beat falls due within the jitter, whatever the clock says", () => {
  fc.assert(
    fc.property(beats, ({ sentAt, seed, number, ...policy }) => {
      const at = beatAt(sentAt, policy, seed, number);
      expect(at).toBeLessThanOrEqual(sentAt + policy.intervalMs);
      expect(at).toBeGreaterThanOrEqual(sentAt + gapMs(policy.intervalMs, policy.jitter, 1));
    }),
  );
});

test("a beat falls on the multiple of a step that is nearest to its draw, of those within the jitter", () => {
  const policy = { intervalMs: 1_000, jitter: 0.25 };
  const stepMs = 15.625;
  // On a multiple, where so are the ends of what jitter allows; a little, and much, beside one.
  const instants = fc.tuple(ms(1_000), fc.constantFrom(0, 4.5, 10));
  fc.assert(
    fc.property(instants, ms(2 ** 32 - 1), ([turn, besideMs], seed) => {
      const sentAt = turn * stepMs + besideMs;
      const first = Math.ceil((sentAt + 750) / stepMs) * stepMs;
      const steps = Array.from({ length: 17 }, (_, step) => first + step * stepMs);
      const allowed = steps.filter((at) => at <= sentAt + 1_000);
      for (let number = 0; number < 100; number++) {
        const drawnAt = sentAt + gapMs(1_000, 0.25, unit(seed, 2 * number));
        const off = (at: number) => Math.abs(at - drawnAt);
        const nearest = allowed.reduce((one, other) => (off(other) < off(one) ? other : one));
        expect(beatAt(sentAt, policy, seed, number)).toBe(nearest);
      }
    }),
  );
});

test("beats of a crowd leave together, and as spread over the interval as their jitter", () => {
  const policy = { intervalMs: 1_000, jitter: 0.25 };
  const crowd = Array.from({ length: 1_000 }, (_, seed) =>
    beatAt(seed / 7, policy, mix(seed, 1), 0),
  );
  const turns = new Map<number, number>();
  for (const at of crowd) turns.set(at, (turns.get(at) ?? 0) + 1);
  expect(turns.size).toBeLessThan(30);
  expect(Math.max(...turns.values())).toBeLessThan(150);
  const mean = crowd.reduce((sum, at, seed) => sum + at - seed / 7, 0) / crowd.length;
  expect(mean).toBeGreaterThan(865);
  expect(mean).toBeLessThan(885);
});
