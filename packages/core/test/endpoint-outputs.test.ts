// What an endpoint tells, and what makes it tell that.
import { describe, expect, test } from "vitest";
import { encodeFrame } from "../src/endpoint/encode.ts";
import type { BeatFrame } from "../src/endpoint/frame.ts";
import { policy, Wire } from "./wire.ts";

describe("changed", () => {
  test("comes with the path of the session it is about, on both sides", () => {
    const wire = new Wire();
    wire.connect();
    expect(wire.left.of("changed")).toMatchObject([
      { id: "right", from: "connecting", to: "alive", path: "wire", session: 1 },
    ]);
    expect(wire.right.changes).toEqual(["left connecting>alive"]);
    wire.left.endpoint.ended("wire", "closed");
    expect(wire.left.of("changed")[1]).toMatchObject({
      to: "dead",
      reason: "closed",
      path: "wire",
    });
    expect(wire.left.of("changed")[1]?.safeInMs).toBeGreaterThan(0);
  });

  test("goes suspect and dead by silence, and back to alive as a new session when the cut heals", () => {
    const wire = new Wire();
    const { right, left } = wire.connect();
    wire.cut.add(wire.left).add(wire.right);
    wire.run(15_000);
    const silence = ["alive>suspect", "suspect>dead silence"];
    expect(wire.left.changes.slice(1)).toEqual(silence.map((change) => `right ${change}`));
    expect(wire.right.changes.slice(1)).toEqual(silence.map((change) => `left ${change}`));
    wire.cut.clear();
    wire.run(12_000);
    expect(wire.left.changes.slice(3)).toEqual(["right dead>connecting", "right connecting>alive"]);
    expect(wire.right.changes.slice(3)).toEqual(["left dead>connecting", "left connecting>alive"]);
    expect([
      wire.left.endpoint.state(right)?.session,
      wire.right.endpoint.state(left())?.session,
    ]).toEqual([2, 2]);
  });

  test("says unreachable where nobody ever answers", () => {
    const wire = new Wire();
    wire.cut.add(wire.right);
    wire.left.endpoint.add("right", { path: "wire" });
    wire.run(9_000);
    expect(wire.left.changes).toEqual(["right connecting>dead unreachable"]);
  });
});

describe("leave", () => {
  test("ends both sides at once, with the expected return", () => {
    const wire = new Wire();
    const { right } = wire.connect();
    wire.left.endpoint.leave(right, { returnInMs: 1_500.2, reason: "removed" });
    expect(wire.left.endpoint.trustedUntil(right)).toBe(Number.NEGATIVE_INFINITY);
    wire.deliver();
    expect(wire.left.frames.at(-1)).toMatchObject({
      type: "leave",
      reason: "removed",
      returnInMs: 1_501,
    });
    expect(wire.left.of("changed").at(-1)).toMatchObject({
      to: "dead",
      reason: "left",
    });
    // The LEAVE may be lost, so whoever leaves waits as long as the other side may trust it.
    expect(wire.left.of("changed").at(-1)?.safeInMs).toBeGreaterThan(0);
    expect(wire.right.of("changed").at(-1)).toMatchObject({
      reason: "left",
      safeInMs: 0,
      returnInMs: 1_501,
    });
    // The dead are told nothing.
    const sent = wire.left.sent.length;
    wire.left.endpoint.leave(right);
    expect(wire.left.sent.length).toBe(sent);
  });
});

describe("named", () => {
  test("tells the peer's own id, where it was added by the place it is at", () => {
    const wire = new Wire();
    const peer = wire.left.endpoint.add("host:7000", { path: "wire", anyId: true });
    wire.run(500);
    expect(wire.left.of("named")).toEqual([
      { type: "named", peer, id: "host:7000", remoteId: "right" },
    ]);
    expect(wire.left.endpoint.state(peer)?.status).toBe("alive");
  });

  test("another id than the one it was added under is nobody we want", () => {
    const wire = new Wire();
    const peer = wire.left.endpoint.add("somebody", { path: "wire" });
    wire.run(2_000);
    expect(wire.left.endpoint.state(peer)?.status).toBe("connecting");
    expect(wire.left.endpoint.stats().dropped["wrong-id"]).toBeGreaterThan(0);
    expect(wire.left.of("named")).toEqual([]);
  });
});

