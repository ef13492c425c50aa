// What of the frames of a peer counts in the conversation with it: which are life, which prove or measure
// something, what is too many of them, and what our answers are to us.
import { describe, expect, test } from "vitest";
import { encodeFrame } from "../src/endpoint/encode.ts";
import { NO_EXTRA } from "../src/endpoint/frame.ts";
import { living, type Speaker, Stage, told } from "./speaker.ts";
import { policy } from "./wire.ts";

test("a number that was heard is counted as behind, whatever else it says, and answered with nothing", () => {
  const { stage, them } = living();
  expect(them.say({ seq: them.seq })).toEqual([]);
  expect(them.say({ seq: them.seq - 1 })).toEqual([]);
  expect(stage.dropped).toEqual({ behind: 2 });
});

describe("a peer that is suspect", () => {
  test("is alive again only by the echo of what we sent since, which makes one BEAT due at once", () => {
    const { stage, them } = living();
    const { seq: echo } = them.heard!;
    stage.host.advance(3_100);
    expect(stage.status("them")).toBe("suspect");
    // What echoes something older, or nothing, is a sign of life, or none, and no proof.
    expect(them.say({ asks: false, echo })).toEqual([]);
    expect(them.say({ asks: false, echo: 0 })).toEqual([]);
    expect(stage.status("them")).toBe("suspect");
    expect(told(them.say({ asks: false }))).toEqual(["there beat"]);
    expect(stage.status("them")).toBe("alive");
    expect(them.say({ asks: false })).toEqual([]);
  });
});

test("a frame of ours measures one round trip, when it is echoed first: what is said again took no longer", () => {
  const { stage, them } = living();
  const rttMs = () => stage.end.endpoint.state(stage.ref("them"))!.arrivals.rttMs;
  stage.host.advance(1_000);
  stage.host.advance(40);
  them.say({ asks: false, heldMicros: 10_000 });
  const measured = rttMs();
  expect(measured).toBeGreaterThan(0);
  stage.host.advance(200);
  them.say({ asks: false, heldMicros: 10_000 });
  expect(rttMs()).toBe(measured);
});

test("who does not say when its frames left, or that it stood still, tells nothing about that", () => {
  const stage = new Stage();
  const them = stage.speaker("them", "there");
  them.hail();
  const timing = () => stage.end.endpoint.state(stage.ref("them"))!.arrivals.timing;
  const say = (sentMs: number, stalledMs: number) => {
    stage.host.advance(500);
    them.say({ asks: false, sentMicros: sentMs * 1_000, stalledMs });
  };
  // It stood still before it ever spoke to us: that is no news.
  say(0, 9_000);
  say(0, 9_000);
  expect(timing()).toBeUndefined();
  say(70_000, 9_000);
  expect(timing()).toMatchObject({ samples: 1, sentAtMs: 70_000, declaredMs: 0 });
  say(70_500, 9_200);
  expect(timing()).toMatchObject({ samples: 2, sentAtMs: 70_500, declaredMs: 200 });
  // An account that shrinks, as no honest one does, gives nothing back.
  say(71_000, 9_100);
  expect(timing()).toMatchObject({ samples: 3, sentAtMs: 71_000, declaredMs: 200, slips: 0 });
  // The gap that it announces holds for the frame that announces it.
  stage.host.advance(500);
  them.say({ asks: false, sentMicros: 73_000_000, gapMs: 2_000 });
  expect(timing()).toMatchObject({ samples: 4, slips: 0 });
});

describe("an answer", () => {
  /** Half an interval after our last frame the peer asks; how long is it until we speak by ourselves? */
  const beatsAfter = (asks: (it: ReturnType<typeof living>) => void) => {
    const it = living();
    const { stage } = it;
    const spoke = stage.host.now();
    stage.host.advance(500);
    asks(it);
    const before = stage.sent.length;
    while (stage.sent.length === before) stage.host.advance(10);
    return stage.host.now() - spoke;
  };

  test("is a frame like any other: our next one may come an interval after it", () => {
    expect(beatsAfter(({ them }) => them.say())).toBe(1_500);
  });

  test("that the transport did not take is none", () => {
    const asked = beatsAfter(({ stage, them }) => {
      stage.takes = false;
      them.say();
      stage.takes = true;
    });
    expect(asked).toBe(1_000);
  });

  test("to a place that nothing has proven may not have reached the peer, so it is none to it", () => {
    expect(beatsAfter(({ them }) => them.say({}, "elsewhere"))).toBe(1_000);
  });
});

test("a connection is where its peer is: a frame of its conversation on another one moves nothing", () => {
  const { stage, them } = living({ transport: "message" });
  expect(told(them.say({}, "elsewhere"))).toEqual(["elsewhere echo"]);
  them.say({}, "elsewhere");
  them.say({ asks: false }, "elsewhere");
  expect(stage.end.endpoint.path(stage.ref("them"))).toBe("there");
  expect(stage.end.of("moved")).toEqual([]);
});

