// Frames of those who prove nothing, or nothing yet: which of them are answered, where to and how often, who is
// let in, and what each that is not is counted as.
import { describe, expect, test } from "vitest";
import { Stage, told } from "./speaker.ts";
import { policy } from "./wire.ts";

/** One answer to strangers at a place in so long, and to peers. */
const { intervalMs } = policy;
const minGapMs = 20;

describe("a stranger", () => {
  test("is answered, and let in once it has returned the tag it was handed", () => {
    const stage = new Stage();
    const them = stage.speaker("them", "there");
    expect(told(them.hail())).toEqual(["there echo"]);
    expect(stage.end.changes).toEqual([]);
    them.say();
    expect(stage.end.changes).toEqual(["them connecting>alive"]);
    expect(stage.dropped).toEqual({});
  });

  test("that returns it in an ECHO has proven as much", () => {
    const stage = new Stage();
    const them = stage.speaker("them", "there");
    them.hail();
    them.say({ type: "echo" });
    expect(stage.end.changes).toEqual(["them connecting>alive"]);
    expect(stage.dropped).toEqual({});
  });

  test("may have given up its side of the conversation meanwhile, but not become another", () => {
    const stage = new Stage();
    const them = stage.speaker("them", "there");
    them.session = 4;
    them.hail();
    const { handed: tag, seq: echo } = them.heard!;
    const others = [1, 2_000].map((epoch) => stage.speaker("them", "there", epoch));
    for (const other of others) other.say({ tag, echo });
    them.session = 3;
    them.say();
    expect(stage.dropped).toEqual({ old: 3 });
    stage.speaker("else", "there").say({ tag, echo });
    expect(stage.dropped).toEqual({ old: 3, "wrong-id": 1 });
    expect(stage.end.endpoint.size).toBe(0);
    them.session = 5;
    them.say();
    expect(stage.end.changes).toEqual(["them connecting>alive"]);
  });

  test("must say who it is, and in answer to something that was said lately", () => {
    const stage = new Stage();
    const them = stage.speaker("them", "there");
    them.hail();
    them.say({ identity: false });
    them.leave(9);
    expect(stage.dropped).toEqual({ unintroduced: 2 });
    them.say({ echo: 0 });
    expect(stage.dropped).toEqual({ unintroduced: 2, stale: 1 });
    stage.host.advance(policy.deadAfterMs);
    them.say();
    expect(stage.end.changes).toEqual(["them connecting>alive"]);
  });

  test("is answered where it was heard once in an interval, whoever it says it is", () => {
    const stage = new Stage();
    const [first, second] = ["them", "them"].map((id) => stage.speaker(id, "there"));
    expect(told(first!.hail())).toEqual(["there echo"]);
    const tag = first!.heard!.handed;
    stage.host.advance(intervalMs - 1);
    expect(second!.hail()).toEqual([]);
    expect(stage.dropped).toEqual({ "too-many": 1 });
    stage.host.advance(1);
    expect(told(second!.hail())).toEqual(["there echo"]);
    // It is another life, so another conversation: with the tag of the first it would be nobody.
    expect(second!.heard!.handed).not.toEqual(tag);
    second!.say();
    expect(stage.end.changes).toEqual(["them connecting>alive"]);
  });

  test("that was turned away is answered no sooner than if it had not been", () => {
    const stage = new Stage({ accept: () => false });
    const them = stage.speaker("them", "there").come();
    expect(stage.dropped).toEqual({ "not-accepted": 1 });
    expect(stage.end.endpoint.stats().refused).toEqual({ "not-accepted": 1 });
    stage.host.advance(intervalMs - 1);
    expect(them.hail()).toEqual([]);
    expect(stage.dropped).toEqual({ "not-accepted": 1, "too-many": 1 });
    stage.host.advance(1);
    expect(told(them.hail())).toEqual(["there echo"]);
  });

  test("is turned away where accept itself took the last room", () => {
    const stage = new Stage({
      limits: { peers: 1 },
      accept: () => {
        stage.end.endpoint.add("friend");
        return true;
      },
    });
    stage.speaker("them", "there").come();
    expect(stage.end.of("refused")).toEqual([
      { type: "refused", path: "there", reason: "too-many-peers" },
    ]);
    expect(stage.dropped).toEqual({ "not-accepted": 1 });
    expect(stage.status("them")).toBeUndefined();
  });

  test("is let in only where it could be answered again: where nobody else is the way", () => {
    const stage = new Stage();
    const friend = stage.end.endpoint.add("friend");
    const them = stage.speaker("them", friend);
    const { frame } = them.hail()[0]!;
    const { handed: tag, seq: echo } = frame as NonNullable<typeof them.heard>;
    them.say({ tag, echo });
    expect(stage.dropped).toEqual({ "unknown-path": 1 });
    expect(stage.end.endpoint.size).toBe(1);
  });
});

