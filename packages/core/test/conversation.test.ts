// Who speaks in the conversation of a peer: the life it is with, the next one of the same process, another
// process, or one of them too late; what each of these brings about, and what it is counted as.
import { describe, expect, test } from "vitest";
import { living, Stage, told } from "./speaker.ts";

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

test("whoever was let in is who it said it is: under another id it is nobody", () => {
  const { stage, them } = living();
  expect(them.say({ identity: { boot: them.boot, id: "else" } })).toEqual([]);
  expect(stage.dropped).toEqual({ "wrong-id": 1 });
  // And came by itself, so it is not kept for ever.
  them.leave(them.seq + 1);
  expect(stage.end.endpoint.stats()).toMatchObject({ peers: 1, tombstones: 1 });
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
