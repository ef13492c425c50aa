// Connections of nobody we know yet: bounded in number and time, asked who they are before their id
// counts for anything, and nothing lost while that is looked into.
import { describe, expect, test } from "vitest";
import { Alarms } from "../src/endpoint/alarms.ts";
import type { EndpointOptions } from "../src/endpoint/options.ts";
import { End, Wire } from "./wire.ts";

const stream = { transport: "stream" } as const;
type Options = Partial<EndpointOptions<string>>;

/** A right end with nobody on it, and hellos of as many left ones as a test wants. */
function setUp(options: Options = {}) {
  const wire = new Wire(stream, { ...stream, ...options });
  const { host } = wire;
  const { endpoint } = wire.right;
  const hello = (id: string, message?: Uint8Array): Uint8Array<ArrayBuffer>[] => {
    host.advance(1);
    const end = new End(host, { id, ...stream });
    const ref = end.endpoint.add("right", { anyId: true });
    end.endpoint.dial(ref, "up");
    if (message) end.endpoint.message(ref, message);
    end.driving[Symbol.dispose]();
    return end.sent;
  };
  /** All of it in one chunk. */
  const receive = (path: string, frames: readonly Uint8Array[]) =>
    endpoint.receive(Uint8Array.from(frames.flatMap((frame) => [...frame])), path);
  const refused = () => wire.right.of("refused").map(({ path, reason }) => `${path} ${reason}`);
  return { ...wire, host, endpoint, right: wire.right, hello, receive, refused };
}

