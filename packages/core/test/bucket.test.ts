// The token bucket: a burst passes, a flood does not, and what the rate allows always does.
import fc from "fast-check";
import { expect, test } from "vitest";
import { FULL_BUCKET, overdrawnMs, TokenBucket, takeToken } from "../src/endpoint/bucket.ts";

test("lets a burst of its capacity through, and then one each refill", () => {
  const bucket = new TokenBucket();
  const take = (now: number) => bucket.take({ now }, 100, 3);
  expect([take(0), take(0), take(0), take(0)]).toEqual([true, true, true, false]);
  expect([take(99), take(100), take(100), take(199)]).toEqual([false, true, false, false]);
  expect(take(200)).toBe(true);
});

test("never holds more than its capacity, which may change while it runs", () => {
  const bucket = new TokenBucket();
  const takeAll = (now: number, capacity: number) => {
    let taken = 0;
    while (bucket.take({ now }, 10, capacity)) taken += 1;
    return taken;
  };
  expect(takeAll(1e9, 5)).toBe(5);
  expect(takeAll(2e9, 1)).toBe(1);
});

test("says for how long it has been refusing, until it was full again", () => {
  const cells = [...FULL_BUCKET];
  const take = (now: number) => takeToken(cells, 0, { now }, 10, 2);
  expect([take(0), take(0), overdrawnMs(cells, 0, 5)]).toEqual([true, true, 0]);
  expect([take(5), overdrawnMs(cells, 0, 5), overdrawnMs(cells, 0, 65)]).toEqual([false, 0, 60]);
  // A token now and then is no end of it.
  expect([take(12), take(14), overdrawnMs(cells, 0, 100)]).toEqual([true, false, 95]);
  expect([take(1_000), overdrawnMs(cells, 0, 1_000)]).toEqual([true, 0]);
  // Full is as much as it holds, to the token.
  expect([take(1_000), take(1_005)]).toEqual([true, false]);
  expect([take(1_020), overdrawnMs(cells, 0, 1_020)]).toEqual([true, 0]);
});

const waits = fc.array(fc.nat({ max: 300 }), { maxLength: 60 });
const rates = fc.record({
  refillMs: fc.integer({ min: 1, max: 50 }),
  capacity: fc.integer({ min: 1, max: 12 }),
});

test("in any span passes at most its capacity and what was refilled", () => {
  fc.assert(
    fc.property(waits, rates, (gaps, { refillMs, capacity }) => {
      const bucket = new TokenBucket();
      const taken: number[] = [];
      let now = 0;
      for (const gap of gaps) {
        now += gap;
        if (bucket.take({ now }, refillMs, capacity)) taken.push(now);
      }
      const excess = taken.flatMap((from, first) =>
        taken.slice(first).map((at, n) => n + 1 - capacity - (at - from) / refillMs),
      );
      expect(Math.max(0, ...excess)).toBeLessThan(1e-6);
    }),
  );
});

test("whoever keeps the rate is never refused, late and bunched up as its frames may be", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 50 }),
      (delays, refillMs) => {
        // Sent one refill apart, each delayed by up to 100 ms, as a burst allows for.
        const arrivals = delays.map((delay, n) => n * refillMs + delay).sort((a, b) => a - b);
        const capacity = Math.ceil(100 / refillMs) + 2;
        const bucket = new TokenBucket();
        for (const at of arrivals) expect(bucket.take({ now: at }, refillMs, capacity)).toBe(true);
      },
    ),
  );
});
