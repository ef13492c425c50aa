// Two live processes with one id never take turns; and one false accusation stays between two.
import fc from "fast-check";
import { expect, test } from "vitest";
import { Cluster } from "./cluster.ts";
import { calmNetworks, transports, wirePolicies } from "./wire-arbitraries.ts";

const NOW = 1_767_225_600_000;

const rivals = fc.record({
  transport: fc.constantFrom(...transports),
  network: calmNetworks,
  policies: fc.tuple(wirePolicies, wirePolicies),
  aheadMs: fc.constantFrom(-1e9, 0, 1e9),
  beforeMs: fc.integer({ min: 0, max: 500 }),
  togetherMs: fc.integer({ min: 500, max: 2_500 }),
});

test("the incumbent stays, the newcomer waits for its death", () => {
  fc.assert(
    fc.property(rivals, ({ transport, network, policies, aheadMs, beforeMs, togetherMs }) => {
      const cluster = new Cluster(transport, network);
      const redial = transport !== "datagram";
      const policy = { ...policies[1], redial };
      const a = cluster.start("a", { policy: policies[0], accept: () => true });
      const incumbent = cluster.start("b", { policy, epochMs: NOW });
      incumbent.add("a");
      cluster.run(1_000 + beforeMs);
      const epochMs = aheadMs === 0 ? NOW - cluster.network.now : NOW + aheadMs;
      const newcomer = cluster.start("c", { id: "b", policy, epochMs });
      newcomer.add("a");
      cluster.run(togetherMs);
      // It was told, and never was alive; nobody else noticed.
      expect(a.changes.filter(({ to }) => to !== "alive")).toEqual([]);
      expect(incumbent.deaths()).toEqual([]);
      expect(newcomer.changes.filter(({ to }) => to === "alive")).toEqual([]);
      const reasons = new Set(newcomer.deaths().map(({ reason }) => reason));
      if (togetherMs > 2_000) expect(reasons).toContain("duplicate-id");
      incumbent.stop();
      const isIn = () => a.status("b") === "alive" && newcomer.status("a") === "alive";
      cluster.run(100);
      cluster.runUntil(isIn, 20_000);
      cluster.run(300);
      expect([a.status("b"), newcomer.status("a")]).toEqual(["alive", "alive"]);
      expect(a.deaths("b").length).toBeGreaterThan(0);
    }),
  );
});

const crowds = fc.record({
  seed: fc.nat(),
  policy: wirePolicies,
});

test("hashicorp/memberlist#311: one false accusation costs one session of one pair, on both sides", () => {
  fc.assert(
    fc.property(crowds, ({ seed, policy }) => {
      const cluster = new Cluster("datagram", { seed, delayMs: [3, 3] });
      const all = ["a", "b", "c"];
      for (const name of all) cluster.start(name, { policy });
      for (const name of all) {
        for (const other of all) if (other !== name) cluster.process(name).add(other);
      }
      cluster.run(1_500);
      cluster.network.cut("b", "a", true);
      cluster.runUntil(() => cluster.process("a").status("b") === "dead", 30_000);
      cluster.network.heal("a", "b");
      cluster.run(policy.backoffMaxMs + 500);
      for (const name of all) {
        for (const other of all) {
          if (other === name) continue;
          const isPair = `${name}${other}` === "ab" || `${name}${other}` === "ba";
          const process = cluster.process(name);
          expect([name, other, process.status(other)]).toEqual([name, other, "alive"]);
          expect(process.deaths(other)).toHaveLength(isPair ? 1 : 0);
        }
      }
    }),
  );
});