test("what bears no tag and is no complete BEAT is nobody's; our own id is nobody else's", () => {
  const stage = new Stage();
  const them = stage.speaker("them", "there");
  const sent = [
    them.hail({ identity: false }),
    them.hail({ type: "echo" }),
    them.leave(1),
    them.say({ tag: { hi: 1, lo: 2 } }),
  ];
  expect(stage.dropped).toEqual({ untagged: 3, "wrong-tag": 1 });
  const twin = stage.speaker("us", "there");
  sent.push(twin.hail());
  expect(stage.dropped).toEqual({ untagged: 3, "wrong-tag": 1, "own-id": 1 });
  stage.end.endpoint.add("them", { path: "there" });
  stage.host.advance(intervalMs);
  twin.frame(stage.sent[0]!.frame);
  expect(stage.dropped).toEqual({ untagged: 3, "wrong-tag": 1, "own-id": 1, reflected: 1 });
  expect(sent.flat()).toEqual([]);
});

describe("a peer that shows no tag", () => {
  function living(options: ConstructorParameters<typeof Stage>[0] = {}) {
    const stage = new Stage(options);
    const them = stage.speaker("them", "there").come();
    stage.end.outputs.length = 0;
    return { stage, them };
  }

  test("may have forgotten ours: it is answered in its conversation, and nothing changes", () => {
    const { stage, them } = living();
    const { handed, session } = them.heard!;
    const [answer] = them.hail();
    expect(answer).toMatchObject({
      to: "there",
      frame: { type: "echo", handed, session, echo: them.seq, counted: false, tag: them.handed },
    });
    expect(stage.dropped).toEqual({});
  });

  test("is not answered when it says again what was heard", () => {
    const { stage, them } = living();
    expect(them.hail({ seq: them.seq })).toEqual([]);
    expect(stage.dropped).toEqual({ behind: 1 });
  });

  test("is answered once in the smallest gap we accept, however often it asks", () => {
    const { stage, them } = living();
    expect(them.hail()).toHaveLength(1);
    stage.host.advance(minGapMs - 1);
    expect(them.hail()).toEqual([]);
    expect(stage.dropped).toEqual({ "too-many": 1 });
    stage.host.advance(1);
    expect(them.hail()).toHaveLength(1);
  });

  test("at another place is handed a tag there that proves this place, and no other", () => {
    const { stage, them } = living();
    const { handed } = them.heard!;
    const [answer] = them.hail({}, "elsewhere");
    expect(answer).toMatchObject({ to: "elsewhere", frame: { type: "echo", tag: them.handed } });
    const fresh = (answer!.frame as NonNullable<typeof them.heard>).handed;
    expect(fresh).not.toEqual(handed);
    expect(stage.end.endpoint.path(stage.ref("them"))).toBe("there");
    them.say({ tag: fresh }, "elsewhere");
    expect(stage.end.endpoint.path(stage.ref("them"))).toBe("elsewhere");
  });

  test("is not answered at more places than it may move to", () => {
    const { stage, them } = living({ limits: { movesPerMinute: 1 } });
    expect(told(them.hail({}, "second"))).toEqual(["second echo"]);
    stage.host.advance(minGapMs);
    expect(them.hail({}, "third")).toEqual([]);
    expect(stage.dropped).toEqual({ "too-many": 1 });
    expect(stage.end.endpoint.stats().movesRefused).toBe(1);
  });
});

describe("where we wait for a peer, and nobody has said yet who is there", () => {
  test("whoever asks is answered, all of them together once in the smallest gap we accept", () => {
    const stage = new Stage();
    stage.end.endpoint.add("them", { path: "there" });
    const [one, other] = [1, 2].map(() => stage.speaker("them", "there"));
    expect(one!.hail()).toHaveLength(1);
    expect(other!.hail()).toEqual([]);
    expect(one!.hail()).toEqual([]);
    expect(stage.dropped).toEqual({ "too-many": 2 });
    stage.host.advance(minGapMs);
    expect(other!.hail()).toHaveLength(1);
  });

  test("who lived there before is answered, whatever others ask", () => {
    const stage = new Stage();
    const them = stage.speaker("them", "there").come();
    them.leave(them.seq + 1);
    them.session += 1;
    const other = stage.speaker("them", "there", 2_000);
    expect(other.hail()).toHaveLength(1);
    expect(told(them.hail())).toEqual(["there echo"]);
    expect(them.hail()).toEqual([]);
    expect(stage.dropped).toEqual({ "too-many": 1 });
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
