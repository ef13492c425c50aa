// A peer is its id and its conversation, not its address. Where a NAT gives it another one under way, it
// stays the same peer in the same session; where somebody only claims so, nothing moves.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Frame } from "../src/endpoint/frame.ts";
import type { MovedOutput } from "../src/endpoint/outputs.ts";
import { Cluster, type Process } from "./cluster.ts";
import { duo } from "./faults.ts";
import { Keyring } from "./keyring.ts";
import { wirePolicies } from "./wire-arbitraries.ts";

const POLICY = { intervalMs: 300, suspectAfterMs: 1_000, deadAfterMs: 2_000 };

const pathsOf = ({ endpoint }: Process) => [...endpoint].map((ref) => endpoint.path(ref));
const movesOf = ({ outputs }: Process) =>
  outputs.filter((output): output is MovedOutput<string> => output.type === "moved");

const handed = (frame: Frame) => (frame.type === "beat" ? frame.handed : undefined);

function alivePair(cluster: Cluster, keys?: Keyring): readonly [Process, Process] {
  cluster.recording = true;
  const b = cluster.start("b", { policy: POLICY, accept: () => true, sealing: keys });
  const a = cluster.start("a", { policy: POLICY, sealing: keys });
  a.add("b");
  cluster.run(1_500);
  expect([a.status("b"), b.status("a")]).toEqual(["alive", "alive"]);
  return [a, b];
}

const rebindings = fc.array(
  fc.record({
    who: fc.constantFrom("a", "b"),
    oldWorks: fc.boolean(),
    afterMs: fc.integer({ min: 700, max: 2_500 }),
  }),
  { minLength: 1, maxLength: 4 },
);

test("mrhooray/swim-js#4: rebinding costs no session and no suspicion, however often and on whichever side", () => {
  fc.assert(
    fc.property(fc.nat(), rebindings, fc.boolean(), (seed, list, withKeys) => {
      const cluster = new Cluster("datagram", { seed, delayMs: [1, 30] });
      const pair = alivePair(cluster, withKeys ? new Keyring(1) : undefined);
      const [a, b] = pair;
      const counts = pair.map(({ changes }) => changes.length);
      const at: Record<string, string> = { a: "a", b: "b" };
      const moved: Record<string, string[]> = { a: [], b: [] };
      for (const [n, { who, oldWorks, afterMs }] of list.entries()) {
        moved[who]!.push(`${at[who]}→${who}${n}`);
        at[who] = `${who}${n}`;
        cluster.network.rebind(who, at[who]!, { oldWorks });
        cluster.run(afterMs);
        // Where the old place still works, a beat that went there may overtake the question to the new one.
        const isFound = () => [a, b].some((each) => pathsOf(each).includes(at[who]!));
        cluster.runUntil(isFound, 10_000);
      }
      expect(pair.map(({ changes }) => changes.length)).toEqual(counts);
      expect([a, b].map(pathsOf)).toEqual([[at["b"]], [at["a"]]]);
      expect(movesOf(a).map(({ id, from, to }) => `${id}: ${from}→${to}`)).toEqual(
        moved["b"]!.map((each) => `b: ${each}`),
      );
      expect(movesOf(b).map(({ from, to }) => `${from}→${to}`)).toEqual(moved["a"]);
      for (const { endpoint } of pair) {
        const { moves, movesRefused, sessions, candidates } = endpoint.stats();
        expect([movesRefused, sessions, candidates]).toEqual([0, 1, 0]);
        expect(moves).toBe(endpoint === a.endpoint ? moved["b"]!.length : moved["a"]!.length);
      }
    }),
  );
});

test("whatever both sides ask of each other, a rebinding ends no session", () => {
  const policies = fc.tuple(wirePolicies, wirePolicies);
  fc.assert(
    fc.property(fc.nat(), policies, fc.boolean(), (seed, drawn, byHand) => {
      const cluster = new Cluster("datagram", { seed, delayMs: [1, 5] });
      const [a, b] = duo(cluster, { policies: drawn, byHand }).pair;
      cluster.run(2_500);
      expect([a.status("b"), b.status("a")]).toEqual(["alive", "alive"]);
      cluster.network.rebind("b", "elsewhere");
      cluster.run(8_000);
      expect([...a.deaths(), ...b.deaths()]).toEqual([]);
      expect([a.status("b"), b.status("a")]).toEqual(["alive", "alive"]);
      expect(pathsOf(a)).toEqual(["elsewhere"]);
    }),
  );
});

