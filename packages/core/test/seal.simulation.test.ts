// Keys. Without one nothing that arrives has an effect, whatever it says; with them everything is as it
// is without, and keys may change under way.
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFrame } from "../src/endpoint/encode.ts";
import type { UnauthenticatedOutput } from "../src/endpoint/outputs.ts";
import { Cluster, type Process } from "./cluster.ts";
import { forged } from "./forgery.ts";
import { Keyring } from "./keyring.ts";

const POLICY = { intervalMs: 200, suspectAfterMs: 700, deadAfterMs: 1_400 };

function sealedPair(cluster: Cluster, keys: readonly [Keyring, Keyring]): [Process, Process] {
  cluster.recording = true;
  const b = cluster.start("b", { policy: POLICY, sealing: keys[1], accept: () => true });
  const a = cluster.start("a", { policy: POLICY, sealing: keys[0] });
  a.add("b");
  return [a, b];
}

const told = ({ outputs }: Process) =>
  outputs.filter((output): output is UnauthenticatedOutput<string> => {
    return output.type === "unauthenticated";
  });

const forgeries = fc.array(
  fc.record({
    // The boot ids and tags of both sides are known to whoever sees the traffic: only the key is not.
    frame: forged(["a", "b", "x"], [1_767_225_600_000]),
    // What was really sent, with one bit turned.
    turned: fc.option(fc.record({ frame: fc.nat(), bit: fc.nat() })),
    sealedWith: fc.constantFrom(undefined, 7),
    from: fc.constantFrom("a", "b", "x"),
    to: fc.constantFrom("a" as const, "b" as const),
    afterMs: fc.constantFrom(0, 0, 30, 200),
  }),
  { minLength: 1, maxLength: 60 },
);

/** A forgery as bytes: forged fields in frames that were seen, sealed with another key, or damaged. */
function bytesOf(
  {
    frame,
    turned,
    sealedWith,
  }: (typeof forgeries extends fc.Arbitrary<infer T> ? T : never)[number],
  seen: readonly Uint8Array[],
): Uint8Array {
  if (turned) {
    const bytes = Uint8Array.from(seen[turned.frame % seen.length]!);
    const bit = turned.bit % (8 * bytes.length);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    return bytes;
  }
  const keyring = new Keyring(sealedWith ?? 0);
  const bytes = encodeFrame(frame, sealedWith === undefined ? 0 : keyring.sealBytes);
  if (sealedWith !== undefined) keyring.seal(bytes);
  return bytes;
}

test("with keys nothing that is not authentic has an effect, but on its counters", () => {
  fc.assert(
    fc.property(fc.nat(), forgeries, (seed, list) => {
      const cluster = new Cluster("datagram", { seed, delayMs: [1, 1] });
      const pair = sealedPair(cluster, [new Keyring(1), new Keyring(1)]);
      cluster.run(1_000);
      const seen = pair.flatMap(({ sent }) => sent.map(({ bytes }) => bytes));
      const quiet = pair.map(({ outputs }) => outputs.length);
      for (const each of list) {
        cluster.network.carry(each.from, each.to, bytesOf(each, seen), false);
        cluster.run(each.afterMs);
      }
      cluster.run(500);
      for (const [n, process] of pair.entries()) {
        const { endpoint, outputs } = process;
        const sealed = ["unsealed", "unknown-key", "bad-seal"] as const;
        const refused = sealed.reduce((sum, fault) => sum + process.dropped(fault), 0);
        expect(refused).toBe(list.filter(({ to }) => to === process.name).length);
        // One output for each fault, and no other.
        expect(outputs.slice(quiet[n]).every(({ type }) => type === "unauthenticated")).toBe(true);
        expect(told(process).length).toBeLessThanOrEqual(3);
        // Whoever is not authentic gets no answer, and is not remembered.
        expect(process.sent.filter(({ to }) => to === "x")).toEqual([]);
        expect(endpoint.stats()).toMatchObject({ candidates: 0, sessions: 1 });
        expect(process.received.filter(({ caused }) => caused.length > 1)).toEqual([]);
      }
    }),
  );
});

test("a wrong key is one counter and one output a minute, on both sides, and no flood", () => {
  const cluster = new Cluster("datagram", { seed: 1, delayMs: [1, 1] });
  const [a, b] = sealedPair(cluster, [new Keyring(1), new Keyring(2)]);
  cluster.run(150_000);
  expect([a.status("b"), b.status("a")]).toEqual(["dead", undefined]);
  const [first, second, third, ...more] = told(b);
  expect(first).toMatchObject({ fault: "unknown-key", path: "a", datagrams: 1 });
  expect(more).toEqual([]);
  expect(second!.at - first!.at).toBeGreaterThanOrEqual(60_000);
  // Nobody is left out of the counts.
  expect(third!.datagrams).toBeGreaterThan(5);
  expect(b.dropped("unknown-key")).toBeGreaterThanOrEqual(
    first!.datagrams + second!.datagrams + third!.datagrams,
  );
  expect(b.sent).toEqual([]);
  expect(told(a)).toEqual([]);
});

test("one side has keys and the other has none: neither hears the other, and both can see why", () => {
  const cluster = new Cluster("datagram", { seed: 1, delayMs: [1, 1] });
  const b = cluster.start("b", { policy: POLICY, sealing: new Keyring(1), accept: () => true });
  const a = cluster.start("a", { policy: POLICY });
  a.add("b");
  b.add("a");
  cluster.run(3_000);
  expect([a.status("b"), b.status("a")]).toEqual(["dead", "dead"]);
  expect(b.dropped("unsealed")).toBeGreaterThan(1);
  expect(told(b)).toMatchObject([{ fault: "unsealed", path: "a" }]);
  // To who has none a seal is a frame with something behind it.
  expect(a.dropped("length")).toBeGreaterThan(1);
});

test("keys rotate in three steps, one side after the other, and nobody is suspected", () => {
  const waits = fc.array(fc.integer({ min: 10, max: 3_000 }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(fc.nat(), waits, fc.boolean(), (seed, waitsMs, isAFirst) => {
      const cluster = new Cluster("datagram", { seed, delayMs: [1, 5] });
      const rings: [Keyring, Keyring] = [new Keyring(1), new Keyring(1)];
      const pair = sealedPair(cluster, rings);
      const order = isAFirst ? rings : [rings[1], rings[0]];
      cluster.run(1_000);
      const steps = [{ accepts: [1, 2] }, { signs: 2 }, { accepts: [2] }];
      for (const [n, waitMs] of waitsMs.entries()) {
        Object.assign(order[n % 2]!, steps[n >> 1]);
        // What is under way must arrive before its key goes: here within 10 ms.
        cluster.run(waitMs);
      }
      cluster.run(1_000);
      for (const process of pair) {
        expect(process.changes.map(({ to }) => to)).toEqual(["alive"]);
        expect(process.dropped("unknown-key")).toBe(0);
        expect(process.sent.at(-1)!.bytes.at(-17)).toBe(2);
      }
    }),
  );
});

test("a seal that throws surfaces, and what it was for is dropped or not sent", () => {
  const cluster = new Cluster("datagram", { seed: 1, delayMs: [1, 1] });
  const broken = new Keyring(1);
  const sealing = {
    ...broken,
    open: () => {
      throw new Error("no such device");
    },
  };
  const a = cluster.start("a", { policy: POLICY, sealing });
  expect(() => a.endpoint.receive(new Uint8Array(100), "b")).toThrow("no such device");
  expect(a.endpoint.stats().framesReceived).toBe(0);
});
