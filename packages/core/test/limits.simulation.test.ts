// How much is let through: a flood is dropped and counted, and on datagrams that is all; on streams
// it is fatal, but only after it lasted; whoever keeps its promise is never dropped.
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFrame } from "../src/endpoint/encode.ts";
import type { BeatFrame } from "../src/endpoint/frame.ts";
import { Cluster, type Process } from "./cluster.ts";

const POLICY = { intervalMs: 60, suspectAfterMs: 200, deadAfterMs: 300, minGapMs: 20 };

/** `b` floods `a` with valid beats, `times` as many as it may, for so long. */
function flood(cluster: Cluster, times: number, forMs: number): Process {
  const a = cluster.start("a", { policy: POLICY, accept: () => true });
  const b = cluster.start("b", { policy: { ...POLICY, deadAfterMs: 60_000 } });
  b.add("a");
  cluster.recording = true;
  cluster.run(400);
  const last = b.sent.findLast(({ frame }) => frame.type === "beat")!.frame as BeatFrame;
  // Its numbers leave room for those of `b` itself.
  let seq = last.seq + 1_000;
  const gapMs = POLICY.minGapMs / times;
  for (let passedMs = 0; passedMs < forMs && a.status("b") === "alive"; passedMs += gapMs) {
    seq += 1;
    const [{ path }] = [a.changes.at(-1)!];
    a.endpoint.receive(encodeFrame({ ...last, seq }), path!);
    cluster.run(gapMs);
  }
  return a;
}

test("CVE-2019-9512: a flood of datagrams is dropped and counted, and never fatal", () => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(3, 8, 20), (seed, times) => {
      const cluster = new Cluster("datagram", { seed });
      const a = flood(cluster, times, 300);
      const allowed = 300 / POLICY.minGapMs;
      expect(a.endpoint.stats().dropped["too-many"]).toBeGreaterThan(allowed * (times - 2.8));
      expect(a.deaths()).toEqual([]);
    }),
  );
});

test("gRPC keepalive strikes: on streams four times too many is only dropped, and more is fatal after D", () => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(2, 3.9, 8, 20), (seed, times) => {
      const { deadAfterMs } = POLICY;
      const patient = new Cluster("stream", { seed, delayMs: [1, 1] });
      expect(flood(patient, times, deadAfterMs - 20).deaths()).toEqual([]);
      const cluster = new Cluster("stream", { seed, delayMs: [1, 1] });
      // What the bucket holds is used up first: D at four times the rate.
      const drainMs = (4 * deadAfterMs) / (times - 4);
      const forMs = times > 4 ? drainMs + deadAfterMs + 300 : 1_000;
      const reasons = flood(cluster, times, forMs)
        .deaths()
        .map(({ reason }) => reason);
      expect(reasons).toEqual(times > 4 ? ["protocol-error"] : []);
    }),
  );
});

const backlogs = fc.record({
  transport: fc.constantFrom("datagram" as const, "stream" as const),
  seed: fc.nat(),
  gapMs: fc.integer({ min: 20, max: 60 }),
  freezes: fc.array(fc.integer({ min: 20, max: 2_500 }), { minLength: 1, maxLength: 2 }),
});

test("a peer that beats as fast as it may is never dropped, a backlog included", () => {
  fc.assert(
    fc.property(backlogs, ({ transport, seed, gapMs, freezes }) => {
      const cluster = new Cluster(transport, { seed, delayMs: [1, 5] });
      const a = cluster.start("a", {
        policy: {
          intervalMs: 100,
          suspectAfterMs: 150,
          deadAfterMs: 300,
          wishMs: 60,
          minGapMs: gapMs,
        },
        accept: () => true,
      });
      const b = cluster.start("b", {
        policy: {
          intervalMs: gapMs,
          suspectAfterMs: 5_000,
          deadAfterMs: 9_000,
          floorMs: gapMs,
          jitter: 0,
        },
      });
      b.add("a");
      cluster.run(500);
      for (const freezeMs of freezes) {
        a.host.freeze(freezeMs);
        cluster.run(freezeMs + 200);
      }
      expect(a.endpoint.stats().dropped["too-many"]).toBeUndefined();
      expect([...a.deaths(), ...b.deaths()]).toEqual([]);
    }),
  );
});
