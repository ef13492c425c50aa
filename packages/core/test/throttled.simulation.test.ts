// A process whose timers are throttled cannot keep its pace. It says so by itself, and then nobody takes it
// for dead (mqttjs/MQTT.js#1257, socketio/socket.io#4040).
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cluster } from "./cluster.ts";
import { duo } from "./faults.ts";
import { transports } from "./wire-arbitraries.ts";

const policy = { intervalMs: 1_000, suspectAfterMs: 4_000, deadAfterMs: 8_800 };
const throttled = fc.record({
  seed: fc.nat(),
  transport: fc.constantFrom(...transports),
  everyMs: fc.constantFrom(5_000, 20_000, 60_000),
});

/** `b` runs in a tab in the background; `a` watches it. */
function setUp({ transport, seed }: { transport: (typeof transports)[number]; seed: number }) {
  const cluster = new Cluster(transport, { seed });
  const { pair } = duo(cluster, { policies: [policy, policy] });
  cluster.run(5_000);
  const [a, b] = pair;
  expect([a.status("b"), b.status("a")]).toEqual(["alive", "alive"]);
  return { cluster, a, b };
}

describe("throttled timers", () => {
  test("once the longer gap is announced, nobody is suspected any more", () => {
    fc.assert(
      fc.property(throttled, ({ everyMs, ...how }) => {
        const { cluster, a, b } = setUp(how);
        b.host.throttleMs = everyMs;
        // Two late beats, in each of the lives that the first ones may cost.
        cluster.run(8 * everyMs);
        const before = a.changes.length;
        expect(a.status("b")).toBe("alive");
        cluster.run(15 * everyMs);
        expect(a.changes.slice(before)).toEqual([]);
      }),
    );
  });

  test("and when they are in time again, silence is noticed as soon as before", () => {
    const { cluster, a, b } = setUp({ transport: "message", seed: 3 });
    b.host.throttleMs = 20_000;
    cluster.run(200_000);
    b.host.throttleMs = 0;
    // For so long one late beat more would make a row.
    cluster.run(3 * 20_000 + 25_000);
    b.host.stop();
    const before = a.changes.length;
    cluster.run(10_000);
    expect(a.changes.slice(before).map(({ to }) => to)).toContain("dead");
  });
});

test("whoever sends messages instead of beats is not late with its beats", () => {
  const cluster = new Cluster("stream", { seed: 5 });
  const { pair } = duo(cluster, { policies: [policy, policy] });
  const [a, b] = pair;
  cluster.run(5_000);
  for (let burst = 0; burst < 4; burst++) {
    for (let n = 0; n < 25; n++) {
      b.endpoint.message(b.endpoint.find("a") as never, Uint8Array.of(n));
      cluster.run(400);
    }
    cluster.run(1_500);
  }
  expect(a.endpoint.policy(a.endpoint.find("b") as never)).toMatchObject({
    peerGapMs: 1_000,
    deadAfterMs: 8_800,
  });
});
