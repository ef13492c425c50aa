// docs/wire.md is enough: a responder written from it alone is taken for alive by a real endpoint, dies
// and returns, and is told what it must know.
import { describe, expect, test } from "vitest";
import { ManualHost } from "../src/testing/manual-host.ts";
import { MinimalResponder } from "./minimal-responder.ts";
import { End, policy } from "./wire.ts";

const KINDS = ["message", "datagram"] as const;

function setUp(transport: (typeof KINDS)[number]) {
  const host = new ManualHost();
  const end = new End(host, { id: "watcher", transport });
  const start = (epoch: number) =>
    new MinimalResponder({
      id: "little",
      epoch,
      random: () => host.entropy(),
      trustsPlaces: transport === "message",
    });
  const little = { responder: start(1_000), reachable: true, answers: 0, largest: 0 };
  const peer = end.endpoint.add("little", { path: "wire" });
  const run = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) {
      host.advance(10);
      for (const question of end.inFlight.splice(0)) {
        if (!little.reachable) continue;
        const answer = little.responder.take(question);
        if (answer === undefined) continue;
        little.answers += 1;
        little.largest = Math.max(little.largest, answer.length - question.length);
        end.endpoint.receive(answer, "wire");
      }
    }
  };
  return { end, peer, little, start, run };
}

describe.each(KINDS)("over %s", (transport) => {
  test("it is alive within a second, and stays so", () => {
    const { end, peer, little, run } = setUp(transport);
    run(1_000);
    expect(end.changes).toEqual(["little connecting>alive"]);
    run(60_000);
    expect(end.changes).toHaveLength(1);
    expect(end.endpoint.stats().dropped).toEqual({});
    // No answer was longer than its question, and it is asked at the pace that was announced.
    expect(little.largest).toBeLessThanOrEqual(0);
    expect(little.answers).toBeLessThan(75);
    // It judges nobody, so it can have declared nobody dead.
    expect(end.endpoint.trustedUntil(peer)).toBe(Number.POSITIVE_INFINITY);
  });

  test("its frames become short once it was introduced", () => {
    const { end, run } = setUp(transport);
    run(10_000);
    expect(end.sent.at(-1)?.length).toBe(78);
  });

  test("it dies when it falls silent, and returns as a new session when it speaks again", () => {
    const { end, little, run } = setUp(transport);
    run(2_000);
    little.reachable = false;
    run(policy.deadAfterMs + 4_000);
    little.reachable = true;
    run(25_000);
    expect(end.changes).toEqual([
      "little connecting>alive",
      "little alive>suspect",
      "little suspect>dead silence",
      "little dead>connecting",
      "little connecting>alive",
    ]);
  });

  test("a later process with its id is its next life", () => {
    const { end, little, start, run } = setUp(transport);
    run(2_000);
    little.responder = start(2_000);
    run(20_000);
    expect(end.changes.at(-1)).toBe("little connecting>alive");
    expect(end.changes).toContain("little dead>connecting");
  });

  test("it hears that it was left", () => {
    const { end, peer, little, run } = setUp(transport);
    run(2_000);
    end.endpoint.leave(peer);
    run(100);
    expect(little.responder.left).toBe(true);
  });
});
