// Who comes by another way than it was added or lived by: what it is judged by, who waits for whom, and
// how often it is answered.
import { describe, expect, test } from "vitest";
import { encodeFrame } from "../src/endpoint/encode.ts";
import type { BeatFrame } from "../src/endpoint/frame.ts";
import { End, Wire } from "./wire.ts";

const slow = { intervalMs: 2_000, suspectAfterMs: 8_000, deadAfterMs: 20_000, jitter: 0 };

describe("a peer is judged by its own policy and role", () => {
  test("where it was added at another place than it comes from", () => {
    const wire = new Wire();
    const left = wire.right.endpoint.add("left", { path: "old", policy: slow, role: "listen" });
    wire.connect();
    expect(wire.right.endpoint.state(left)?.status).toBe("alive");
    expect(wire.right.endpoint.policy(left)).toMatchObject({
      suspectAfterMs: 8_000,
      deadAfterMs: 20_000,
    });
    wire.run(1_000);
    expect(wire.right.frames.at(-1)).toMatchObject({ gapMs: 0, deadMs: 20_000 });
  });

  test("where it was accepted with a role of its own: who only answers says so, and is asked", () => {
    const wire = new Wire({}, { accept: () => ({ role: "listen" }) });
    const { right } = wire.connect();
    wire.run(20_000);
    expect(wire.left.changes).toEqual(["right connecting>alive"]);
    expect(wire.left.endpoint.state(right)?.status).toBe("alive");
    expect(wire.right.frames.at(-1)).toMatchObject({ type: "echo", gapMs: 0 });
  });

  test("after it came back on another connection", () => {
    const wire = new Wire({}, { transport: "stream", accept: () => ({ policy: slow }) });
    const { left } = wire.connect();
    expect(wire.right.endpoint.policy(left())?.deadAfterMs).toBe(20_000);
    wire.right.endpoint.ended("wire", "closed");
    const again = new End(wire.host, { id: "left", transport: "stream" });
    again.endpoint.add("right", { path: "next" });
    wire.host.advance(500);
    for (const frame of again.inFlight) wire.right.endpoint.receive(frame, "next");
    expect(wire.right.endpoint.state(left())?.status).toBe("alive");
    expect(wire.right.endpoint.policy(left())?.deadAfterMs).toBe(20_000);
  });
});

/** The right end is alive with a left one, and another process with its id has just said hello. */
function contested() {
  const wire = new Wire({ transport: "stream" }, { transport: "stream" });
  const { left } = wire.connect();
  const { host } = wire;
  host.freeze(1);
  const rival = new End(host, { id: "left", transport: "stream" });
  rival.endpoint.add("right", { path: "next" });
  host.advance(500);
  for (const frame of rival.inFlight) wire.right.endpoint.receive(frame, "next");
  wire.cut.add(wire.left);
  return { wire, rival, incumbent: left() };
}

describe("one id, one life", () => {
  test("a newcomer that has gone takes over from nobody", () => {
    const { wire, incumbent } = contested();
    wire.right.endpoint.ended("next", "closed");
    wire.run(2_000);
    expect(wire.right.endpoint.path(incumbent)).toBe("wire");
    wire.cut.clear();
    wire.run(2_000);
    expect(wire.right.endpoint.state(incumbent)).toMatchObject({ status: "alive", session: 1 });
  });

  test("an incumbent whose frames we do not read is silent for nobody", () => {
    const { wire, incumbent } = contested();
    wire.right.endpoint.pause(incumbent);
    wire.run(10_000);
    expect(wire.right.changes).toEqual(["left connecting>alive"]);
    wire.cut.clear();
    wire.right.endpoint.resume(incumbent);
    wire.run(2_000);
    expect(wire.right.changes).toEqual(["left connecting>alive"]);
    expect(wire.right.of("refused")).toEqual([
      { type: "refused", path: "next", reason: "duplicate-id" },
    ]);
  });
});

describe("where there is room for one", () => {
  /** The right end has taken in one that came by itself; others say hello to it. */
  function full(accept: (id: string, right: End) => boolean) {
    const asked: string[] = [];
    const wire = new Wire(
      {},
      {
        limits: { peers: 1 },
        accept: ({ id }) => {
          asked.push(id);
          return accept(id, wire.right);
        },
      },
    );
    const { right, left } = wire.connect();
    const come = (id: string) => {
      const end = new End(wire.host, { id });
      end.endpoint.dial(end.endpoint.add("right"), "up");
      wire.right.endpoint.receive(end.sent[0] as Uint8Array, id);
    };
    const die = () => {
      wire.left.endpoint.leave(right);
      wire.deliver();
    };
    const refused = () => wire.right.of("refused").map(({ path, reason }) => [path, reason]);
    return { wire, endpoint: wire.right.endpoint, asked, come, die, refused, left };
  }

  test("nobody is asked about a second while the first lives", () => {
    const { endpoint, asked, come, refused } = full(() => true);
    come("second");
    expect([asked, refused()]).toEqual([["left"], [["second", "too-many-peers"]]]);
    expect(endpoint.stats()).toMatchObject({ forgottenEarly: 0, dropped: { "not-accepted": 1 } });
  });

  test("the dead give way to the living", () => {
    const { wire, endpoint, asked, come, die, refused, left } = full(() => true);
    const peer = left();
    die();
    come("second");
    expect([asked, refused()]).toEqual([["left", "second"], []]);
    expect(wire.right.of("forget")).toEqual([{ type: "forget", peer, id: "left" }]);
    expect(endpoint.stats()).toMatchObject({ forgottenEarly: 1, peers: 1, tombstones: 0 });
    expect(endpoint.state(endpoint.find("second")!)?.status).toBe("alive");
  });

  test("nobody gets in who is accepted while the last room is given away", () => {
    const { endpoint, come, die, refused, left } = full((id, right) => {
      if (id === "left") return true;
      right.endpoint.remove(left());
      right.endpoint.add("by hand");
      return true;
    });
    die();
    come("second");
    expect(refused()).toEqual([["second", "too-many-peers"]]);
    expect([endpoint.size, endpoint.find("second")]).toEqual([1, undefined]);
    expect(endpoint.stats()).toMatchObject({ candidates: 0, forgottenEarly: 0 });
  });
});

test("of strangers who prove nothing as many are remembered as the limit says", () => {
  const datagram = { transport: "datagram" } as const;
  const remembered = (candidates?: number) => {
    const { left, right } = new Wire(datagram, { ...datagram, limits: { candidates } });
    left.endpoint.dial(left.endpoint.add("right"), "wire");
    for (let n = 0; n < 5; n++) right.endpoint.receive(left.sent[0] as Uint8Array, `place ${n}`);
    return right.endpoint.stats().candidates;
  };
  expect([remembered(2), remembered()]).toEqual([2, 5]);
});

test("who is not accepted is answered once in an interval, however often it asks", () => {
  const wire = new Wire({ transport: "datagram" }, { transport: "datagram", accept: () => false });
  wire.left.endpoint.add("right", { path: "wire" });
  wire.run(500);
  const hello = wire.left.beats[0] as BeatFrame;
  const answers = () => wire.right.frames.filter(({ type }) => type === "echo").length;
  const before = answers();
  for (let seq = 100; seq < 200; seq++) {
    wire.right.endpoint.receive(encodeFrame({ ...hello, seq }), "wire");
    wire.deliver();
    const echo = wire.right.frames.at(-1) as BeatFrame;
    wire.right.endpoint.receive(encodeFrame({ ...hello, seq, tag: echo.handed }), "wire");
    wire.host.advance(1);
  }
  expect(answers() - before).toBeLessThanOrEqual(1);
});
