// Two processes under one id: how the one that is there is asked, for how long the other waits, and what each
// of them is told.
import { describe, expect, test } from "vitest";
import type { BeatFrame } from "../src/endpoint/frame.ts";
import type { Transport } from "../src/endpoint/options.ts";
import { Stage, told } from "./speaker.ts";

/** M and the probe interval of wire.ts's policy. */
const minSuspicionMs = 1_500;
const probeIntervalMs = 375;

/** `them` is alive at `there`, and a later process with its id has said hello at `next`. */
function contested(transport: Transport = "datagram") {
  const stage = new Stage({ transport });
  const them = stage.speaker("them", "there").come();
  const rival = stage.speaker("them", "next", 2_000);
  rival.hail();
  if (transport === "datagram") rival.say();
  stage.end.outputs.length = 0;
  const ref = stage.ref("them");
  const asked = (ms: number) =>
    told(stage.during(() => stage.host.advance(ms))).filter((what) => what === "there question");
  return { stage, them, rival, ref, asked };
}

test("the one that is there is asked at once, and once in each probe interval, however often time is served", () => {
  const { stage, asked } = contested();
  expect(asked(0)).toHaveLength(1);
  for (let ms = 0; ms < probeIntervalMs - 1; ms += 1) {
    expect(told(stage.during(() => stage.end.endpoint.tick()))).toEqual([]);
    stage.host.freeze(1);
  }
  expect(asked(1)).toHaveLength(1);
  expect(asked(2 * probeIntervalMs)).toHaveLength(2);
});

test("the newcomer that waits is counted, and answered with nothing: it knows that it must wait", () => {
  const { stage, rival } = contested();
  expect(stage.dropped).toEqual({});
  expect(rival.say()).toEqual([]);
  expect(rival.say({ asks: false })).toEqual([]);
  expect(stage.dropped).toEqual({ contested: 2 });
});

describe("when the one that was there stays silent for M", () => {
  test.each(["datagram", "message", "stream"] as const)(
    "the newcomer is in, and asked to prove it: over %s",
    (transport) => {
      const { stage, rival } = contested(transport);
      stage.host.advance(minSuspicionMs - 1);
      expect(stage.end.changes).toEqual([]);
      const sent = stage.during(() => stage.host.advance(1));
      const isStream = transport === "stream";
      // Whoever is replaced on a stream is told: it must not come back by itself.
      expect(told(sent)).toEqual([...(isStream ? ["there notice replaced"] : []), "next question"]);
      expect(stage.end.changes).toEqual([
        `them alive>dead ${isStream ? "replaced" : "restarted"}`,
        "them dead>connecting",
      ]);
      rival.say();
      expect(stage.status("them")).toBe("alive");
    },
  );

  test("and the newcomer begins its next conversation meanwhile, it is answered in the one that waits for it", () => {
    const stage = new Stage();
    stage.speaker("them", "there").come();
    const next = stage.speaker("them", "there", 2_000);
    stage.host.advance(1_000);
    next.hail();
    next.say();
    const asked = stage.during(() => stage.host.advance(minSuspicionMs));
    const { handed } = asked.findLast(({ frame }) => frame.type === "beat")!.frame as BeatFrame;
    next.session += 1;
    stage.host.advance(probeIntervalMs);
    expect(told(next.hail())).toEqual(["there echo"]);
    // Of two conversations one would have to end, and a life with it.
    expect(next.heard!.handed).toEqual(handed);
    next.say();
    expect(stage.end.changes.slice(-2)).toEqual(["them dead>connecting", "them connecting>alive"]);
    expect(stage.status("them")).toBe("alive");
  });

  test("and died meanwhile, it is told nothing", () => {
    const { stage } = contested("stream");
    stage.end.endpoint.ended("there", "closed");
    const sent = stage.during(() => stage.host.advance(probeIntervalMs));
    expect(told(sent)).not.toContain("there notice replaced");
    expect(told(sent)).toContain("next question");
    expect(stage.end.changes).toEqual(["them alive>dead closed", "them dead>connecting"]);
  });
});

test("a frame that is no sign of life, because it was held back, turns nobody away", () => {
  const { stage, them, rival } = contested();
  expect(told(them.say({ echo: 0, asks: false }))).toEqual([]);
  expect(stage.end.of("refused")).toEqual([]);
  stage.host.advance(minSuspicionMs);
  rival.say();
  expect(stage.end.changes.at(-1)).toBe("them connecting>alive");
});