describe("accept", () => {
  test("is asked once about an unknown peer, and may give it a policy and a role", () => {
    const asked: unknown[] = [];
    const own = { ...policy, suspectAfterMs: 1_500 };
    const wire = new Wire(
      {},
      {
        accept: (candidate) => {
          asked.push(candidate);
          return { policy: own, role: "listen" };
        },
      },
    );
    const { left } = wire.connect();
    wire.run(2_000);
    expect(asked).toEqual([{ id: "left", path: "wire" }]);
    expect(wire.right.endpoint.state(left())?.role).toBe("listen");
    expect(wire.right.endpoint.policy(left())).toMatchObject({
      suspectAfterMs: 1_500,
      // Who came by itself is forgotten one day.
      forgetAfterMs: 30_000,
    });
  });

  test.each([
    ["not-accepted", { accept: () => false }],
    ["not-accepted", { accept: undefined }],
    ["too-many-peers", { limits: { peers: 1 } }],
  ] as const)("refuses a path: %s", (reason, options) => {
    const wire = new Wire({}, options);
    wire.right.endpoint.add("somebody else");
    wire.left.endpoint.add("right", { path: "wire" });
    wire.run(300);
    expect(wire.right.of("refused")[0]).toEqual({ type: "refused", path: "wire", reason });
    expect([wire.right.endpoint.find("left"), wire.right.endpoint.size]).toEqual([undefined, 1]);
    expect(wire.right.endpoint.stats()).toMatchObject({ candidates: 0 });
  });
});

describe("declared-dead", () => {
  test("tells us that we were given up, as soon as we speak to somebody who did", () => {
    const wire = new Wire({ policy: { ...policy, deadAfterMs: 20_000 } });
    const { right, left } = wire.connect();
    wire.cut.add(wire.left).add(wire.right);
    wire.run(8_000);
    expect(wire.left.changes.at(-1)).toBe("right alive>suspect");
    expect(wire.right.changes.at(-1)).toBe("left suspect>dead silence");
    wire.cut.clear();
    wire.right.endpoint.receive(wire.left.sent.at(-1) as Uint8Array, "wire");
    wire.deliver();
    expect(wire.left.of("declared-dead")).toMatchObject([{ peer: right, id: "right" }]);
    expect(wire.left.changes.slice(2, 4)).toEqual([
      "right suspect>dead restarted",
      "right dead>connecting",
    ]);
    wire.run(1_000);
    expect(wire.left.endpoint.state(right)).toMatchObject({ status: "alive", session: 2 });
    expect(wire.right.endpoint.state(left())).toMatchObject({ status: "alive", session: 2 });
  });
});

