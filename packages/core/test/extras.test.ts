// What only suspect and paused peers have is kept for as long as they have it: suspicions come and go for years.
import { expect, test } from "vitest";
import { Extras } from "../src/monitor/extras.ts";
import { Peer } from "../src/peer/state.ts";

function suspect(since: number): Peer {
  return Object.assign(new Peer(), { status: "suspect", suspectedObservedAt: since, stretchMs: 0 });
}

test("the place of one that is suspected no more is the next one's", () => {
  const extras = new Extras();
  const others = [1, 2, 3].map((since) => extras.store(0, suspect(since)));
  const before = extras.store(0, suspect(4));
  expect(extras.store(before, new Peer())).toBe(0);
  for (let since = 5; since < 100; since += 1) {
    const at = extras.store(0, suspect(since));
    expect(at).toBe(before);
    expect(extras.store(at, new Peer())).toBe(0);
  }
  // Nobody else's was touched by it.
  const loaded = others.map((at) => {
    const peer = suspect(0);
    extras.load(at, peer);
    return peer.suspectedObservedAt;
  });
  expect(loaded).toEqual([1, 2, 3]);
});

test("what everybody gave back is given back as a whole, and not before", () => {
  const extras = new Extras();
  const [first, second] = [extras.store(0, suspect(1)), extras.store(0, suspect(2))];
  extras.release(first);
  expect(extras.store(0, suspect(3))).toBe(first);
  expect(extras.store(0, suspect(4)) - second).toBe(second - first);
  const alone = new Extras();
  for (const at of [alone.store(0, suspect(1)), alone.store(0, suspect(2))]) alone.release(at);
  expect(alone.store(0, suspect(3))).toBe(first);
});
