// One id, one life: restarts with any clock, and two processes that claim the same id.
import fc from "fast-check";
import { expect, test } from "vitest";
import { Cluster } from "./cluster.ts";
import { calmNetworks, transports, wirePolicies } from "./wire-arbitraries.ts";

/** 2026-01-01, where clocks of simulated nodes start. */
const NOW = 1_767_225_600_000;

test.each(transports)(
  "hashicorp/memberlist#311: after a restart of everybody at once nobody stays dead to anybody, over %s",
  (transport) => {
    const cluster = new Cluster(transport, { seed: 9, delayMs: [1, 30], loss: 0.05 });
    const isDatagram = transport === "datagram";
    const policy = { intervalMs: 200, suspectAfterMs: 800, deadAfterMs: 1_600, backoffMaxMs: 800 };
    const names = Array.from({ length: 6 }, (_, n) => `p${n}`);
    const restart = (clockMs: (n: number) => number) => {
      // Later ones are called by earlier ones, so they come first.
      for (const [n, name] of [...names.entries()].reverse()) {
        const options = { policy: { ...policy, redial: !isDatagram }, accept: () => true };
        const process = cluster.start(name, { ...options, epochMs: NOW + clockMs(n) });
        for (const other of isDatagram ? names : names.slice(n + 1)) {
          if (other !== name) process.add(other);
        }
      }
    };
    const isWhole = () =>
      names.every((name) =>
        names.every((id) => id === name || cluster.process(name).status(id) === "alive"),
      );
    restart(() => 0);
    cluster.runUntil(isWhole, 20_000);
    for (let round = 0; round < 2; round++) {
      // Some clocks were set back, some forward, some stand: none of them may keep anybody out.
      restart((n) => ((n % 3) - 1) * 1e9);
      cluster.runUntil(isWhole, 30_000);
      expect(isWhole()).toBe(true);
    }
  },
);

const restarts = fc.record({
  transport: fc.constantFrom(...transports),
  network: calmNetworks,
  policies: fc.tuple(wirePolicies, wirePolicies),
  byHand: fc.boolean(),
  adds: fc.boolean(),
  aliveMs: fc.integer({ min: 0, max: 600 }),
  downMs: fc.constantFrom(0, 0, 300, 4_000),
  clock: fc.constantFrom("back", "equal", "ahead"),
});

test("mrhooray/swim-js#10: whoever restarts is back, whatever its clock says", () => {
  fc.assert(
    fc.property(
      restarts,
      ({ transport, network, policies, byHand, adds, aliveMs, downMs, clock }) => {
        const cluster = new Cluster(transport, network);
        const isDatagram = transport === "datagram";
        const policy = { ...policies[0], redial: !isDatagram && adds };
        const a = cluster.start("a", { policy, accept: () => true });
        const options = {
          policy: { ...policies[1], redial: !isDatagram && !adds },
          accept: () => true,
        };
        const adder = byHand && isDatagram;
        const first = cluster.start("b", { ...options, epochMs: NOW });
        if (adds) a.add("b");
        if (!adds || adder) first.add("a");
        cluster.run(1_000 + aliveMs);
        fc.pre(a.status("b") === "alive" && first.status("a") === "alive");
        first.stop();
        cluster.run(downMs);
        const epochMs =
          clock === "back" ? NOW - 1e9 : clock === "ahead" ? NOW + 1e9 : NOW - cluster.network.now;
        const second = cluster.start("b", { ...options, epochMs });
        if (!adds || adder) second.add("a");
        const isBack = () => a.status("b") === "alive" && second.status("a") === "alive";
        cluster.run(300);
        cluster.runUntil(isBack, 12_000);
        cluster.run(500);
        // Losses may make one doubt the other once more; what must not be is another death.
        for (const status of [a.status("b"), second.status("a")]) {
          expect(["alive", "suspect"]).toContain(status);
        }
        const lives = a.changes.filter(
          ({ id, to, from }) => id === "b" && `${from} ${to}` === "connecting alive",
        );
        // It costs a life, and another only where the new process gave up while it was being let in.
        const gaveUp = second.deaths("a").filter(({ reason }) => reason === "unreachable").length;
        expect(lives.length).toBeGreaterThan(1);
        expect(lives.length).toBeLessThanOrEqual(2 + gaveUp);
      },
    ),
  );
});
