// Self-fencing: while `trustedUntil` lies ahead, nobody at the other end counts us as gone for good.
import fc from "fast-check";
import { expect, test } from "vitest";
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