describe("a connection of nobody", () => {
  test("that never says a byte is refused after deadAfterMs", () => {
    const { endpoint, host, refused } = setUp();
    endpoint.opened("mute");
    expect(endpoint.stats().handshakes).toBe(1);
    host.advance(5_999);
    expect(refused()).toEqual([]);
    host.advance(1);
    expect(refused()).toEqual(["mute handshake-timeout"]);
    expect(endpoint.stats()).toMatchObject({ handshakes: 0, refused: { "handshake-timeout": 1 } });
    expect(endpoint.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test("is one as soon as anything comes on it, though nobody said that it is up", () => {
    const { endpoint, host, refused } = setUp({ transport: "message" });
    endpoint.receive(new Uint8Array(10), "mute");
    expect(endpoint.stats().handshakes).toBe(1);
    host.advance(6_000);
    expect(refused()).toEqual(["mute handshake-timeout"]);
  });

  test("is none where there are no connections: an address is kept by nobody", () => {
    const { endpoint, host, refused } = setUp({ transport: "datagram" });
    endpoint.opened("there");
    endpoint.receive(new Uint8Array(10), "elsewhere");
    expect(endpoint.stats().handshakes).toBe(0);
    host.advance(6_000);
    expect(refused()).toEqual([]);
  });

  test("that says a part of something, or drips bytes, gets no more time", () => {
    const { host, hello, receive, refused } = setUp({ limits: { handshakeMs: 1_000 } });
    const [frame] = hello("left") as [Uint8Array];
    for (let at = 0; at < 1_000; at += 100) {
      receive("slow", [frame.subarray(at / 100, at / 100 + 1)]);
      host.advance(100);
    }
    expect(refused()).toEqual(["slow handshake-timeout"]);
  });

  test("that says who it is in time, or ends, is not refused", () => {
    const { endpoint, host, hello, receive, refused } = setUp();
    endpoint.opened("up");
    endpoint.opened("gone");
    receive("up", hello("left"));
    endpoint.ended("gone", "closed");
    expect(endpoint.stats().handshakes).toBe(0);
    host.advance(5_000);
    receive("up", hello("left"));
    host.advance(5_000);
    expect(refused()).toEqual([]);
  });

  test("is not blamed for a freeze of ours: what it said may lie unread", () => {
    const { endpoint, host, hello, receive, refused, right } = setUp();
    receive("known", hello("known"));
    endpoint.opened("fresh");
    host.freeze(10_000);
    endpoint.tick();
    expect(refused()).toEqual([]);
    receive("fresh", hello("left"));
    expect(right.changes).toContain("left connecting>alive");
  });

  test("gives way when there are too many: the oldest first", () => {
    const { endpoint, refused } = setUp({ limits: { candidates: 2 } });
    for (const path of ["a", "b", "c"]) endpoint.opened(path);
    expect(refused()).toEqual(["a too-many-handshakes"]);
    expect(endpoint.stats()).toMatchObject({
      handshakes: 2,
      refused: { "too-many-handshakes": 1 },
    });
  });
});

describe("authenticate", () => {
  test("is asked once, also where whoever is authentic is refused for all that", () => {
    let asked = 0;
    const { endpoint, hello, receive, refused } = setUp({
      accept: () => false,
      authenticate: () => {
        asked += 1;
        return undefined;
      },
    });
    const first = hello("left");
    receive("up", first);
    receive("up", first);
    endpoint.authenticated("up", true);
    expect([asked, refused()]).toEqual([1, ["up not-accepted"]]);
    expect(endpoint.stats()).toMatchObject({ candidates: 0, sessions: 0 });
  });

  const asked: string[] = [];
  const answering = (answer: boolean | undefined): Options => ({
    authenticate: ({ id, path }) => {
      asked.push(`${id} at ${path}`);
      return answer;
    },
  });

  test("is asked once a connection, also about an id that is known", () => {
    asked.length = 0;
    const { endpoint, hello, receive, right } = setUp(answering(true));
    receive("one", [...hello("left"), ...hello("left")]);
    endpoint.ended("one", "closed");
    receive("two", hello("left"));
    expect(asked).toEqual(["left at one", "left at two"]);
    expect(right.changes.at(-1)).toBe("left connecting>alive");
  });

  test("that says no costs the connection, and the peer with that id nothing", () => {
    const { endpoint, host, hello, receive, refused, right } = setUp({
      authenticate: ({ path }) => path === "good",
    });
    receive("good", hello("left"));
    receive("bad", [...hello("left"), ...hello("left")]);
    host.advance(500);
    expect(refused()).toEqual(["bad not-authentic"]);
    expect(right.changes).toEqual(["left connecting>alive"]);
    expect(endpoint.stats()).toMatchObject({ dropped: { "not-authentic": 1 }, handshakes: 0 });
  });

  test("may take its time: nothing counts before, nothing is lost, and the order stays", () => {
    const { endpoint, host, hello, receive, right } = setUp(answering(undefined));
    receive("up", hello("left", Uint8Array.of(1)));
    host.advance(1_000);
    expect([right.changes, right.sent]).toEqual([[], []]);
    endpoint.authenticated("up", true);
    expect(right.changes).toEqual(["left connecting>alive"]);
    expect(right.of("message")).toMatchObject([{ id: "left", bytes: Uint8Array.of(1) }]);
    endpoint.authenticated("up", false);
    expect(right.changes).toEqual(["left connecting>alive"]);
  });

  test("that takes longer than the handshake may is too late", () => {
    const { endpoint, host, hello, receive, refused, right } = setUp(answering(undefined));
    receive("up", hello("left"));
    host.advance(6_000);
    endpoint.authenticated("up", true);
    endpoint.authenticated("nowhere", true);
    expect(refused()).toEqual(["up handshake-timeout"]);
    expect(right.changes).toEqual([]);
    expect(endpoint.stats()).toMatchObject({ handshakes: 0, candidates: 0, sessions: 0 });
  });

  test("that says no after a while, or after the connection is gone", () => {
    const { endpoint, hello, receive, refused, right } = setUp(answering(undefined));
    receive("up", hello("left"));
    receive("gone", hello("other"));
    endpoint.ended("gone", "closed");
    endpoint.authenticated("gone", true);
    endpoint.authenticated("up", false);
    expect([refused(), right.changes]).toEqual([["up not-authentic"], []]);
  });

  test("holds a message of the longest, and beats for a while, and no more", () => {
    const { endpoint, hello, receive, refused, right } = setUp({
      ...answering(undefined),
      maxMessageBytes: 100,
    });
    // 256 bytes for a frame, and its payload: 64 of the one kind, and one of the other.
    const greet = (path: string, beats: number) => {
      const [first, message] = hello("left", new Uint8Array(100)) as [Uint8Array, Uint8Array];
      receive(path, [first, message, ...new Array<Uint8Array>(beats).fill(first)]);
    };
    greet("up", 63);
    expect(refused()).toEqual([]);
    endpoint.authenticated("up", true);
    expect(right.of("message")).toHaveLength(1);
    greet("flood", 64);
    expect(refused()).toEqual(["flood protocol-error"]);
    expect(endpoint.stats()).toMatchObject({
      dropped: { "too-many": 1 },
      handshakes: 0,
      candidates: 0,
    });
  });

  test("holds no second message of the longest", () => {
    const { hello, receive, refused } = setUp({
      ...answering(undefined),
      maxMessageBytes: 20_000,
    });
    const [first, message] = hello("left", new Uint8Array(20_000)) as [Uint8Array, Uint8Array];
    receive("up", [first, message]);
    expect(refused()).toEqual([]);
    receive("up", [message]);
    expect(refused()).toEqual(["up protocol-error"]);
  });

  test("owes no answer of whom accept threw over, and takes none", () => {
    let accepts = (): boolean => {
      throw new Error("accept");
    };
    const { endpoint, hello, receive, refused, right } = setUp({
      ...answering(true),
      accept: () => accepts(),
    });
    const first = hello("left");
    expect(() => receive("up", first)).toThrow("accept");
    endpoint.authenticated("up", false);
    accepts = () => true;
    receive("up", first);
    expect([refused(), right.changes]).toEqual([[], ["left connecting>alive"]]);
  });

  test("is not asked again of who waits for an id, nor is an answer taken that is not owed", () => {
    asked.length = 0;
    const { endpoint, host, hello, receive, refused } = setUp(answering(true));
    receive("one", hello("left"));
    host.advance(5);
    const rival = hello("left");
    receive("two", [...rival, ...rival]);
    endpoint.authenticated("two", false);
    endpoint.authenticated("two", true);
    expect([asked, refused()]).toEqual([["left at one", "left at two"], []]);
    expect(endpoint.stats().dropped).toEqual({ contested: 1 });
  });

  test("loses nothing of what it held behind a frame over which accept throws", () => {
    let asked = 0;
    const { endpoint, hello, receive, right } = setUp({
      ...answering(undefined),
      accept: () => {
        asked += 1;
        if (asked === 1) throw new Error("accept");
        return true;
      },
    });
    const frames = hello("left", Uint8Array.of(1));
    receive("up", [...frames, ...frames]);
    expect(() => endpoint.authenticated("up", true)).toThrow("accept");
    expect(endpoint.stats().dropped).toEqual({ "unexpected-data": 1 });
    expect([right.changes, right.of("message").length]).toEqual([["left connecting>alive"], 1]);
  });

  test("was about one id: under another one nobody gets in", () => {
    const { endpoint, host, hello, receive, right } = setUp({
      authenticate: ({ id }) => id !== "boss",
    });
    receive("one", hello("left"));
    host.advance(5);
    const rival = hello("left");
    receive("two", rival);
    // Waits while the incumbent is asked, and tries another name meanwhile.
    receive("two", hello("boss"));
    expect(endpoint.find("boss")).toBeUndefined();
    expect(endpoint.stats().dropped["wrong-id"]).toBe(1);
    expect(right.changes).toEqual(["left connecting>alive"]);
  });

  test("is not for addresses, which prove nothing", () => {
    expect(() => setUp({ transport: "datagram", authenticate: () => true })).toThrow(
      "Use accept, and keys",
    );
  });
});

test("of two rivals the later one waits no longer than the first would have, and the first is told", () => {
  const { host, hello, receive, refused, right } = setUp();
  receive("incumbent", hello("left"));
  host.advance(1_000);
  receive("first", hello("left"));
  host.advance(1_000);
  receive("second", hello("left"));
  expect(refused()).toEqual(["first duplicate-id"]);
  host.advance(501);
  expect(right.changes).toEqual([
    "left connecting>alive",
    "left alive>dead replaced",
    "left dead>connecting",
  ]);
});

test("of two newcomers under two ids, one that has gone is no matter to the other", () => {
  const { endpoint, host, hello, receive, right } = setUp();
  for (const id of ["a", "b"]) receive(id, hello(id));
  host.advance(1_000);
  for (const id of ["a", "b"]) receive(`another ${id}`, hello(id));
  endpoint.ended("another a", "closed");
  // The incumbents say nothing.
  host.advance(1_501);
  expect(right.changes.slice(2)).toEqual(["b alive>dead replaced", "b dead>connecting"]);
});

describe("leaveSoon", () => {
  function living() {
    const wire = new Wire(stream, stream);
    const { right } = wire.connect();
    return { wire, right, endpoint: wire.left.endpoint };
  }

  test("leaves with the next leave", () => {
    const { wire, right, endpoint } = living();
    endpoint.leaveSoon(right, { withinMs: 1_000 });
    wire.run(500);
    expect(wire.left.changes).toEqual(["right connecting>alive"]);
    endpoint.leave(right);
    wire.run(2_000);
    expect(wire.left.changes).toEqual(["right connecting>alive", "right alive>dead left"]);
    expect(wire.right.changes.at(-1)).toBe("left alive>dead left");
  });

  test("leaves by itself where that takes too long, and says what it was told to say", () => {
    const { wire, right, endpoint } = living();
    endpoint.leaveSoon(right, { withinMs: 1_000, returnInMs: 60_000 });
    wire.run(990);
    expect(wire.left.changes).toEqual(["right connecting>alive"]);
    wire.run(20);
    expect(wire.left.changes.at(-1)).toBe("right alive>dead left");
    expect(wire.right.of("changed").at(-1)).toMatchObject({ to: "dead", returnInMs: 60_000 });
  });

  test("waits by default for twice as long as a silence may last, and for no longer than a life", () => {
    const { wire, right, endpoint } = living();
    endpoint.leaveSoon(right);
    wire.run(11_900);
    expect(wire.left.changes).toEqual(["right connecting>alive"]);
    wire.run(200);
    expect(wire.left.changes.at(-1)).toBe("right alive>dead left");
    endpoint.leaveSoon(right, { withinMs: 0 });
    expect(() => endpoint.leaveSoon(right, { withinMs: -1 })).toThrow("withinMs must be");
    const other = living();
    other.endpoint.leaveSoon(other.right);
    other.endpoint.ended("wire", "closed");
    other.wire.run(20_000);
    expect(other.wire.left.changes[1]).toBe("right alive>dead closed");
    expect(other.wire.left.changes.join()).not.toContain("left");
  });
});

test("a message that is none, or too long, is the caller's mistake", () => {
  const wire = new Wire({ ...stream, maxMessageBytes: 100 }, stream);
  const { right } = wire.connect();
  const send = (bytes: unknown) => () => wire.left.endpoint.message(right, bytes as Uint8Array);
  expect(send("text")).toThrow('A message must be bytes (got "string").\nEncode text with');
  expect(send(new Uint8Array(101))).toThrow("A message must be at most 100 bytes long (got 101).");
  expect(send(new Uint8Array(100))()).toBe(true);
});

test("alarms come in time, and may be looked at too early but never too late", () => {
  const alarms = new Alarms<string>();
  alarms.set("a", 10);
  alarms.set("b", 20);
  expect([alarms.oldest, alarms.size, alarms.nextAt]).toEqual(["a", 2, 10]);
  alarms.delete("a");
  expect(alarms.nextAt).toBe(10);
  expect(alarms.take(15)).toEqual([]);
  expect(alarms.nextAt).toBe(20);
  expect([alarms.take(20), alarms.nextAt]).toEqual([["b"], Number.POSITIVE_INFINITY]);
  alarms.set("c", 30);
  expect([alarms.has("c"), alarms.nextAt]).toEqual([true, 30]);
  alarms.clear();
  expect([alarms.size, alarms.take(100)]).toEqual([0, []]);
});
