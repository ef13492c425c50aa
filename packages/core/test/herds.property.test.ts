// Many peers that begin at once must not go on together: cockroachdb/cockroach#161383, cortexproject/cortex#1534.
import fc from "fast-check";
import { expect, test } from "vitest";
import { createMonitor } from "../src/monitor/monitor.ts";
import { paceWindowMs } from "../src/peer/rules.ts";

const PEERS = 64;
const intervals = fc.integer({ min: 400, max: 60_000 });

/** When each of many peers is first beaten, and next after it became alive with all the others. */
function beatsOf(intervalMs: number, seed: number) {
  let now = 0;
  const beaten: number[] = [];
  const policy = {
    intervalMs,
    suspectAfterMs: 3 * intervalMs,
    deadAfterMs: 6 * intervalMs,
    jitter: 0,
  };
  const monitor = createMonitor({
    host: { now: () => now },
    policy,
    seed,
    emit: (output) => {
      if (output.type === "beat") beaten.push(now);
    },
  });
  const refs = Array.from({ length: PEERS }, () => monitor.add());
  const untilMs = (endMs: number) => {
    for (; now < endMs; now = Math.min(endMs, monitor.nextDeadline())) monitor.tick();
    monitor.tick();
  };
  untilMs(paceWindowMs(intervalMs));
  const hellos = beaten.splice(0, PEERS);
  beaten.length = 0;
  for (const ref of refs) monitor.heard(ref);
  untilMs(now + intervalMs);
  return { hellos, phases: beaten.slice(0, PEERS) };
}

/** The most of some instants that lie within one window. */
function most(instants: readonly number[], windowMs: number): number {
  const sorted = [...instants].sort((a, b) => a - b);
  return Math.max(
    ...sorted.map((from) => sorted.filter((at) => at >= from && at < from + windowMs).length),
  );
}

test("who starts together, or comes back together, does not beat together", () => {
  fc.assert(
    fc.property(intervals, fc.nat(), (intervalMs, seed) => {
      const { hellos, phases } = beatsOf(intervalMs, seed);
      expect(hellos).toHaveLength(PEERS);
      expect(phases).toHaveLength(PEERS);
      // A quarter of them is expected, and by chance now and then a half; three quarters are a herd.
      expect(most(hellos, paceWindowMs(intervalMs) / 4)).toBeLessThan(0.75 * PEERS);
      expect(most(phases, intervalMs / 4)).toBeLessThan(0.75 * PEERS);
    }),
  );
});