/** Says as much as it may and more, all at once; returns how many were answered. */
function flood(stage: Stage, them: Speaker, frames: number): number {
  let answers = 0;
  // What echoes nothing newer costs a token.
  for (let n = 0; n < frames; n++) answers += them.say({ echo: 0, counted: false }).length;
  expect(stage.dropped).toEqual({ "too-many": frames - answers });
  return answers;
}

describe("more than we said we accept", () => {
  test("is not even heard on datagrams, and never fatal", () => {
    const { stage, them } = living();
    const answers = flood(stage, them, 500);
    // D at one beat every 20 ms, and 8 for what was under way; one has said hello.
    expect(answers).toBe(6_000 / 20 + 8 - 1);
    const { highestSeq } = stage.end.endpoint.state(stage.ref("them"))!.arrivals;
    expect(highestSeq).toBe(them.seq - (500 - answers));
    expect(stage.end.changes).toEqual([]);
  });

  test("is not what answers our questions, each of which is answered once", () => {
    const { stage, them } = living();
    const dropped = 500 - flood(stage, them, 500);
    them.say({ type: "echo" });
    expect(stage.dropped).toEqual({ "too-many": dropped });
    them.say({ type: "echo" });
    them.say({ type: "echo", echo: 1 });
    expect(stage.dropped).toEqual({ "too-many": dropped + 2 });
  });

  test("is more where nothing was heard for a while: it may have lain unread", () => {
    const { stage, them } = living();
    stage.host.advance(2_000);
    them.say();
    stage.host.advance(2_000);
    // Of two pauses only the last counts.
    expect(flood(stage, them, 700)).toBe((6_000 + 2_000) / 20 + 8);
  });

  test("is fatal on streams once it has lasted for D, and not a moment before", () => {
    const { stage, them } = living({ transport: "stream", policy: { ...policy, minGapMs: 1_000 } });
    // Four times as many, and 8; two have said hello.
    expect(flood(stage, them, 60)).toBe((4 * 6_000) / 1_000 + 8 - 2);
    const sayAfter = (ms: number) => {
      stage.host.advance(ms);
      them.say({ echo: 0, counted: false });
    };
    for (let passed = 0; passed < 5_950; passed += 50) sayAfter(50);
    sayAfter(49);
    expect(stage.end.changes).toEqual([]);
    // The first of these may be let through again.
    sayAfter(1);
    sayAfter(0);
    expect(stage.end.changes).toEqual(["them alive>dead protocol-error"]);
  });
});

describe("the bytes of a beat that says nothing new", () => {
  const short = ({ heard, epoch, session, handed, seq }: Speaker): Uint8Array =>
    encodeFrame({
      type: "beat",
      tag: heard!.handed,
      heldMicros: 0,
      stalledMs: 0,
      epoch,
      session,
      seq: seq + 1,
      handed,
      echo: heard!.seq,
      counted: true,
      asks: false,
      gapMs: 1_000,
      wishMs: 1_000,
      minMs: 20,
      deadMs: 6_000,
      sentMicros: 1,
      extra: NO_EXTRA,
    });

  test.each([
    ["with one byte more", (bytes: Uint8Array) => Uint8Array.of(...bytes, 0), { length: 1 }],
    [
      "whose header says that there is one more",
      (bytes: Uint8Array) => bytes.with(7, (bytes[7] as number) + 1),
      { length: 1 },
    ],
    [
      "that left later than any number says",
      (bytes: Uint8Array) => bytes.slice().fill(255, 68, 74),
      { range: 1 },
    ],
    ["as they are", (bytes: Uint8Array) => bytes, {}],
  ])("%s", (_name, changed, dropped) => {
    const { stage, them } = living();
    them.say({ asks: false });
    const { framesReceived } = stage.end.endpoint.stats();
    stage.end.endpoint.receive(changed(short(them)), "there");
    expect(stage.dropped).toEqual(dropped);
    const counted = Object.keys(dropped).length > 0 ? 0 : 1;
    expect(stage.end.endpoint.stats().framesReceived).toBe(framesReceived + counted);
  });

  test("are no life where they were said in the conversation before", () => {
    const { stage, them } = living();
    them.say({ asks: false });
    const before = short(them);
    them.notice({ kind: "dead" });
    them.session += 1;
    them.say();
    expect(stage.status("them")).toBe("alive");
    const { heardAt } = stage.end.endpoint.state(stage.ref("them"))!;
    stage.host.advance(500);
    stage.end.endpoint.receive(before, "there");
    expect(stage.dropped).toEqual({ old: 1 });
    expect(stage.end.endpoint.state(stage.ref("them"))?.heardAt).toBe(heardAt);
  });

  test("are nobody's while it is not known whose they are", () => {
    const stage = new Stage({ accept: () => false });
    const them = stage.speaker("them", "there");
    them.hail();
    expect(them.heard).toBeDefined();
    expect(() => stage.end.endpoint.receive(short(them), "there")).not.toThrow();
    expect(stage.end.endpoint.size).toBe(0);
  });
});
