// What one side is told of how the other sees it: who is told, how often, in answer to what, and what it does
// then. What of it is believed at all is in notices.property.test.ts.
import { describe, expect, test } from "vitest";
import type { BeatFrame } from "../src/endpoint/frame.ts";
import { living, Stage, told } from "./speaker.ts";

const probeIntervalMs = 375;

/** Alive with `them`; the clock of the process that says it is their next life is set back. */
function outdated() {
  const stage = new Stage();
  const them = stage.speaker("them", "there").come();
  const next = stage.speaker("them", "next", 1_000);
  stage.host.advance(probeIntervalMs);
  stage.end.outputs.length = 0;
  return { stage, them, next };
}

describe("a process whose epoch is not above that of another with its id", () => {
  test("is told which one is known, in answer to what it asked", () => {
    const { stage, next } = outdated();
    next.epoch = 998;
    const sent = next.hail();
    expect(told(sent)).toEqual(["next notice known-as"]);
    expect(sent[0]!.frame).toMatchObject({
      tag: next.handed,
      aboutEpoch: 998,
      aboutSession: next.session,
      aboutBoot: next.boot,
      answers: next.seq,
      knownEpoch: 1_000,
    });
    expect(stage.dropped).toEqual({ "clock-behind": 1 });
    expect(stage.end.changes).toEqual([]);
  });

  test("is told once in a probe interval; who shows a tag need not wait for those who show none", () => {
    const { stage, them, next } = outdated();
    const { handed: tag, seq: echo } = them.heard!;
    const knownAs = ["next notice known-as"];
    expect(told(next.hail())).toEqual(knownAs);
    expect(next.hail()).toEqual([]);
    expect(told(next.say({ tag, echo }))).toEqual(knownAs);
    expect(next.say({ tag, echo })).toEqual([]);
    stage.host.advance(probeIntervalMs - 1);
    expect([...next.hail(), ...next.say({ tag, echo })]).toEqual([]);
    stage.host.advance(1);
    expect(told([...next.hail(), ...next.say({ tag, echo })])).toEqual([...knownAs, ...knownAs]);
    expect(stage.dropped).toEqual({ "clock-behind": 8 });
  });

  test("is urged to ask where it answers us, which is all it does: once in a probe interval", () => {
    const { stage, them, next } = outdated();
    const { handed: tag, seq: echo } = them.heard!;
    const answer = { type: "echo", tag, echo } as const;
    const urges = next.say(answer);
    expect(told(urges)).toEqual(["next beat"]);
    // It tells who we are, and takes nothing in.
    expect(urges[0]!.frame).toMatchObject({
      tag: next.handed,
      identity: { id: "us" },
      echo: next.seq,
      counted: false,
    });
    stage.host.advance(probeIntervalMs - 1);
    expect(next.say(answer)).toEqual([]);
    stage.host.advance(1);
    expect(told(next.say(answer))).toEqual(["next beat"]);
    expect(stage.dropped).toEqual({ "clock-behind": 3 });
  });

  test("is not urged by an answer to nothing that we said: a round trip it is not", () => {
    const { stage, them, next } = outdated();
    const { handed: tag } = them.heard!;
    expect(next.say({ type: "echo", tag, echo: 1_000 })).toEqual([]);
    expect(stage.dropped).toEqual({ "clock-behind": 1 });
  });
});

