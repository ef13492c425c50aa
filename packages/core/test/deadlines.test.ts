// Who is due, in which order, and where the next slice begins. Whole crowds are in crowd.test.ts.
import { expect, test } from "vitest";
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
