// Instants of the endpoint's own: however many there are, and in whatever order they come.
import { expect, test } from "vitest";
import { Alarms } from "../src/endpoint/alarms.ts";

test("a crowd of them is taken one instant at a time", () => {
  const alarms = new Alarms<number>();
  const count = 300_000;
  for (let key = 0; key < count; key++) alarms.set(key, key);
  expect(alarms.take(0)).toEqual([0]);
  expect(alarms.nextAt).toBe(1);
  expect(alarms.take(count - 2)).toHaveLength(count - 2);
  expect(alarms.nextAt).toBe(count - 1);
  expect(alarms.take(count - 1)).toEqual([count - 1]);
  expect(alarms.nextAt).toBe(Number.POSITIVE_INFINITY);
});

test("one that was deleted wakes nobody, neither by itself nor once others are set", () => {
  const alarms = new Alarms<string>();
  alarms.set("a", 10);
  alarms.delete("a");
  expect([alarms.nextAt, alarms.take(10)]).toEqual([Number.POSITIVE_INFINITY, []]);
  alarms.set("b", 10);
  alarms.delete("b");
  alarms.set("c", 20);
  expect(alarms.nextAt).toBe(20);
});
