// Somebody off the path can claim any address and guess anything but tags: it must not move a
// validated peer, keep a dead one alive, lock anybody out, or make us send to whom it likes.
import fc from "fast-check";
import { expect, test } from "vitest";
import { deadAtMostMs } from "../src/bounds.ts";
import { encodeFrame } from "../src/endpoint/encode.ts";
import { Cluster } from "./cluster.ts";
import { duo } from "./faults.ts";
import { forged } from "./forgery.ts";
import { wirePolicies } from "./wire-arbitraries.ts";

const EPOCH = 1_767_225_600_000;

const attacks = fc.record({
  network: fc.record({ seed: fc.nat(), delayMs: fc.constant([1, 5] as const) }),
  policies: fc.tuple(wirePolicies, wirePolicies),
  byHand: fc.boolean(),
  forgeries: fc.array(
    fc.record({
      frame: forged(["a", "b", "x"], [EPOCH]),
      from: fc.constantFrom("b", "b", "a", "victim", "x1", "x2", "x3", "x4"),
      to: fc.constantFrom("a", "a", "b"),
      afterMs: fc.constantFrom(0, 0, 1, 20, 150),
      garbage: fc.constantFrom(undefined, undefined, undefined, 1, 40, 99),
    }),
    { minLength: 1, maxLength: 60 },
  ),
});

type Attack = typeof attacks extends fc.Arbitrary<infer T> ? T : never;

/** Sends every forgery, and counts what the victim seems to have sent. */
function attack(cluster: Cluster, forgeries: Attack["forgeries"]): number {
  let fromVictim = 0;
  for (const { frame, from, to, afterMs, garbage } of forgeries) {
    const bytes = encodeFrame(frame);
    if (garbage !== undefined) bytes[garbage % bytes.length]! ^= 1 + (garbage % 255);
    cluster.network.carry(from, to, bytes, false);
    if (from === "victim") fromVictim += bytes.length;
    cluster.run(afterMs);
  }
  return fromVictim;
}

test("forged frames move nobody, hold no memory, and reflect no more than they bring", () => {
  fc.assert(
    fc.property(attacks, ({ network, policies, byHand, forgeries }) => {
      const cluster = new Cluster("datagram", network);
      cluster.recording = true;
      const two = duo(cluster, { policies, byHand });
      cluster.run(1_500);
      const [a, b] = two.pair;
      expect([a.status("b"), b.status("a")]).toEqual(["alive", "alive"]);
      const outputs = [a.outputs.length, b.outputs.length];
      const fromVictim = attack(cluster, forgeries);
      cluster.run(1_000);
      expect([a.outputs.length, b.outputs.length]).toEqual(outputs);
      expect([a, b].map(({ endpoint }) => endpoint.path([...endpoint][0]!))).toEqual(["b", "a"]);
      for (const process of [a, b]) {
        const { sessions, candidates } = process.endpoint.stats();
        expect(process.endpoint.size).toBe(1);
        expect(sessions).toBeLessThanOrEqual(2 + candidates);
        const last = process.sent.at(-1)!.frame;
        if (last.type !== "data") expect(last.epoch).toBe(EPOCH);
        const toVictim = process.sent.filter(({ to }) => to === "victim");
        const bytes = toVictim.reduce((sum, sent) => sum + sent.bytes.length, 0);
        expect(bytes).toBeLessThanOrEqual(fromVictim);
      }
    }),
  );
});

test("a dead peer stays dead, whatever is sent in its name, and is let in again itself", () => {
  fc.assert(
    fc.property(attacks, fc.constantFrom(-1e9, 0, 1e9), (drawn, clockMs) => {
      const { network, policies, byHand, forgeries } = drawn;
      const cluster = new Cluster("datagram", network);
      const two = duo(cluster, { policies, byHand });
      cluster.run(1_500);
      const [a, b] = two.pair;
      expect([a.status("b"), b.status("a")]).toEqual(["alive", "alive"]);
      b.stop();
      const policy = a.endpoint.policy([...a.endpoint][0]!)!;
      const boundMs = deadAtMostMs(policy) + 60;
      const diedAt = cluster.network.now;
      attack(cluster, forgeries);
      cluster.run(Math.max(0, diedAt + boundMs - cluster.network.now));
      attack(cluster, forgeries);
      expect(a.status("b")).toBe("dead");
      expect(a.deaths("b")).toHaveLength(1);
      two.apply({ type: "restart", who: 1, clockMs });
      cluster.run(6_000);
      expect(a.status("b")).toBe("alive");
    }),
  );
});

test("strangers' handshakes are bounded, and each place is answered once an interval", () => {
  const floods = fc.array(
    fc.record({ frame: forged(["x", "y", "z"], [EPOCH]), place: fc.nat({ max: 12 }) }),
    { minLength: 10, maxLength: 80 },
  );
  fc.assert(
    fc.property(floods, fc.integer({ min: 1, max: 5 }), (flood, candidates) => {
      const cluster = new Cluster("datagram", { seed: 1, delayMs: [1, 1] });
      cluster.recording = true;
      const policy = { intervalMs: 1_000, suspectAfterMs: 4_000, deadAfterMs: 8_000 };
      const a = cluster.start("a", { policy, accept: () => true, limits: { candidates } });
      for (const { frame, place } of flood) {
        // As many places as there is room for are told apart, and remembered.
        cluster.network.carry(`x${place % candidates}`, "a", encodeFrame(frame), false);
        cluster.run(2);
      }
      const { sessions, candidates: held } = a.endpoint.stats();
      expect(a.endpoint.size).toBe(0);
      expect(held).toBeLessThanOrEqual(candidates);
      expect(sessions).toBeLessThanOrEqual(candidates);
      for (let place = 0; place < candidates; place++) {
        expect(a.sent.filter(({ to }) => to === `x${place}`).length).toBeLessThanOrEqual(1);
      }
    }),
  );
});