test("a sign of life of another peer decides nothing", () => {
  const { stage, rival } = contested();
  const friend = stage.speaker("friend", "far").come();
  expect(told(friend.say())).toEqual(["far echo"]);
  expect(stage.end.of("refused")).toEqual([]);
  stage.host.advance(minSuspicionMs);
  rival.say();
  expect(stage.end.changes.filter((change) => change.startsWith("them"))).toEqual([
    "them alive>dead restarted",
    "them dead>connecting",
    "them connecting>alive",
  ]);
});

test("a newcomer that came in by another way meanwhile is not its own rival", () => {
  const stage = new Stage();
  const them = stage.speaker("them", "there").come();
  const next = stage.speaker("them", "there", 2_000);
  stage.host.advance(1_000);
  next.hail();
  next.say();
  them.leave(them.seq + 1);
  // It cannot know that it is being waited for no more, and asks again as one who begins.
  next.hail();
  expect(told(next.say())).toEqual(["there echo"]);
  expect(stage.status("them")).toBe("alive");
  expect(stage.end.of("refused")).toEqual([]);
  expect(stage.dropped).toEqual({});
  stage.host.advance(minSuspicionMs);
  expect(stage.end.changes.at(-1)).toBe("them connecting>alive");
});

test("a newcomer that turns out to be behind when it is proven is told so, and waits for nothing", () => {
  const stage = new Stage();
  const them = stage.speaker("them", "there").come();
  const rival = stage.speaker("them", "next", 2_000);
  rival.hail();
  // The one that is there found out that its id was ahead of it.
  stage.host.advance(probeIntervalMs);
  them.epoch = 2_500;
  them.say();
  expect(told(rival.say())).toEqual(["next notice known-as"]);
  expect(stage.dropped).toEqual({ "clock-behind": 1 });
  stage.host.advance(minSuspicionMs);
  expect(stage.end.changes).toEqual(["them connecting>alive"]);
});

test("the same process is no newcomer: in its next conversation it is in at once", () => {
  const stage = new Stage();
  const them = stage.speaker("them", "there").come();
  stage.host.advance(1_000);
  them.session += 1;
  expect(told(them.hail())).toEqual(["there echo"]);
  // Only it knows its boot id, so it is there; but it does not hear us any more.
  const { arrivals } = stage.end.endpoint.state(stage.ref("them"))!;
  expect(arrivals.stale).toBe(1);
  them.say();
  expect(stage.end.changes).toEqual([
    "them connecting>alive",
    "them alive>dead restarted",
    "them dead>connecting",
    "them connecting>alive",
  ]);
});

test("what a newcomer says tells nothing of the one that is there", () => {
  const stage = new Stage();
  stage.speaker("them", "there").come();
  stage.speaker("them", "next", 2_000).hail();
  stage.speaker("else", "far").hail();
  const { arrivals } = stage.end.endpoint.state(stage.ref("them"))!;
  expect(arrivals.stale).toBe(0);
});

test("one that was turned away is answered at its place no sooner than before", () => {
  const { stage, them, rival } = contested();
  stage.host.advance(500);
  expect(told(them.say({ asks: false }))).toEqual(["next notice duplicate-id"]);
  stage.host.advance(499);
  expect(rival.hail()).toEqual([]);
  expect(stage.dropped).toEqual({ "too-many": 1 });
  stage.host.advance(1);
  expect(told(rival.hail())).toEqual(["next echo"]);
});

test("nor is one who changed its story before", () => {
  const stage = new Stage();
  const them = stage.speaker("them", "there").come();
  const { handed: tag, seq: echo } = them.heard!;
  const first = stage.speaker("them", "next", 2_000);
  expect(told(first.hail())).toEqual(["next echo"]);
  stage.host.advance(400);
  stage.speaker("them", "next", 3_000).say({ tag, echo });
  stage.host.advance(400);
  expect(told(them.say({ asks: false }))).toEqual(["next notice duplicate-id"]);
  expect(first.hail()).toEqual([]);
  expect(stage.dropped).toEqual({ "too-many": 1 });
});
