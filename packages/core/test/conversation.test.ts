// Who speaks in the conversation of a peer: the life it is with, the next one of the same process, another
// process, or one of them too late; what each of these brings about, and what it is counted as.
import { describe, expect, test } from "vitest";
import { type Speaker, Stage, told } from "./speaker.ts";
import { policy } from "./wire.ts";

/** Alive with `them`, and the speaker that is them. */
function living(options: ConstructorParameters<typeof Stage>[0] = {}) {
  const stage = new Stage(options);
  const them = stage.speaker("them", "there").come();
  expect(stage.end.changes).toEqual(["them connecting>alive"]);
  stage.end.outputs.length = 0;
  return { stage, them };
}

const RESTARTED = ["them alive>dead restarted", "them dead>connecting"];

describe("a LEAVE", () => {
  test("counts only where it is newer than all that was heard", () => {
    const { stage, them } = living();
    them.say();
    them.leave(them.seq - 1);
    them.leave(them.seq);
    expect(stage.end.changes).toEqual([]);
    expect(stage.dropped).toEqual({ behind: 2 });
    them.leave(them.seq + 1);
    expect(stage.end.changes).toEqual(["them alive>dead left"]);
  });

  test("of another conversation, or of an epoch before, is that of nobody we know", () => {
    const { stage, them } = living();
    them.session += 1;
    them.leave(them.seq + 1);
    them.session -= 1;
    them.epoch -= 1;
    them.leave(them.seq + 1);
    expect(stage.end.changes).toEqual([]);
    expect(stage.dropped).toEqual({ old: 2 });
  });
});

describe("the same process in its next conversation", () => {
  test("gave up the one before: a BEAT of it ends that, and we begin a new one at once", () => {
    const { stage, them } = living();
    them.session += 1;
    expect(told(them.say())).toEqual(["there question"]);
    expect(stage.end.changes).toEqual(RESTARTED);
    expect(stage.dropped).toEqual({});
  });

  test("is told apart from an ECHO that crossed our question: that changes nothing while it is alive", () => {
    const { stage, them } = living();
    them.session += 1;
    expect(them.say({ type: "echo" })).toEqual([]);
    expect(stage.end.changes).toEqual([]);
    expect(stage.dropped).toEqual({ old: 1 });
  });

  test("is believed its ECHO once we have not heard it for long", () => {
    const { stage, them } = living();
    stage.host.advance(3_100);
    expect(stage.status("them")).toBe("suspect");
    them.session += 1;
    expect(told(them.say({ type: "echo" }))).toEqual(["there question"]);
    expect(stage.end.changes.slice(1)).toEqual([
      "them suspect>dead restarted",
      "them dead>connecting",
    ]);
    expect(stage.dropped).toEqual({});
  });

  test("is believed its ECHO by whoever only sends, which never suspects anybody", () => {
    const { stage, them } = living({ role: "send" });
    them.session += 1;
    them.say({ type: "echo" });
    expect(stage.end.changes).toEqual(RESTARTED);
  });

  test("counts for nothing where it echoes nothing we said lately: somebody held it back", () => {
    const { stage, them } = living();
    them.session += 1;
    expect(them.say({ echo: 0 })).toEqual([]);
    expect(stage.dropped).toEqual({ stale: 1 });
    expect(stage.end.changes).toEqual([]);
    them.session -= 1;
    // Nor did it use up a number.
    expect(told(them.say({ seq: them.seq }))).toEqual(["there echo"]);
  });
});

describe("another process in the conversation of a peer", () => {
  test("waits on datagrams while the peer is asked, however new it is", () => {
    const { stage, them } = living();
    const { handed: tag, seq: echo } = them.heard!;
    const next = stage.speaker("them", "there", 2_000);
    // Its numbers are its own: that they are higher says nothing.
    next.say({ tag, echo, seq: 100 });
    stage.host.advance(1_499);
    expect(stage.end.changes).toEqual([]);
    stage.host.advance(1);
    expect(stage.end.changes).toEqual(RESTARTED);
    next.say();
    expect(stage.status("them")).toBe("alive");
  });

  test("is turned away by any sign of life of the peer", () => {
    const { stage, them } = living();
    const { handed: tag, seq: echo } = them.heard!;
    const next = stage.speaker("them", "there", 2_000);
    next.say({ tag, echo });
    stage.host.advance(500);
    const sent = them.say({ asks: false });
    expect(told(sent)).toEqual(["there notice duplicate-id"]);
    expect(sent[0]?.frame).toMatchObject({ tag: next.handed, aboutBoot: next.boot });
    expect(stage.end.of("refused")).toMatchObject([{ path: "there", reason: "duplicate-id" }]);
    them.live(3_000);
    expect(stage.end.changes).toEqual([]);
  });

  test("is the next life at once on a connection, which has one process at its other end", () => {
    const { stage } = living({ transport: "message" });
    stage.speaker("them", "there", 2_000).hail();
    expect(stage.end.changes).toEqual([...RESTARTED, "them connecting>alive"]);
    expect(stage.end.of("refused")).toEqual([]);
  });
});

