// What was once said has no effect when it is said again: reflected frames, replays within a session,
// and old recordings after the session, or the process, is another.
import fc from "fast-check";
import { expect, test } from "vitest";
import { Cluster, type Process, type Received } from "./cluster.ts";
import { duo } from "./faults.ts";
import { wirePolicies } from "./wire-arbitraries.ts";

const replays = fc.record({
  seed: fc.nat(),
  policies: fc.tuple(wirePolicies, wirePolicies),
  byHand: fc.boolean(),
  // What happens between the recording and the replay.
  between: fc.constantFrom("nothing", "session", "restart of a", "restart of b"),
  picks: fc.array(
    fc.record({
      at: fc.nat(),
      kind: fc.constantFrom("replay", "replay", "reflect"),
      to: fc.constantFrom("a" as const, "b" as const),
      afterMs: fc.constantFrom(0, 0, 5, 120),
    }),
    { minLength: 1, maxLength: 60 },
  ),
});

type Replay = typeof replays extends fc.Arbitrary<infer T> ? T : never;

interface Recording {
  readonly received: readonly Received[];
  readonly sent: readonly Uint8Array[];
}

function recordingOf({ received, sent }: Process): Recording {
  return { received: [...received], sent: sent.map(({ bytes }) => bytes) };
}

function inject(
  cluster: Cluster,
  recordings: Readonly<Record<"a" | "b", Recording>>,
  picks: Replay["picks"],
): void {
  for (const { at, kind, to, afterMs } of picks) {
    const { received, sent } = recordings[to];
    const list = kind === "reflect" ? sent : received.map(({ bytes }) => bytes);
    const bytes = list[at % list.length];
    const from = to === "a" ? "b" : "a";
    if (bytes !== undefined) cluster.network.carry(from, to, bytes, false);
    cluster.run(afterMs);
  }
}

test("reflections and old recordings change nothing but counters", () => {
  fc.assert(
    fc.property(replays, ({ seed, policies, byHand, between, picks }) => {
      const cluster = new Cluster("datagram", { seed, delayMs: [1, 1] });
      cluster.recording = true;
      const two = duo(cluster, { policies, byHand });
      cluster.run(1_200);
      const recordings = { a: recordingOf(two.pair[0]), b: recordingOf(two.pair[1]) };
      if (between === "session") {
        cluster.network.cut("a", "b");
        cluster.run(6_000);
        cluster.network.heal("a", "b");
      }
      if (between === "restart of a") two.apply({ type: "restart", who: 0, clockMs: 1 });
      if (between === "restart of b") two.apply({ type: "restart", who: 1, clockMs: 1 });
      const [a, b] = two.pair;
      if (between !== "nothing") cluster.run(500);
      cluster.runUntil(() => a.status("b") === "alive" && b.status("a") === "alive", 30_000);
      if (between !== "nothing") cluster.run(500);
      expect([a.status("b"), b.status("a")]).toEqual(["alive", "alive"]);
      const outputs = [a.outputs.length, b.outputs.length];
      const sessions = [a, b].map(({ endpoint }) => endpoint.stats().sessions);
      inject(cluster, recordings, picks);
      cluster.run(1_000);
      expect([a.outputs.length, b.outputs.length]).toEqual(outputs);
      for (const [n, { endpoint }] of [a, b].entries()) {
        const { sessions: held, candidates } = endpoint.stats();
        expect(held - candidates).toBeLessThanOrEqual(sessions[n]!);
      }
    }),
  );
});

test("recordings neither keep the dead alive nor bring them back", () => {
  fc.assert(
    fc.property(replays, ({ seed, policies, byHand, picks }) => {
      const cluster = new Cluster("datagram", { seed, delayMs: [1, 1] });
      cluster.recording = true;
      const two = duo(cluster, { policies, byHand });
      cluster.run(1_200);
      const [a, b] = two.pair;
      const recordings = { a: recordingOf(a), b: recordingOf(b) };
      const { suspectAfterMs, deadAfterMs } = a.endpoint.policy([...a.endpoint][0]!)!;
      b.stop();
      inject(cluster, recordings, picks);
      cluster.run(suspectAfterMs + 2 * deadAfterMs);
      expect(a.status("b")).toBe("dead");
      inject(cluster, recordings, picks);
      cluster.run(1_000);
      expect(a.changes.filter(({ to }) => to === "alive")).toHaveLength(1);
    }),
  );
});