describe("what is said out of turn", () => {
  const KNOWN_AS = "next notice known-as";

  test("to those who show no tag is as much as if they were one, whether they are told or answered", () => {
    const stage = new Stage();
    const them = stage.speaker("them", "there").come();
    them.leave(them.seq + 1);
    stage.host.advance(probeIntervalMs);
    expect(told(stage.speaker("them", "there", 2_000).hail())).toEqual(["there echo"]);
    const outdated = stage.speaker("them", "next", 900);
    expect(outdated.hail()).toEqual([]);
    stage.host.advance(probeIntervalMs);
    expect(told(outdated.hail())).toEqual([KNOWN_AS]);
  });

  test("to those who know a tag or who was there is as much as if they were one", () => {
    const { stage, them, next } = outdated();
    const { handed: tag, seq: echo } = them.heard!;
    expect(told(them.hail())).toEqual(["there echo"]);
    expect(next.say({ tag, echo })).toEqual([]);
    stage.host.advance(probeIntervalMs);
    expect(told(next.say({ tag, echo }))).toEqual([KNOWN_AS]);
  });

  test("to those who were there is, too, while we wait for them", () => {
    const stage = new Stage();
    const them = stage.speaker("them", "there").come();
    them.leave(them.seq + 1);
    them.session += 1;
    expect(told(them.hail())).toEqual(["there echo"]);
    const { handed: tag, seq: echo } = them.heard!;
    const outdated = stage.speaker("them", "next", 900);
    expect(outdated.say({ tag, echo })).toEqual([]);
    stage.host.advance(probeIntervalMs);
    expect(told(outdated.say({ tag, echo }))).toEqual([KNOWN_AS]);
  });

  test("to those who have proven nothing yet is as much as if they were one", () => {
    const stage = new Stage();
    const them = stage.speaker("them", "there");
    them.hail();
    them.say({ counted: false });
    stage.host.advance(probeIntervalMs);
    const { handed: tag, seq: echo } = them.heard!;
    const answer = { type: "echo", tag, echo } as const;
    expect(told(them.say({ counted: false, asks: false }))).toEqual(["there question"]);
    const next = stage.speaker("them", "next", 1_000);
    expect(next.say(answer)).toEqual([]);
    stage.host.advance(probeIntervalMs);
    expect(told(next.say(answer))).toEqual(["next beat"]);
  });
});

describe("who lived before", () => {
  test("and speaks in a conversation that another one followed, with neither of them over, is told nothing", () => {
    const stage = new Stage();
    const them = stage.speaker("them", "there");
    them.session = 5;
    them.come();
    them.session = 4;
    expect(them.hail()).toEqual([]);
    expect(stage.dropped).toEqual({ old: 1 });
    expect(stage.end.changes).toEqual(["them connecting>alive"]);
  });

  test("is told so in the conversation that ended, and in any before it", () => {
    for (const session of [3, 2]) {
      const stage = new Stage();
      const them = stage.speaker("them", "there");
      them.session = 3;
      them.come();
      stage.host.advance(9_000);
      them.session = session;
      const [notice] = them.hail();
      expect(notice?.frame).toMatchObject({ kind: "dead", aboutSession: session });
      expect(stage.dropped).toEqual({ old: 1 });
    }
  });

  test("is told that it is dead where it asks, not where it answers, though it says who it is", () => {
    const stage = new Stage();
    const them = stage.speaker("them", "there").come();
    stage.host.advance(9_000);
    expect(stage.status("them")).toBe("dead");
    // In the conversation we began since, as one who does not know that its own is over.
    expect(them.say({ type: "echo" })).toEqual([]);
    expect(told(them.say())).toEqual(["there notice dead"]);
    expect(stage.dropped).toEqual({ old: 2 });
  });
});

describe("what still speaks under the tag of a conversation that is over", () => {
  /** They fell silent, and we gave them up. */
  function given() {
    const stage = new Stage();
    const them = stage.speaker("them", "there").come();
    const { handed: tag } = them.heard!;
    stage.host.advance(9_000);
    expect(stage.status("them")).toBe("dead");
    return { stage, them, tag };
  }

  test("is told that it is dead to us where it asks for that: by a BEAT, short or complete", () => {
    for (const identity of [undefined, false] as const) {
      const { stage, them, tag } = given();
      const sent = them.say({ tag, ...(identity === false && { identity }) });
      expect(told(sent)).toEqual(["there notice dead"]);
      expect(sent[0]!.frame).toMatchObject({
        aboutEpoch: them.epoch,
        aboutSession: them.session,
        aboutBoot: them.boot,
        answers: them.seq,
      });
      expect(stage.dropped).toEqual({ old: 1 });
    }
  });

  test("is told so where it was, and once in a probe interval", () => {
    const { stage, them, tag } = given();
    expect(told(them.say({ tag }, "elsewhere"))).toEqual(["there notice dead"]);
    stage.host.advance(374);
    expect(them.say({ tag })).toEqual([]);
    stage.host.advance(1);
    expect(told(them.say({ tag }))).toEqual(["there notice dead"]);
    expect(stage.dropped).toEqual({ old: 3 });
  });

  test("is told nothing where it is an answer, a later conversation, or another process", () => {
    const { stage, them, tag } = given();
    expect(them.say({ tag, type: "echo" })).toEqual([]);
    expect(them.say({ tag, session: them.session + 1 })).toEqual([]);
    expect(stage.speaker("them", "there", 2_000).say({ tag })).toEqual([]);
    expect(stage.dropped).toEqual({ old: 3 });
    expect(stage.status("them")).toBe("dead");
  });

  test("is nobody's where nobody ever spoke in it", () => {
    const stage = new Stage();
    const ref = stage.end.endpoint.add("them", { path: "there" });
    stage.host.advance(1_000);
    const them = stage.speaker("them", "there");
    const { handed: tag } = them.heard!;
    stage.end.endpoint.leave(ref);
    expect(them.say({ tag })).toEqual([]);
    expect(them.say({ tag, identity: false })).toEqual([]);
    expect(stage.dropped).toEqual({ old: 2 });
  });

  test("is told again that we left where our LEAVE was lost, and not that it is dead", () => {
    const stage = new Stage();
    const them = stage.speaker("them", "there").come();
    stage.end.endpoint.leave(stage.ref("them"));
    expect(told(them.say())).toEqual(["there leave"]);
    stage.host.advance(375);
    expect(told(them.hail())).toEqual(["there leave"]);
    expect(stage.dropped).toEqual({ old: 2 });
  });
});

