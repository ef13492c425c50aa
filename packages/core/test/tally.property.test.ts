// What is known of arrivals against lists that forget nothing: numbers, round trips, lateness.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { definePolicy } from "../src/define-policy.ts";
import { arrive, isAhead, isLife } from "../src/peer/arriving.ts";
import { NO_STALLS } from "../src/peer/rules.ts";
import { asData, asTally, COUNTS, MEMORY, Tally, widthFor } from "../src/peer/tally.ts";

const policy = definePolicy({ peerGapMs: 1_000 });
const width = widthFor(policy, true);

describe("numbers", () => {
  /** Mostly one after the other; now and then some are lost, come late, or again. */
  const steps = fc.array(fc.constantFrom(1, 1, 1, 2, 5, 32, 33, 40, 0, -1, -2, -7, -31, -32, -60), {
    maxLength: 80,
  });

  test("received, lost, overtaken and doubled are what a list of them says", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 100, max: 1e9 }), (all, first) => {
        const tally = new Tally();
        const seen = new Set<number>();
        let highest = 0;
        let behind = 0;
        let reordered = 0;
        for (const step of [0, ...all]) {
          const seq = (highest || first) + step;
          expect(isAhead(tally, seq)).toBe(seq > highest);
          expect(isLife(tally, 0, NO_STALLS, seq, {}, policy)).toBe(seq > highest);
          expect(arrive(tally, 0, NO_STALLS, seq, {}, policy)).toBe(seq > highest);
          if (seq <= highest) {
            behind += 1;
            // Before the first one nothing is known, and too far back nothing is remembered.
            if (seq > first && highest - seq < 32 && !seen.has(seq)) reordered += 1;
            else if (highest - seq >= 32) continue;
          }
          seen.add(seq);
          highest = Math.max(highest, seq);
        }
        const missing = highest - first + 1 - [...seen].filter((seq) => seq >= first).length;
        expect(tally.highestSeq).toBe(highest);
        expect([tally.behind, tally.reordered]).toEqual([behind, reordered]);
        expect(tally.lost).toBe(missing);
        expect(tally.received + tally.behind).toBe(all.length + 1);
      }),
    );
  });
});

test("whether a frame is life is known before it is taken in, and taking it in says the same", () => {
  const nonce = { nonceAt: fc.nat({ max: 20_000 }), seq: fc.nat({ max: 4 }) };
  const proof = fc.constantFrom("any" as const, "round-trip" as const);
  fc.assert(
    fc.property(proof, fc.array(fc.record(nonce), { maxLength: 8 }), (asked, frames) => {
      const strict = definePolicy({ proof: asked });
      const tally = new Tally();
      for (const { seq, nonceAt } of frames) {
        const before = isLife(tally, 20_000, NO_STALLS, seq, { nonceAt }, strict);
        expect(arrive(tally, 20_000, NO_STALLS, seq, { nonceAt }, strict)).toBe(before);
      }
    }),
  );
});

test("what the sender declared last stays, until it declares something else", () => {
  const tally = new Tally(width);
  const declared = [700, 0, 30].map((declaredMs, n) => {
    arrive(tally, n, NO_STALLS, n + 1, { sentAtMs: n, declaredMs }, policy);
    return tally.declaredMs;
  });
  expect(declared).toEqual([700, 700, 30]);
});

describe("round trips (RFC 6298 §2)", () => {
  test("are smoothed by an eighth, their variation by a quarter", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5_000 }), { minLength: 1, maxLength: 30 }), (samples) => {
        const tally = new Tally();
        for (const rttMs of samples) arrive(tally, 0, NO_STALLS, undefined, { rttMs }, policy);
        const [first = 0, ...others] = samples;
        let srtt = first;
        let rttvar = first / 2;
        for (const sample of others) {
          rttvar = (3 / 4) * rttvar + (1 / 4) * Math.abs(srtt - sample);
          srtt = (7 / 8) * srtt + (1 / 8) * sample;
        }
        expect(tally.rttMs).toBeCloseTo(srtt, 6);
        expect(tally.rttVariationMs).toBeCloseTo(rttvar, 6);
      }),
    );
  });

  test("are absent before the first", () => {
    expect([new Tally().rttMs, new Tally().rttVariationMs]).toEqual([undefined, undefined]);
  });
});

