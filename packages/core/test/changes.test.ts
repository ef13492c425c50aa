// Changes for readers that may be slow: bounded, oldest lost first, and ended in the end.
import { expect, test } from "vitest";
import { ChangeFeed } from "../src/changes.ts";

const all = async (changes: AsyncIterable<number>) => {
  const read: number[] = [];
  for await (const change of changes) read.push(change);
  return read;
};

test("everybody gets what came since it began to read, in order, also after the end", async () => {
  const feed = new ChangeFeed<number>();
  const first = feed.read();
  feed.push(1);
  const second = feed.read();
  feed.push(2);
  feed.end();
  expect(await Promise.all([all(first), all(second), all(feed.read())])).toEqual([[1, 2], [2], []]);
});

test("who waits gets the next one, or learns that there will be none", async () => {
  const feed = new ChangeFeed<number>();
  const changes = feed.read();
  const [one, none] = [changes.next(), changes.next()];
  feed.push(1);
  feed.end();
  expect([await one, await none]).toEqual([
    { value: 1, done: false },
    { value: undefined, done: true },
  ]);
});

test("a slow reader loses the oldest, and is told how many", async () => {
  const feed = new ChangeFeed<number>();
  const changes = feed.read({ limit: 2 });
  for (let n = 1; n <= 5; n++) feed.push(n);
  feed.end();
  expect([await all(changes), changes.dropped]).toEqual([[4, 5], 3]);
  expect(() => feed.read({ limit: 0 })).toThrow("limit must be a whole number above 0 (got 0).");
});

test("who leaves the loop gets, and costs, nothing more", async () => {
  const feed = new ChangeFeed<number>();
  const changes = feed.read();
  feed.push(1);
  feed.push(2);
  for await (const change of changes) if (change === 1) break;
  feed.push(3);
  expect(await changes.next()).toEqual({ value: undefined, done: true });
});
