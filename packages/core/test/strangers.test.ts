// Frames of those who prove nothing, or nothing yet: which of them are answered, where to and how often, who is
// let in, and what each that is not is counted as.
import { describe, expect, test } from "vitest";
import { living, Stage, told } from "./speaker.ts";
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

  test("is not even asked about where there is no room for it", () => {
    let asked = 0;
    const stage = new Stage({ limits: { peers: 1 }, accept: () => ++asked > 0 });
    stage.end.endpoint.add("friend");
    stage.speaker("them", "there").come();
    expect(asked).toBe(0);
    expect(stage.end.endpoint.stats().refused).toEqual({ "too-many-peers": 1 });
  });

  test("that accept itself adds by hand is a peer like any other that was", () => {
    const slow = { ...policy, deadAfterMs: 20_000 };
    const stage = new Stage({
      accept: ({ id }) => {
        stage.end.endpoint.add(id, { path: "there", policy: slow });
        return true;
      },
    });
    const them = stage.speaker("them", "there").come();
    expect(stage.end.changes).toEqual(["them connecting>alive"]);
    expect(stage.end.endpoint.policy(stage.ref("them"))?.deadAfterMs).toBe(20_000);
    them.leave(them.seq + 1);
    expect(stage.end.endpoint.stats()).toMatchObject({ peers: 1, tombstones: 0 });
  });

  test("is one of those who share so many answers a second, wherever they are", () => {
    const stage = new Stage({ limits: { strangersPerSecond: 2 } });
    stage.host.advance(1_000);
    const hail = (place: string) => told(stage.speaker(place, place).hail());
    expect(["a", "b", "c"].flatMap(hail)).toEqual(["a echo", "b echo"]);
    expect(stage.dropped).toEqual({ "too-many-strangers": 1 });
    stage.host.advance(499);
    expect(hail("d")).toEqual([]);
    stage.host.advance(1);
    expect(hail("e")).toEqual(["e echo"]);
    expect(stage.dropped).toEqual({ "too-many-strangers": 2 });
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
    them.hail({ asks: false }),
    them.leave(1),
    them.say({ tag: { hi: 1, lo: 2 } }),
  ];
  expect(stage.dropped).toEqual({ untagged: 4, "wrong-tag": 1 });
  const twin = stage.speaker("us", "there");
  sent.push(twin.hail());
  expect(stage.dropped).toEqual({ untagged: 4, "wrong-tag": 1, "own-id": 1 });
  stage.end.endpoint.add("them", { path: "there" });
  stage.host.advance(intervalMs);
  twin.frame(stage.sent[0]!.frame);
  expect(stage.dropped).toEqual({ untagged: 4, "wrong-tag": 1, "own-id": 1, reflected: 1 });
  expect(sent.flat()).toEqual([]);
});

test("a beacon is a BEAT that asks nothing, and its sender is never answered", () => {
  const stage = new Stage({ acceptBeacon: () => true });
  const them = stage.speaker("them", "there");
  them.hail({ type: "echo" });
  expect(stage.end.endpoint.size).toBe(0);
  them.hail({ asks: false });
  expect(stage.end.changes).toEqual(["them connecting>alive"]);
  expect(stage.dropped).toEqual({ untagged: 1 });
  expect(them.hail()).toEqual([]);
  expect(stage.dropped).toEqual({ untagged: 2 });
});

describe("a peer that shows no tag", () => {
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

describe("where we wait for a peer, and nobody has lived yet", () => {
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

  test.each(["the next conversation of the same process", "another process"])(
    "a first question is answered as such also where the number of the last frame was the same: %s",
    (what) => {
      const stage = new Stage();
      stage.end.endpoint.add("them", { path: "there" });
      const them = stage.speaker("them", "there");
      stage.host.advance(intervalMs);
      them.say({ type: "echo", counted: false });
      expect(stage.dropped).toEqual({});
      expect(stage.status("them")).toBe("connecting");
      stage.host.advance(2_000);
      const next = what.startsWith("another") ? stage.speaker("them", "there", 2_000) : them;
      if (next === them) them.session += 1;
      next.seq = 0;
      expect(told(next.hail())).toEqual(["there echo"]);
      // It is about the question, which was not heard before it came, and nothing of it has counted.
      expect(next.heard).toMatchObject({ echo: 1, heldMicros: 0, counted: false });
      next.say();
      expect(stage.end.changes).toEqual(["them connecting>alive"]);
    },
  );
});