describe("trustedUntil", () => {
  test("is our last counted frame plus the D they announced, less 1000 ppm", () => {
    const wire = new Wire({}, { policy: { ...policy, deadAfterMs: 10_000 } });
    const { right } = wire.connect();
    wire.run(5_000);
    wire.cut.add(wire.left);
    const before = wire.left.endpoint.trustedUntil(right);
    const now = wire.host.now();
    expect(before - now).toBeGreaterThan(10_000 * 0.999 - 2_100);
    expect(before - now).toBeLessThanOrEqual(10_000 * 0.999);
    wire.run(4_000);
    // What they no longer count extends nothing.
    expect(wire.left.endpoint.trustedUntil(right)).toBeLessThanOrEqual(before + 1_000);
  });

  test("is for ever where the other side judges nobody", () => {
    const wire = new Wire({}, { role: "send" });
    const { right } = wire.connect();
    wire.run(3_000);
    expect(wire.left.endpoint.trustedUntil(right)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("policy", () => {
  test("asks the other side for another pace", () => {
    const wire = new Wire();
    const { right, left } = wire.connect();
    wire.left.endpoint.setPolicy(right, { ...policy, suspectAfterMs: 1_200, intervalMs: 400 });
    wire.run(3_000);
    expect(wire.right.endpoint.policy(left())?.intervalMs).toBe(400);
    expect(wire.left.endpoint.policy(right)).toMatchObject({
      suspectAfterMs: 1_200,
      peerGapMs: 400,
    });
  });

  test("of two that cannot come together ends as incompatible on both sides", () => {
    const wire = new Wire(
      { policy: { ...policy, maxGapMs: 1_000 } },
      { policy: { floorMs: 1_000 } },
    );
    wire.left.endpoint.add("right", {
      path: "wire",
      policy: { ...policy, wishMs: 500, maxGapMs: 900 },
    });
    wire.run(1_000);
    expect(wire.left.changes).toContain("right alive>dead incompatible");
    expect(wire.right.changes).toContain("left alive>dead incompatible");
  });
});

describe("our own troubles", () => {
  test("stalls are told and credited, and pauses blame nobody", () => {
    const wire = new Wire();
    const { right } = wire.connect();
    wire.run(2_000);
    wire.left.endpoint.stalled(20);
    wire.host.freeze(5_000);
    wire.run(1_000);
    expect(wire.left.of("stalled").length).toBeGreaterThan(0);
    expect(wire.left.endpoint.monitorStats().stalls).toBeGreaterThan(0);
    wire.left.endpoint.pause(right);
    wire.right.endpoint.pause();
    wire.cut.add(wire.left).add(wire.right);
    wire.run(20_000);
    wire.cut.clear();
    wire.left.endpoint.resume(right);
    wire.right.endpoint.resume();
    wire.run(1_000);
    expect([wire.left.changes, wire.right.changes]).toEqual([
      ["right connecting>alive"],
      ["left connecting>alive"],
    ]);
  });

  test("a sink that throws costs its own output, and the error comes to light", () => {
    const wire = new Wire(
      {},
      {
        emit() {
          throw new Error("sink");
        },
      },
    );
    wire.left.endpoint.add("right", { path: "wire" });
    wire.host.advance(300);
    expect(() => wire.deliver()).toThrow("sink");
    expect(wire.right.endpoint.find("left")).toBeDefined();
    wire.deliver();
    expect(wire.left.changes).toEqual(["right connecting>alive"]);
  });
});

describe("beats", () => {
  test("are told only while somebody asks for them", () => {
    let asked = false;
    const wire = new Wire({ observeBeats: () => asked });
    const { right } = wire.connect();
    expect(wire.left.of("beat")).toEqual([]);
    asked = true;
    wire.run(1_000);
    const seen = wire.left.of("beat");
    expect(new Set(seen.map(({ direction }) => direction))).toEqual(new Set(["sent", "received"]));
    expect(seen.every(({ peer, id, seq }) => peer === right && id === "right" && seq > 0)).toBe(
      true,
    );
  });
});

test("discordjs/discord.js#3993: an answer that was asked for out of turn is no beat that nobody answered", () => {
  const wire = new Wire();
  const { right, left } = wire.connect();
  for (let n = 0; n < 5; n++) {
    wire.run(3_000);
    const last = wire.right.beats.at(-1) as BeatFrame;
    const asked = encodeFrame({ ...last, asks: true, seq: last.seq + 1 });
    wire.left.endpoint.receive(asked, "wire");
    expect(wire.left.frames.at(-1)?.type).toBe("echo");
  }
  // To an answer there is no answer, and none is missed: all that counts is the other side's silence.
  expect(wire.left.changes).toEqual(["right connecting>alive"]);
  expect(wire.right.endpoint.state(left())?.status).toBe("alive");
  wire.run(2_000);
  wire.cut.add(wire.right);
  wire.run(policy.suspectAfterMs + 100);
  expect(wire.left.endpoint.state(right)?.status).toBe("suspect");
  expect(wire.left.of("changed").at(-1)?.evidence.missed).toBe(3);
});

test("the echo of a frame that we do not remember is no round trip to measure", () => {
  const wire = new Wire({ policy: { ...policy, proof: "round-trip" } });
  const { right } = wire.connect();
  wire.run(3_000);
  const last = wire.right.beats.at(-1) as BeatFrame;
  const before = wire.left.endpoint.state(right)?.arrivals.rttMs;
  const strange = { ...last, seq: last.seq + 1, echo: last.echo + 1_000 };
  wire.left.endpoint.receive(encodeFrame(strange), "wire");
  expect(wire.left.endpoint.state(right)?.arrivals).toMatchObject({ rttMs: before });
  expect(wire.left.endpoint.stats().dropped).toEqual({});
});

describe("forget", () => {
  test("follows the death of a peer that came by itself, and frees everything kept about it", () => {
    const wire = new Wire();
    wire.connect();
    wire.left.endpoint.close();
    wire.left.driving[Symbol.dispose]();
    wire.deliver();
    wire.run(31_000);
    // Nobody is judged or beating, so there is no timer: it is forgotten at whatever tick comes next.
    wire.right.endpoint.tick();
    expect(wire.right.of("forget")).toMatchObject([{ id: "left" }]);
    expect([wire.right.endpoint.size, wire.right.endpoint.stats().sessions]).toEqual([0, 0]);
  });
});
