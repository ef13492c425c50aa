// Who is due, in which order, and where the next slice begins. Whole crowds are in crowd.test.ts.
import { describe, expect, test } from "vitest";
import { Deadlines } from "../src/monitor/deadlines.ts";

/** Five slots that are all due at once, and stay due until they are set again. */
function crowd() {
  const due = [7, 7, 5, 7, 7];
  const deadlines = new Deadlines((slot) => due[slot] ?? Number.POSITIVE_INFINITY);
  for (const [slot, at] of due.entries()) deadlines.set(slot, at);
  return deadlines;
}

test("by deadline, then slot", () => {
  expect(crowd().take(10, 100)).toEqual([2, 0, 1, 3, 4]);
  expect(crowd().take(6, 100)).toEqual([2]);
  expect(crowd().take(4, 100)).toEqual([]);
});

test("a slice takes the next slots, from where the last one ended", () => {
  const deadlines = crowd();
  expect(deadlines.take(10, 2)).toEqual([0, 1]);
  expect(deadlines.take(10, 2)).toEqual([2, 3]);
  expect(deadlines.take(10, 2)).toEqual([0, 4]);
});

test("whoever comes around again stands in its place among those that are left", () => {
  const deadlines = crowd();
  expect(deadlines.take(10, 3)).toEqual([2, 0, 1]);
  expect(deadlines.take(10, 100)).toEqual([2, 0, 1, 3, 4]);
});

test("of a crowd that is due at once, too: by slot, also where a slice ended in its middle", () => {
  const deadlines = new Deadlines(() => 7);
  for (let slot = 0; slot < 40; slot++) deadlines.set(slot, 7);
  for (const slot of deadlines.take(10, 20)) deadlines.set(slot, 7);
  expect(deadlines.take(10, 100)).toEqual(Array.from({ length: 40 }, (_, slot) => slot));
});

test("slices begin anew once nobody is due", () => {
  const deadlines = crowd();
  deadlines.take(10, 2);
  expect(deadlines.isDue(5)).toBe(true);
  expect(deadlines.isDue(4)).toBe(false);
  expect(deadlines.take(10, 1)).toEqual([0]);
});

describe("of sixteen neighbours", () => {
  /** Bounds of the first four slots, when they are due in truth, and who was asked for that. */
  function neighbours(bounds: readonly number[], due: readonly number[]) {
    const asked: number[] = [];
    const deadlines = new Deadlines((slot) => {
      asked.push(slot);
      return due[slot] ?? Number.POSITIVE_INFINITY;
    });
    for (const [slot, bound] of bounds.entries()) deadlines.set(slot, bound);
    return { deadlines, asked };
  }

  test("only those are asked that may be due, as long as they are", () => {
    const { deadlines, asked } = neighbours([5, 50, 60, 5], [5, 100, 100, 5]);
    expect(deadlines.take(5, 100)).toEqual([0, 3]);
    expect(asked).toEqual([0, 3]);
    expect(deadlines.nextAt).toBe(50);
  });

  test("all are asked as soon as one is not due after all", () => {
    const { deadlines, asked } = neighbours([5, 50, 60, 5], [90, 100, 100, 5]);
    expect(deadlines.take(5, 100)).toEqual([3]);
    expect(asked.slice(0, 4)).toEqual([0, 3, 1, 2]);
    expect(deadlines.nextAt).toBe(90);
  });

  test("those who wait for the next slice are not", () => {
    const { deadlines, asked } = neighbours([4, 4, 4, 5, 60], [90, 4, 4, 5, 100]);
    expect(deadlines.take(5, 1)).toEqual([1]);
    expect(asked).not.toContain(2);
    expect(asked).not.toContain(3);
    expect(deadlines.nextAt).toBe(4);
  });
});

test("there is room for whichever slot comes first, and for a sixteenth more than were needed", () => {
  let looked = 0;
  const deadlines = new Deadlines((slot) => {
    looked += 1;
    return slot;
  });
  deadlines.set(1_024, 3);
  expect(deadlines.at(1_024)).toBe(3);
  expect(deadlines.take(3, 10)).toEqual([]);
  looked = 0;
  deadlines.refresh();
  expect(looked).toBe(1_040);
  deadlines.set(1_040, 3);
  looked = 0;
  deadlines.refresh();
  expect(looked).toBe(1_120);
});

test("what is rounded anew is asked for a little early, and then exact: a bound is never too late", () => {
  const due = [8_288.949999999999];
  const deadlines = new Deadlines((slot) => due[slot] ?? Number.POSITIVE_INFINITY);
  deadlines.set(0, 8_288.95);
  expect(deadlines.nextAt).toBeGreaterThan(due[0] as number);
  deadlines.loosen();
  expect(deadlines.nextAt).toBeLessThan(due[0] as number);
  expect(deadlines.nextAt).toBeCloseTo(due[0] as number, 2);
  expect(deadlines.take(deadlines.nextAt, 100)).toEqual([]);
  expect(deadlines.nextAt).toBe(due[0]);
});
