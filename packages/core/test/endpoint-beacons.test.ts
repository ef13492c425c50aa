// A beacon, datagram by datagram: what it is judged by, what of it is dropped and under which name, and that
// nobody who only sends is ever led anywhere by what comes back.
import { expect, test } from "vitest";
import { encodeFrame } from "../src/endpoint/encode.ts";
import { type BeatFrame, NO_TAG } from "../src/endpoint/frame.ts";
import type { EndpointOptions } from "../src/endpoint/options.ts";
import { End, policy, Wire } from "./wire.ts";

const datagram = { transport: "datagram" } as const;
type Options = Partial<EndpointOptions<string>>;

/** A right end that listens, and what a lamp said to it last, which a test may say in other words. */
function setUp(options: Options = { acceptBeacon: () => true }) {
  const wire = new Wire(datagram, { ...datagram, accept: undefined, ...options });
  const { host, left: lamp, right } = wire;
  const { endpoint } = right;
  lamp.endpoint.add("right", { path: "wire", beacon: true });
  host.advance(1_000);
  lamp.driving[Symbol.dispose]();
  const spoken = lamp.beats.at(-1) as BeatFrame;
  const say = (words: Partial<BeatFrame> = {}, from: string | number = "wire") =>
    endpoint.receive(encodeFrame({ ...spoken, ...words }), from as string);
  const dropped = () => endpoint.stats().dropped;
  const status = () => endpoint.state(endpoint.find("left")!)?.status;
  return { host, lamp, right, endpoint, spoken, say, dropped, status };
}

test("a beacon is judged by what it was accepted with, else by what the endpoint judges by", () => {
  const own = { ...policy, suspectAfterMs: 4_000, deadAfterMs: 9_000 };
  const judges = (acceptBeacon: Options["acceptBeacon"]) => {
    const { endpoint, say } = setUp({ acceptBeacon, policy: { ...policy, deadAfterMs: 7_000 } });
    say();
    const { suspectAfterMs, deadAfterMs } = endpoint.policy(endpoint.find("left")!)!;
    return [suspectAfterMs, deadAfterMs];
  };
  expect(judges(() => true)).toEqual([3_000, 7_000]);
  expect(judges(() => ({}))).toEqual([3_000, 7_000]);
  expect(judges(() => ({ policy: own }))).toEqual([4_000, 9_000]);
});

test("nobody is a beacon where none are accepted, nor under the ref of somebody else", () => {
  const deaf = setUp({});
  deaf.say();
  expect(deaf.dropped()).toEqual({ untagged: 1 });
  const asked: unknown[] = [];
  const { endpoint, say, dropped } = setUp({ acceptBeacon: (who) => asked.push(who) > 0 });
  say({}, endpoint.add("somebody"));
  expect([asked, dropped()]).toEqual([[], { untagged: 1 }]);
  say();
  expect(asked).toEqual([{ id: "left", path: "wire" }]);
});

test("a beacon with the id of somebody who can be asked is dropped as one without a tag", () => {
  const { endpoint, say, dropped, status } = setUp();
  endpoint.add("left", { path: "elsewhere" });
  say();
  expect([status(), dropped()]).toEqual(["connecting", { untagged: 1 }]);
});

test("a conversation of a beacon that it has left behind is no restart", () => {
  const { right, spoken, say, dropped } = setUp();
  say({ session: 2 });
  say({ session: 1, seq: spoken.seq + 1 });
  say({ session: 2, seq: spoken.seq, epoch: spoken.epoch - 1 });
  expect([right.changes, dropped()]).toEqual([["left connecting>alive"], { old: 2 }]);
  say({ session: 3 });
  expect(right.changes.slice(1)).toEqual([
    "left alive>dead restarted",
    "left dead>connecting",
    "left connecting>alive",
  ]);
});

test("a beacon that floods costs a counter, and what is too much of it is no life", () => {
  const { host, endpoint, spoken, say, dropped } = setUp();
  const { minGapMs = 0 } = endpoint.policy(endpoint.add("another"))!;
  // As many as may queue up in D, and some.
  const burst = Math.ceil(policy.deadAfterMs / minGapMs) + 8;
  for (let n = 0; n < burst + 5; n++) say({ seq: spoken.seq + n });
  expect(dropped()).toEqual({ "too-many": 5 });
  host.advance(minGapMs - 1);
  const before = endpoint.state(endpoint.find("left")!)?.heardAt;
  say({ seq: spoken.seq + 1_000 });
  expect(endpoint.state(endpoint.find("left")!)?.heardAt).toBe(before);
});

test("a beacon slower than anybody stretches for ends as incompatible", () => {
  const { right, spoken, say } = setUp({
    acceptBeacon: () => ({ policy: { ...policy, maxGapMs: 2_000 } }),
  });
  say();
  say({ seq: spoken.seq + 1, gapMs: 2_001 });
  expect(right.changes).toEqual(["left connecting>alive", "left alive>dead incompatible"]);
});

test("beats of a beacon are told to whoever asks for them", () => {
  const { right, endpoint, spoken, say } = setUp({
    acceptBeacon: () => true,
    observeBeats: () => true,
  });
  say();
  const peer = endpoint.find("left")!;
  const { seq } = spoken;
  expect(right.of("beat")).toEqual([
    { type: "beat", peer, id: "left", direction: "received", at: 1_000, seq },
  ]);
});

test("who only sends is led nowhere by a beacon that bears its receiver's id", () => {
  const { host, lamp } = setUp();
  const paths: (string | undefined)[] = [];
  const sender = new End(host, {
    id: "sender",
    ...datagram,
    acceptBeacon: () => true,
    send: (_peer, _frame, path) => paths.push(path) > 0,
  });
  const peer = sender.endpoint.add("left", { path: "home", beacon: true });
  host.advance(2_000);
  sender.endpoint.receive(encodeFrame({ ...lamp.beats[0]!, session: 9, seq: 99 }), "elsewhere");
  host.advance(5_000);
  expect(new Set(paths)).toEqual(new Set(["home"]));
  expect(sender.endpoint.path(peer)).toBe("home");
  expect(sender.changes).toEqual([]);
  expect(sender.endpoint.stats().dropped).toEqual({ untagged: 1 });
});

test("a beacon hands out nothing and asks nothing", () => {
  const { spoken } = setUp();
  expect(spoken).toMatchObject({ tag: NO_TAG, handed: NO_TAG, asks: false });
});