describe("a NOTICE to us", () => {
  test("about a conversation that is not the current one is about nobody", () => {
    const { stage, them } = living();
    const { epoch, session } = them.heard!;
    for (const aboutSession of [session - 1, session + 1]) {
      for (const kind of ["dead", "replaced", "known-as"] as const) {
        expect(them.notice({ kind, aboutSession, knownEpoch: epoch + 5 })).toEqual([]);
      }
    }
    expect(stage.dropped).toEqual({ "not-current": 6 });
    expect(stage.end.outputs).toEqual([]);
  });

  test("that our id is known makes us say at once who we are, as one who was not known, and ask for an answer", () => {
    const { stage, them } = living();
    const { epoch, session } = them.heard!;
    const sent = them.notice({ kind: "known-as", knownEpoch: epoch + 5 });
    expect(told(sent)).toEqual(["there question"]);
    expect(sent[0]!.frame).toMatchObject({ epoch: epoch + 6, session });
    expect(stage.dropped).toEqual({});
    // It was in answer to a frame of the epoch before, and is none to us any more.
    expect(them.notice({ kind: "known-as", aboutEpoch: epoch, knownEpoch: epoch + 9 })).toEqual([]);
    expect(stage.dropped).toEqual({ "not-current": 1 });
  });

  test("that our id is another's counts only as long as nothing of ours was counted", () => {
    const { stage, them } = living();
    them.notice({ kind: "duplicate-id" });
    expect(stage.end.changes).toEqual([]);
    expect(stage.dropped).toEqual({ "not-current": 1 });
    const fresh = new Stage();
    fresh.end.endpoint.add("them", { path: "there" });
    fresh.host.advance(1_000);
    const other = fresh.speaker("them", "there");
    other.notice({ kind: "duplicate-id" });
    expect(fresh.end.changes).toEqual(["them connecting>dead duplicate-id"]);
    expect(fresh.dropped).toEqual({});
  });

  test("that we are dead there ends what we may trust, and is answered with our next conversation", () => {
    const { stage, them } = living();
    const { session } = them.heard!;
    expect(stage.end.endpoint.trustedUntil(stage.ref("them"))).toBeGreaterThan(stage.host.now());
    const sent = them.notice({ kind: "dead" });
    expect(told(sent)).toEqual(["there question"]);
    expect((sent[0]!.frame as BeatFrame).session).toBeGreaterThan(session);
    expect(stage.end.endpoint.trustedUntil(stage.ref("them"))).toBe(Number.NEGATIVE_INFINITY);
    expect(stage.end.of("declared-dead")).toMatchObject([{ id: "them", at: stage.host.now() }]);
    // It names one life of ours, and that is over.
    expect(them.notice({ kind: "dead", aboutSession: session })).toEqual([]);
    expect(stage.end.of("declared-dead")).toHaveLength(1);
  });
});
