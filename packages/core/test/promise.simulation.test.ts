// Whoever keeps its promise is never suspected: whatever the two policies are, while they change,
// while single frames are lost, and while the observer itself is frozen.
import fc from "fast-check";
import { expect, test } from "vitest";
import { Cluster, type Process } from "./cluster.ts";
import { duo, steps } from "./faults.ts";
import { calmNetworks, rolePairs, transports, wirePolicies } from "./wire-arbitraries.ts";

function doubts(process: Process): string[] {
  return process.changes
    .filter(({ to }) => to === "suspect" || to === "dead")
    .map(({ at, id, to, reason }) => `${process.name}: ${id} ${to} ${reason ?? ""} at ${at}`);
}

const pairs = fc.record({
  transport: fc.constantFrom(...transports),
  network: calmNetworks,
  policies: fc.tuple(wirePolicies, wirePolicies),
  roles: rolePairs,
});

test("no peer is suspected while every gap stays below what was agreed", () => {
  fc.assert(
    fc.property(pairs, ({ transport, network, policies, roles }) => {
      const cluster = new Cluster(transport, network);
      const [a, b] = (["a", "b"] as const).map((name, n) =>
        cluster.start(name, { policy: policies[n], role: roles[n], accept: () => true }),
      ) as [Process, Process];
      // Whoever only listens must be found.
      if (roles[0] === "listen") b.add("a");
      else a.add("b");
      cluster.run(3_000);
      expect([a.status("b"), b.status("a")]).toEqual(["alive", "alive"]);
      expect([...doubts(a), ...doubts(b)]).toEqual([]);
    }),
  );
});

const changing = fc.record({
  transport: fc.constantFrom(...transports),
  seed: fc.nat(),
  policies: fc.tuple(wirePolicies, wirePolicies),
  steps: steps(["policy"], { maxLength: 4, maxWaitMs: 1_500 }),
  losses: fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
});

test("a change of policy under single losses causes no suspicion", () => {
  fc.assert(
    fc.property(changing, ({ transport, seed, policies, steps: list, losses }) => {
      const cluster = new Cluster(transport, { seed, delayMs: [1, 5] });
      const { pair, apply } = pairOf(cluster, policies);
      cluster.run(1_000);
      cluster.loses = everySecondAtMost(transport === "datagram" ? losses : [false]);
      for (const { waitMs, fault } of list) {
        apply(fault);
        cluster.run(waitMs);
      }
      cluster.run(1_000);
      expect(pair().flatMap(doubts)).toEqual([]);
    }),
  );
});

function pairOf(cluster: Cluster, policies: Parameters<typeof duo>[1]["policies"]) {
  const two = duo(cluster, { policies });
  return { pair: () => two.pair, apply: two.apply.bind(two) };
}

/** Loses frames as drawn, but never two in a row in one direction. */
function everySecondAtMost(losses: readonly boolean[]): Cluster["loses"] {
  const sent = new Map<string, number>();
  const lastLost = new Map<string, boolean>();
  return (from) => {
    const n = sent.get(from) ?? 0;
    sent.set(from, n + 1);
    const lost = losses[n % losses.length] === true && lastLost.get(from) !== true;
    lastLost.set(from, lost);
    return lost;
  };
}

const freezes = fc.record({
  seed: fc.nat(),
  freezeMs: fc.integer({ min: 100, max: 4_000 }),
  beforeMs: fc.integer({ min: 0, max: 700 }),
  peers: fc.integer({ min: 1, max: 4 }),
  observer: fc.constantFrom(
    { suspectAfterMs: 400, deadAfterMs: 800 },
    { suspectAfterMs: 700, deadAfterMs: 900, wishMs: 60, minGapMs: 40 },
  ),
});

test("an observer that was frozen suspects nobody, though it waits for less than it slept", () => {
  fc.assert(
    fc.property(freezes, ({ seed, freezeMs, beforeMs, peers, observer }) => {
      const cluster = new Cluster("datagram", { seed, delayMs: [1, 5] });
      const watcher = cluster.start("o", {
        policy: { intervalMs: 200, ...observer },
        accept: () => true,
      });
      const watched = Array.from({ length: peers }, (_, n) =>
        cluster.start(`p${n}`, {
          policy: { intervalMs: 300, suspectAfterMs: 6_000, deadAfterMs: 9_000, floorMs: 20 },
        }),
      );
      for (const peer of watched) peer.add("o");
      cluster.run(1_000 + beforeMs);
      watcher.host.freeze(freezeMs);
      cluster.run(freezeMs + 1_200);
      expect(doubts(watcher)).toEqual([]);
      expect(watched.flatMap((peer) => peer.deaths())).toEqual([]);
      expect(watcher.endpoint.monitorStats().alive).toBe(peers);
      // Its backlog was within what it said it accepts.
      expect(watcher.endpoint.stats().dropped["too-many"]).toBeUndefined();
    }),
  );
});
