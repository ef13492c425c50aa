// Partitions end: whoever declared the other dead keeps asking, and both return as new sessions.
import fc from "fast-check";
import { expect, test } from "vitest";
import { Cluster, type Process } from "./cluster.ts";
import { plainNetworks, rolePairs, transports, wirePolicies } from "./wire-arbitraries.ts";

const partitions = fc.record({
  transport: fc.constantFrom(...transports),
  network: plainNetworks,
  policies: fc.tuple(wirePolicies, wirePolicies),
  roles: rolePairs,
  accepts: fc.boolean(),
  phaseMs: fc.integer({ min: 0, max: 800 }),
  cutMs: fc.integer({ min: 0, max: 7_000 }),
  way: fc.constantFrom("both", "there", "back"),
});

test("a healed partition ends within the back-off and two round trips", () => {
  fc.assert(
    fc.property(
      partitions,
      ({ transport, network, policies, roles, accepts, phaseMs, cutMs, way }) => {
        fc.pre(transport === "datagram" || roles[0] === "both");
        const cluster = new Cluster(transport, network);
        const isDatagram = transport === "datagram";
        const redial = !isDatagram;
        const a = cluster.start("a", { policy: { ...policies[0], redial }, role: roles[0] });
        const byHand = isDatagram && !accepts;
        const b = cluster.start("b", {
          policy: policies[1],
          role: roles[1],
          accept: byHand ? undefined : () => true,
        });
        // Whoever only listens is found by the other side.
        if (roles[0] === "listen" && !byHand) return;
        a.add("b");
        if (byHand) b.add("a");
        cluster.run(1_000 + phaseMs);
        if (a.status("b") !== "alive" || b.status("a") !== "alive") fc.pre(false);
        if (way === "both") cluster.network.cut("a", "b");
        if (way === "there") cluster.network.cut("a", "b", true);
        if (way === "back") cluster.network.cut("b", "a", true);
        const sessions = [a.session("b"), b.session("a")];
        cluster.run(cutMs);
        const someoneDied = a.status("b") === "dead" || b.status("a") === "dead";
        const rttMs = 2 * network.delayMs[1];
        cluster.network.heal("a", "b");
        // Where no side that beats has noticed yet, it will, and backs off then; `send` never does.
        const gaps = [a, b].map(({ endpoint }) => endpoint.policy([...endpoint][0]!)!.intervalMs);
        const backoffs = policies.map(({ backoffMaxMs }) => backoffMaxMs);
        const lastResortMs = rttMs + Math.max(...backoffs, ...gaps);
        cluster.run(healingMs(isDatagram ? [a, b] : [a], rttMs, lastResortMs));
        const statuses = [a.status("b"), b.status("a")];
        if (someoneDied) {
          expect(statuses).toEqual(["alive", "alive"]);
          expect(a.session("b")).toBeGreaterThan(sessions[0]!);
          expect(b.session("a")).toBeGreaterThan(sessions[1]!);
        }
      },
    ),
  );
});

/** The current back-off and two round trips; timers round up. */
function healingMs(processes: readonly Process[], rttMs: number, lastResortMs: number): number {
  const backoffs = processes.map(({ endpoint, host }) => {
    const [ref] = endpoint;
    const { status, beatDueAt } = endpoint.state(ref!)!;
    if (status !== "dead" || beatDueAt === undefined) return lastResortMs;
    return Math.max(0, beatDueAt - host.now());
  });
  return Math.min(...backoffs) + 2 * rttMs + 2;
}