/** Whoever sees the traffic holds frames of `b` back and says them itself, from other addresses. */
const disguises = fc.array(
  fc.record({
    every: fc.integer({ min: 1, max: 4 }),
    from: fc.constantFrom("x", "x", "y"),
    alsoReal: fc.boolean(),
    forMs: fc.integer({ min: 100, max: 900 }),
  }),
  { minLength: 1, maxLength: 8 },
);

test("an address that returns no tag is sent no more than came from it, and nothing moves", () => {
  fc.assert(
    fc.property(fc.nat(), disguises, fc.boolean(), (seed, list, withKeys) => {
      const cluster = new Cluster("datagram", { seed, delayMs: [1, 5] });
      const [a, b] = alivePair(cluster, withKeys ? new Keyring(1) : undefined);
      const came: Record<string, { bytes: number; packets: number }> = {};
      let turn = 0;
      for (const { every, from, alsoReal, forMs } of list) {
        cluster.loses = (sender) => {
          if (sender !== "b" || ++turn % every > 0) return false;
          const { bytes } = b.sent.at(-1)!;
          came[from] ??= { bytes: 0, packets: 0 };
          came[from].bytes += bytes.length;
          came[from].packets += 1;
          cluster.network.carry(from, "a", bytes, false);
          return !alsoReal;
        };
        cluster.run(forMs);
      }
      for (const place of ["x", "y"]) {
        const went = a.sent.filter(({ to }) => to === place);
        const bytes = went.reduce((sum, sent) => sum + sent.bytes.length, 0);
        expect(went.length).toBeLessThanOrEqual(came[place]?.packets ?? 0);
        expect(bytes).toBeLessThanOrEqual(came[place]?.bytes ?? 0);
      }
      expect(pathsOf(a)).toEqual(["b"]);
      expect(movesOf(a)).toEqual([]);
      expect([...a.deaths(), ...b.deaths()]).toEqual([]);
      cluster.loses = () => false;
      cluster.run(3_000);
      expect([a.status("b"), b.status("a")]).toEqual(["alive", "alive"]);
    }),
  );
});

test("a tag that the peer learnt, and uses from where it is, proves no other place any more", () => {
  const cluster = new Cluster("datagram", { seed: 4, delayMs: [1, 1] });
  const [a, b] = alivePair(cluster);
  // The next frame of b comes from x instead.
  const disguiseNext = () => {
    let isDone = false;
    cluster.loses = (from) => {
      if (from !== "b" || isDone) return false;
      isDone = true;
      cluster.network.carry("x", "a", b.sent.at(-1)!.bytes, false);
      return true;
    };
    while (!isDone) cluster.run(1);
    cluster.loses = () => false;
  };
  disguiseNext();
  cluster.run(2);
  // Whoever is at x carries the challenge to b, and b answers from where it is.
  const challenge = a.sent.findLast(({ to }) => to === "x")!;
  expect(challenge.frame).toMatchObject({ type: "beat", asks: true });
  cluster.network.carry("a", "b", challenge.bytes, false);
  cluster.run(5);
  expect(b.sent.at(-1)!.frame).toMatchObject({ type: "echo", tag: handed(challenge.frame) });
  disguiseNext();
  cluster.run(2);
  expect(pathsOf(a)).toEqual(["b"]);
  expect(movesOf(a)).toEqual([]);
  cluster.run(5_000);
  expect([...a.deaths(), ...b.deaths()]).toEqual([]);
  expect([a.status("b"), b.status("a")]).toEqual(["alive", "alive"]);
});

test("changes of address a minute are limited, counted, and no reason to die", () => {
  const cluster = new Cluster("datagram", { seed: 3, delayMs: [1, 5] });
  const limits = { movesPerMinute: 3 };
  const b = cluster.start("b", { policy: POLICY });
  const a = cluster.start("a", { policy: POLICY, accept: () => true, limits });
  b.add("a");
  cluster.run(1_500);
  for (let n = 0; n < 8; n++) {
    cluster.network.rebind("b", `b${n}`);
    cluster.run(900);
  }
  const { moves, movesRefused } = a.endpoint.stats();
  expect(moves).toBe(3);
  expect(movesRefused).toBeGreaterThan(0);
  expect(pathsOf(a)).toEqual(["b2"]);
  expect([...a.deaths(), ...b.deaths()]).toEqual([]);
  cluster.run(30_000);
  expect(pathsOf(a)).toEqual(["b7"]);
  expect([...a.deaths(), ...b.deaths()]).toEqual([]);
});