describe("lateness", () => {
  const delays = fc.array(fc.double({ min: 0, max: 400, noNaN: true }), {
    minLength: 2,
    maxLength: 200,
  });

  /** Beats a second apart by the sender's clock, which starts anywhere. */
  function timed(delaysMs: readonly number[], zeroMs: number): Tally {
    const tally = new Tally(width);
    for (const [n, delayMs] of delaysMs.entries()) {
      const sign = { sentAtMs: zeroMs + n * 1_000, gapMs: 1_000 };
      arrive(tally, n * 1_000 + delayMs, NO_STALLS, n + 1, sign, policy);
    }
    return tally;
  }

  test("up to 256 frames mean and variance are those of a list, whatever the clocks say", () => {
    fc.assert(
      fc.property(delays, fc.constantFrom(1, 77_777, 5e9), (delaysMs, zeroMs) => {
        const { timing } = timed(delaysMs, zeroMs);
        const mean = delaysMs.reduce((sum, ms) => sum + ms, 0) / delaysMs.length;
        const changes = delaysMs.slice(1).map((ms, n) => ms - (delaysMs[n] as number));
        const variance = changes.reduce((sum, ms) => sum + ms ** 2, 0) / (2 * changes.length);
        expect(timing?.samples).toBe(delaysMs.length);
        expect(timing?.offsetMs).toBeCloseTo(mean - zeroMs, 3);
        expect(timing?.varianceMs2).toBeCloseTo(variance, 1);
      }),
    );
  });

  test("after that they follow: ±100 ppm of drift for a day is no variance", () => {
    const tally = new Tally(width);
    const drift = 1 + 100e-6;
    for (let n = 1; n <= 86_400; n += 1) {
      const delayMs = 20 + (n % 5);
      arrive(tally, n * 1_000 * drift + delayMs, NO_STALLS, n, { sentAtMs: n * 1_000 }, policy);
    }
    // Half of the mean of 1, 1, 1, 1 and 16.
    expect(tally.timing?.varianceMs2).toBeCloseTo(2, 1);
  });

  test("a frame that left late is a slip, one that came late is not", () => {
    const tally = new Tally(width);
    const beat = (at: number, seq: number, sentAtMs: number) =>
      arrive(tally, at, NO_STALLS, seq, { sentAtMs, gapMs: 1_000 }, policy);
    beat(10, 1, 5_000);
    beat(1_700, 2, 6_000);
    expect(tally.timing?.slips).toBe(0);
    // Gaps are announced in whole ms, rounded up.
    beat(2_011, 3, 7_001);
    expect(tally.timing?.slips).toBe(0);
    beat(4_311, 4, 9_301);
    expect(tally.timing?.slips).toBe(1);
  });

  test("what lay unread while we stood still is no sample", () => {
    const tally = new Tally(width);
    const stalls = { ...NO_STALLS, lostMs: 3_000, steadyFromAt: 4_000 };
    arrive(tally, 10, NO_STALLS, 1, { sentAtMs: 1 }, policy);
    arrive(tally, 4_020, stalls, 2, { sentAtMs: 1_001 }, policy);
    expect(tally.timing).toMatchObject({ samples: 1, offsetMs: 9, sentAtMs: 1_001 });
    arrive(tally, 4_100, stalls, 3, { sentAtMs: 1_101 }, policy);
    expect(tally.timing?.samples).toBe(1);
    arrive(tally, 4_210, stalls, 4, { sentAtMs: 4_201 }, policy);
    expect(tally.timing).toMatchObject({ samples: 2, offsetMs: 9 });
  });
});

test("what is kept comes back from data as it was", () => {
  const tally = new Tally(width + 3);
  arrive(tally, 10, NO_STALLS, 5, { sentAtMs: 1, rttMs: 0, declaredMs: 7 }, policy);
  arrive(tally, 1_015, NO_STALLS, 8, { sentAtMs: 1_001 }, policy);
  tally.cells[width + 1] = 42;
  const back = asTally(JSON.parse(JSON.stringify(asData(tally))), tally.learned, width + 3);
  expect([...back.cells]).toEqual([...tally.cells]);
  expect(asTally(asData(tally), tally.learned).learned).toEqual(tally.learned);
  expect(new Tally().learned).toBeUndefined();
});

test("a row is as wide as what is in it: detectors find their memory where they left it", () => {
  const none = asData(new Tally());
  expect(asTally(none).width).toBe(COUNTS);
  expect(asTally(none, [1]).width).toBe(MEMORY);
  const long = Array.from({ length: MEMORY }, (_, n) => n + 1);
  expect(asTally(none, long).width).toBe(COUNTS + MEMORY);
  expect(asTally(none, long).learned).toEqual(long);
});
