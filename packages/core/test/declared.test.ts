// The sender's word: when its frames left, and for how long it stood still, as the other side knows it.
import { describe, expect, test } from "vitest";
import { explain } from "../src/peer/evidence.ts";
import { Cluster } from "./cluster.ts";
import { duo } from "./faults.ts";
import { transports } from "./wire-arbitraries.ts";

const policy = { intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 9_000 };

describe.each(transports)("over %s", (transport) => {
  function setUp(freezeMs: number) {
    const cluster = new Cluster(transport, { seed: 11 });
    const { pair } = duo(cluster, { policies: [policy, policy] });
    cluster.run(30_000);
    const [a, b] = pair;
    b.host.freeze(freezeMs);
    cluster.run(freezeMs + 3_000);
    return { cluster, a, b, seen: a.endpoint.state(a.endpoint.find("b") as never) };
  }

  test("a peer that stood still says so with its next frame, and that stands in the evidence", () => {
    const { a, seen } = setUp(5_000);
    const { declaredMs = 0 } = seen?.arrivals.timing ?? {};
    // From when it was last served, which is a quarter of S before that at most.
    expect(declaredMs).toBeGreaterThanOrEqual(5_000);
    expect(declaredMs).toBeLessThanOrEqual(5_000 + 3_000 / 4 + 10);
    const back = a.changes.findLast(({ to }) => to === "alive");
    expect(back).toMatchObject({ from: "suspect", session: 1 });
    // On a stream its first bytes were life before they were a frame.
    if (transport === "stream") return;
    expect(back?.evidence.declaredMs).toBe(declaredMs);
    expect(explain(back as never)).toContain(`it declared a stall of ${Math.round(declaredMs)} ms`);
  });

  test("its frames are timed by its own clock: a late one is no late sender", () => {
    const { seen } = setUp(0);
    const { timing } = seen?.arrivals ?? {};
    expect(timing?.samples).toBeGreaterThan(20);
    // The network takes 1 to 5 ms: a variance of (5 − 1)²/12.
    expect(timing?.varianceMs2).toBeLessThan(4);
    expect(timing).toMatchObject({ slips: 0, declaredMs: 0 });
  });

  test("how suspicious a peer is, an endpoint tells, too", () => {
    const { cluster, a } = setUp(0);
    const b = a.endpoint.find("b") as never;
    expect(a.endpoint.suspicion(b)).toBeLessThan(0.5);
    cluster.network.cut("a", "b");
    cluster.run(6_000);
    expect(a.endpoint.suspicion(b)).toBeGreaterThanOrEqual(1);
  });

  test("while it stood still it kept to no announcement: that is a slip", () => {
    const { seen } = setUp(5_000);
    expect(seen?.arrivals.timing?.slips).toBeGreaterThan(0);
  });
});
