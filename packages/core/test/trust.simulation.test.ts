// Self-fencing: while `trustedUntil` lies ahead, nobody at the other end counts us as gone for good.
import fc from "fast-check";
import { expect, test } from "vitest";
import { createEndpoint, type Endpoint } from "../src/endpoint/endpoint.ts";
import { ManualHost } from "../src/testing/manual-host.ts";
import { Cluster } from "./cluster.ts";
import { duo, steps } from "./faults.ts";
import { TrustWatch } from "./trust-watch.ts";
import { transports, wirePolicies } from "./wire-arbitraries.ts";

const drift = fc.constantFrom(-500, 0, 500);

const types = [
  "nothing",
  "heal",
  "heal",
  "cut",
  "cut",
  "freeze",
  "policy",
  "restart",
  "half-open",
] as const;
const histories = fc.record({
  transport: fc.constantFrom(...transports),
  network: fc.record({
    seed: fc.nat(),
    delayMs: fc.constantFrom([1, 5] as const, [0, 0] as const, [5, 60] as const),
    loss: fc.constantFrom(0, 0, 0.2),
    duplicate: fc.constantFrom(0, 0.2),
  }),
  policies: fc.tuple(wirePolicies, wirePolicies),
  drifts: fc.tuple(drift, drift),
  byHand: fc.boolean(),
  steps: steps(types, { maxLength: 6 }),
});

test("nobody is given up for good while it trusts", () => {
  let checked = 0;
  fc.assert(
    fc.property(histories, ({ transport, network, policies, drifts, byHand, steps: list }) => {
      const cluster = new Cluster(transport, network);
      const watch = new TrustWatch(cluster, { a: drifts[0], b: drifts[1] });
      const two = duo(cluster, { policies, drifts, byHand });
      watch.run(1_000);
      for (const { waitMs, fault } of list) {
        two.apply(fault);
        watch.run(waitMs);
      }
      watch.run(3_000);
      checked += watch.checked;
    }),
  );
  expect(checked).toBeGreaterThan(0);
});

test("a longer D that somebody slow announces is the one it judges by", () => {
  const host = new ManualHost();
  const ends: Record<string, Endpoint<string>> = {};
  const policies = {
    a: { intervalMs: 1_000, suspectAfterMs: 4_000, deadAfterMs: 8_800 },
    // Nothing that it says changes when `a` becomes slower than this.
    b: { intervalMs: 1_000, suspectAfterMs: 60_000, deadAfterMs: 90_000 },
  };
  let isDeaf = false;
  let diedAt: number | undefined;
  for (const [id, to] of [
    ["a", "b"],
    ["b", "a"],
  ] as const) {
    ends[id] = createEndpoint<string>({
      id,
      host,
      policy: policies[id],
      transport: "datagram",
      send: (_peer, bytes) => void ((id === "b" && isDeaf) || ends[to]?.receive(bytes, id)),
      emit: (output) => {
        if (output.type === "changed" && id === "a" && output.to === "dead") diedAt = host.now();
      },
    });
  }
  const { a, b } = ends as Record<"a" | "b", Endpoint<string>>;
  a.add("b", { path: "b" });
  const toA = b.add("a", { path: "a" });
  // `a` is ticked by hand, and later far too rarely for the gap it announced.
  const run = (ms: number, everyMs: number) => {
    for (const until = host.now() + ms; host.now() < until && diedAt === undefined; ) {
      host.freeze(100);
      b.tick();
      if (host.now() % everyMs === 0) a.tick();
    }
  };
  run(4_900, 100);
  // The second late frame in a row says so.
  run(14_700, 4_900);
  isDeaf = true;
  run(49_000, 4_900);
  expect(diedAt).toBeDefined();
  expect(b.trustedUntil(toA)).toBeLessThanOrEqual(diedAt as number);
});
