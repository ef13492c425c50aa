// The manners of an endpoint: same seed, same history; leaving, being forgotten, closing; sinks that
// throw or call back; transports that deliver at once; bytes that mean nothing.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEndpoint, type Endpoint } from "../src/endpoint/endpoint.ts";
import { ManualHost } from "../src/testing/manual-host.ts";
import { Cluster } from "./cluster.ts";
import { duo, steps } from "./faults.ts";
import { transports, wirePolicies } from "./wire-arbitraries.ts";

const types = ["nothing", "heal", "cut", "freeze", "policy", "restart"] as const;
const histories = fc.record({
  transport: fc.constantFrom(...transports),
  network: fc.record({ seed: fc.nat(), loss: fc.constantFrom(0, 0.2) }),
  policies: fc.tuple(wirePolicies, wirePolicies),
  steps: steps(types, { maxLength: 4, maxWaitMs: 1_000 }),
});

test("the same seed gives the same history", () => {
  fc.assert(
    fc.property(histories, ({ transport, network, policies, steps: list }) => {
      const [one, other] = [0, 1].map(() => {
        const cluster = new Cluster(transport, network);
        const two = duo(cluster, { policies });
        for (const { waitMs, fault } of list) {
          cluster.run(waitMs);
          two.apply(fault);
        }
        cluster.run(1_000);
        return two.pair.map(({ outputs, endpoint }) => [outputs, endpoint.stats()]);
      });
      expect(one).toEqual(other);
    }),
  );
});

test("arbitrary bytes never throw, and disturb nobody on another path", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...transports),
      wirePolicies,
      fc.array(fc.uint8Array({ maxLength: 90 }), { maxLength: 20 }),
      fc.boolean(),
      (transport, policy, garbage, isHeaded) => {
        const cluster = new Cluster(transport, { seed: 5 });
        const { pair } = duo(cluster, { policies: [policy, policy] });
        cluster.run(600);
        const outputs = pair[0].changes.length;
        for (const bytes of garbage) {
          // Some of it looks like the beginning of a frame.
          const head = isHeaded ? [0x53, 1, 1 + (bytes.length % 5), 0, 0, 0, 0, 100] : [];
          pair[0].endpoint.receive(Uint8Array.from([...head, ...bytes]), {
            number: -1 - (bytes.length % 3),
            remote: "x",
          });
        }
        cluster.run(400);
        expect(pair[0].changes).toHaveLength(outputs);
        expect(pair[0].status("b")).toBe("alive");
      },
    ),
  );
});

describe("leaving", () => {
  const leaves = fc.record({
    seed: fc.nat(),
    policies: fc.tuple(wirePolicies, wirePolicies),
    lost: fc.integer({ min: 0, max: 1 }),
    returnInMs: fc.constantFrom(undefined, 5_000),
  });

  test("is final for that life on both sides, though a LEAVE is lost", () => {
    fc.assert(
      fc.property(leaves, ({ seed, policies, lost, returnInMs }) => {
        const cluster = new Cluster("datagram", { seed });
        const { pair } = duo(cluster, { policies, byHand: true });
        cluster.run(1_500);
        const [a, b] = pair;
        let left = lost;
        cluster.loses = (_from, _to, frame) => {
          if (frame.type !== "leave" || left === 0) return false;
          left -= 1;
          return true;
        };
        a.endpoint.leave(a.endpoint.find("b")!, { returnInMs });
        expect(a.trustsFor("b")).toBe(Number.NEGATIVE_INFINITY);
        cluster.run(6_000);
        expect([a.status("b"), b.status("a")]).toEqual(["dead", "dead"]);
        const [death] = b.deaths("a");
        if (lost === 0) {
          expect(death).toMatchObject({ reason: "left", safeInMs: 0 });
          expect(death!.returnInMs).toBe(returnInMs);
        }
        expect(a.deaths("b")).toHaveLength(1);
        // Whoever left may come back, as a new session.
        expect(a.endpoint.add("b")).toBe(a.endpoint.find("b"));
        cluster.run(2_000);
        expect([a.session("b"), b.session("a")]).toEqual([2, 2]);
        expect([a.status("b"), b.status("a")]).toEqual(["alive", "alive"]);
      }),
    );
  });

  test("closing tells everybody, forgets everybody, and stays quiet", () => {
    fc.assert(
      fc.property(fc.nat(), wirePolicies, (seed, policy) => {
        const cluster = new Cluster("datagram", { seed });
        const { pair } = duo(cluster, { policies: [policy, policy] });
        cluster.run(1_000);
        const [a, b] = pair;
        a.endpoint.close();
        expect(a.endpoint.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
        expect(a.endpoint.size).toBe(0);
        const { framesSent } = a.endpoint.stats();
        cluster.run(2_000);
        expect(b.deaths("a").map(({ reason }) => reason)).toEqual(["left"]);
        expect(a.endpoint.stats().framesSent).toBe(framesSent);
        expect(a.host.timers).toBe(0);
      }),
    );
  });
});

test("a peer that came by itself is forgotten, one added by hand is not", () => {
  fc.assert(
    fc.property(fc.nat(), fc.boolean(), (seed, changes) => {
      const cluster = new Cluster("datagram", { seed, delayMs: [1, 1] });
      const policy = { intervalMs: 5_000, suspectAfterMs: 6_000, deadAfterMs: 8_000 };
      const { pair } = duo(cluster, { policies: [policy, policy] });
      const [a, b] = pair;
      cluster.run(6_000);
      if (changes) b.endpoint.setPolicy(b.endpoint.find("a")!, policy);
      cluster.network.cut("a", "b");
      cluster.run(8_000 + 30_000 + 3_000);
      expect([a.endpoint.size, b.endpoint.size]).toEqual([1, 0]);
      expect(b.endpoint.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
      expect(b.endpoint.stats().sessions).toBe(0);
      expect(b.host.timers).toBe(0);
    }),
  );
});

describe("a transport that delivers at once", () => {
  function wired(transport: "datagram" | "message", emit: (name: string) => void) {
    const host = new ManualHost();
    const ends: Record<string, Endpoint<string>> = {};
    for (const [name, other] of ["ab", "ba"] as const) {
      ends[name!] = createEndpoint<string>({
        id: name!,
        host,
        transport,
        policy: { intervalMs: 300, suspectAfterMs: 1_000, deadAfterMs: 2_000 },
        accept: () => true,
        send: (_peer, frame, path) => ends[path!]?.receive(frame, name!),
        emit: () => emit(other!),
      });
    }
    const { a, b } = ends as Record<"a" | "b", Endpoint<string>>;
    const run = (ms: number) => {
      const until = host.now() + ms;
      while (host.now() < until) {
        host.advance(10);
        for (const end of [a, b]) {
          try {
            end.tick();
          } catch {
            // A sink threw: nothing else may be lost by it.
          }
        }
      }
    };
    return { a, b, run };
  }

  for (const transport of ["datagram", "message"] as const) {
    test(`works, with sinks that call back in and that throw: ${transport}`, () => {
      let calls = 0;
      const { a, b, run } = wired(transport, () => {
        calls += 1;
        a.receive(new Uint8Array(3), "x");
        for (const ref of b) b.state(ref);
        if (calls % 2 === 0) throw new Error("a sink of the user's");
      });
      a.add("b", { path: "b" });
      run(2_000);
      expect(a.state(a.find("b")!)?.status).toBe("alive");
      expect(b.state(b.find("a")!)?.status).toBe("alive");
      expect(calls).toBeGreaterThan(1);
    });
  }
});