test("what is said on a connection whose conversation is over is no life in the next one, which has none yet", () => {
  const stage = new Stage({ transport: "stream" });
  const ref = stage.end.endpoint.add("them");
  stage.end.endpoint.dial(ref, "there");
  stage.end.endpoint.leave(ref);
  const them = stage.speaker("them", "there");
  expect([...them.hail(), ...them.hail()]).toEqual([]);
  expect(stage.end.endpoint.path(ref)).toBeUndefined();
  expect(stage.end.changes).not.toContain("them connecting>alive");
});

/** A peer that was added by hand, in conversations that prove nothing yet. */
function connecting() {
  const stage = new Stage();
  stage.end.endpoint.add("them", { path: "there" });
  stage.host.advance(1_000);
  const them = stage.speaker("them", "there");
  /** It answers us as one who has not counted us. */
  const shrug = (session: number) => {
    them.session = session;
    return them.say({ type: "echo", counted: false });
  };
  const live = (session: number) => {
    them.session = session;
    return them.say({ type: "echo" });
  };
  return { stage, them, shrug, live };
}

/** Lived in conversation 3 and died of silence; now we ask again. */
function healing() {
  const it = connecting();
  it.live(3);
  it.stage.host.advance(9_000);
  expect(it.stage.end.changes.at(-1)).toBe("them suspect>dead silence");
  it.stage.end.outputs.length = 0;
  return it;
}

describe("a conversation before the one that we know of, in which nobody has lived", () => {
  test("is as good as that one: the higher number was a stranger's, and given up", () => {
    const { stage, shrug, live } = connecting();
    shrug(5);
    live(3);
    expect(stage.end.changes).toEqual(["them connecting>alive"]);
    expect(stage.dropped).toEqual({});
  });

  test("is so, too, after the death of one that was before them both", () => {
    const { stage, shrug, live } = healing();
    shrug(9);
    live(5);
    expect(stage.end.changes).toEqual(["them dead>connecting", "them connecting>alive"]);
    expect(stage.dropped).toEqual({});
  });

  test("is over where it is the one that died, or was before it", () => {
    for (const session of [3, 2]) {
      const { stage, shrug, live } = healing();
      shrug(9);
      live(session);
      expect(stage.end.changes).toEqual(["them dead>connecting"]);
      expect(stage.dropped).toEqual({ old: 1 });
    }
  });

  test("is over where somebody lives in the one that we know of", () => {
    const { stage, them, live } = connecting();
    live(5);
    expect(live(3)).toEqual([]);
    expect(them.say()).toEqual([]);
    expect(stage.end.changes).toEqual(["them connecting>alive"]);
    expect(stage.dropped).toEqual({ old: 2 });
  });

  test("is another matter than that of another process, which must be ahead of the one we know of", () => {
    const { stage, them, shrug } = connecting();
    shrug(5);
    const { handed: tag, seq: echo } = them.heard!;
    const outdated = stage.speaker("them", "there", 900);
    stage.host.advance(375);
    expect(told(outdated.say({ type: "echo", tag, echo }))).toEqual(["there beat"]);
    expect(stage.status("them")).toBe("connecting");
    expect(stage.dropped).toEqual({ "clock-behind": 1 });
  });
});

test("a short frame says nothing before a complete one has said who speaks", () => {
  const stage = new Stage();
  stage.end.endpoint.add("them", { path: "there" });
  stage.host.advance(1_000);
  const them = stage.speaker("them", "there");
  expect(them.say({ identity: false })).toEqual([]);
  expect(stage.dropped).toEqual({ unintroduced: 1 });
  them.say();
  expect(told(them.say({ identity: false }))).toEqual(["there echo"]);
  expect(stage.dropped).toEqual({ unintroduced: 1 });
  // Under the very name by which it was added.
  expect(stage.end.of("named")).toEqual([]);
});

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

  test("is fatal on streams once it has lasted for D, and not a moment before", () => {
    const { stage, them } = living({ transport: "stream", policy: { ...policy, minGapMs: 1_000 } });
    flood(stage, them, 60);
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
