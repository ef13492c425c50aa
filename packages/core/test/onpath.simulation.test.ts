// Somebody on the path of two peers that share a key: sees all, drops, delays, says again, holds back for
// days, and claims any address; forging is what the key prevents. It can make them lose each other, as a cut
// cable can, and prolong a life by 2 D; and nothing else.
import fc from "fast-check";
import { expect, test } from "vitest";
import { deadAtMostMs } from "../src/bounds.ts";
import { Cluster, type Process } from "./cluster.ts";
import { type Duo, duo } from "./faults.ts";
import { Keyring } from "./keyring.ts";
import { wirePolicies } from "./wire-arbitraries.ts";

/** Many times D: to whoever judges, no different from days. */
const LONG_MS = 15_000;

interface Captured {
  readonly to: string;
  readonly bytes: Uint8Array;
}

/** What it does with a frame that it sees: nothing, or keep it from arriving now. */
const conducts = fc.array(fc.constantFrom("pass", "pass", "drop", "hold", "hold and pass"), {
  minLength: 1,
  maxLength: 12,
});
const says = fc.array(
  fc.record({
    /** Of what it holds back, or of all it ever saw. */
    of: fc.constantFrom("held", "held", "seen"),
    at: fc.nat(),
    from: fc.constantFrom("right", "right", "x"),
    to: fc.constantFrom("right", "right", "right", "other"),
    afterMs: fc.constantFrom(0, 0, 10, 150, 900),
  }),
  { minLength: 1, maxLength: 40 },
);

class Attacker {
  readonly seen: Captured[] = [];
  held: Captured[] = [];
  readonly #cluster: Cluster;
  #turn = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  conduct(how: readonly string[]): void {
    this.#cluster.loses = (from, to) => {
      const captured = { to, bytes: this.#cluster.process(from).sent.at(-1)!.bytes };
      this.seen.push(captured);
      this.#turn += 1;
      const what = how[this.#turn % how.length]!;
      if (what.startsWith("hold")) this.held.push(captured);
      return what === "drop" || what === "hold";
    };
  }

  say(list: typeof says extends fc.Arbitrary<infer T> ? T : never): void {
    for (const { of, at, from, to, afterMs } of list) {
      const source = of === "held" ? this.held : this.seen;
      const captured = source[at % Math.max(1, source.length)];
      // Who carries on what was sent to the address it claims, and back, is a path: so does every NAT.
      if (captured !== undefined && captured.to !== "x") {
        const other = captured.to === "a" ? "b" : "a";
        const place = from === "x" ? "x" : to === "right" ? other : captured.to;
        this.#cluster.network.carry(
          place,
          to === "right" ? captured.to : other,
          captured.bytes,
          false,
        );
      }
      this.#cluster.run(afterMs);
    }
  }
}

const attacks = fc.record({
  seed: fc.nat(),
  policies: fc.tuple(wirePolicies, wirePolicies),
  byHand: fc.boolean(),
  conduct: conducts,
  says,
  later: says,
  waitMs: fc.constantFrom(0, 500, LONG_MS),
  victim: fc.constantFrom(0, 1),
});

function begin({
  seed,
  policies,
  byHand,
}: {
  seed: number;
  policies: Parameters<typeof duo>[1]["policies"];
  byHand: boolean;
}): {
  cluster: Cluster;
  two: Duo;
  attacker: Attacker;
} {
  const cluster = new Cluster("datagram", { seed, delayMs: [1, 2] });
  cluster.recording = true;
  const two = duo(cluster, { policies, byHand, sealing: new Keyring(1) });
  const attacker = new Attacker(cluster);
  attacker.conduct(["pass"]);
  cluster.run(1_200);
  return { cluster, two, attacker };
}

/** Nobody is told anything that neither side ever said. */
function expectHonestEnds(process: Process): void {
  for (const { reason } of process.deaths())
    expect(["silence", "unreachable", "restarted"]).toContain(reason);
  expect(process.endpoint.size).toBeLessThanOrEqual(1);
  expect(process.outputs.filter(({ type }) => type === "refused" || type === "moved")).toEqual([]);
}

test("while both live they may lose each other, and find each other once it lets them", () => {
  fc.assert(
    fc.property(attacks, ({ conduct, says: list, ...start }) => {
      const { cluster, two, attacker } = begin(start);
      attacker.conduct(conduct);
      attacker.say(list);
      attacker.say(list);
      const [a, b] = two.pair;
      attacker.conduct(["pass"]);
      cluster.runUntil(() => a.status("b") === "alive" && b.status("a") === "alive", 40_000);
      // Counted as heard, both ways: not only what was held back.
      cluster.run(1_000);
      expect([a.status("b"), b.status("a")]).toEqual(["alive", "alive"]);
      const paths = two.pair.map(({ endpoint }) => [...endpoint].map((ref) => endpoint.path(ref)));
      expect(paths).toEqual([["b"], ["a"]]);
      for (const process of two.pair) expectHonestEnds(process);
      // Nobody who only claimed an address was sent more than came from there.
      const toX = two.pair.flatMap(({ sent }) => sent.filter(({ to }) => to === "x"));
      expect(toX.length).toBeLessThanOrEqual(2 * list.filter(({ from }) => from === "x").length);
    }),
  );
});

test("a life is prolonged by 2 D at most, and what was held back for days begins none", () => {
  fc.assert(
    fc.property(attacks, ({ conduct, says: list, later, waitMs, victim, ...start }) => {
      const { cluster, two, attacker } = begin(start);
      attacker.conduct(conduct);
      attacker.say(list);
      const dying = two.pair[victim] as Process;
      const judge = two.pair[1 - victim] as Process;
      const [ref] = judge.endpoint;
      const known = ref !== undefined && judge.endpoint.policy(ref);
      dying.stop();
      const stoppedAt = cluster.network.now;
      attacker.say(later);
      // The last that may count is a frame that echoes what the victim got in its last moment.
      const D = known ? known.deadAfterMs : 0;
      const boundMs = known ? D + deadAtMostMs(known) + 100 : 0;
      cluster.run(Math.max(0, stoppedAt + boundMs - cluster.network.now));
      const { length } = judge.changes;
      expect(judge.status(dying.name)).not.toBe("alive");
      expect(judge.status(dying.name)).not.toBe("suspect");
      cluster.run(waitMs);
      attacker.say(later);
      attacker.say(list);
      cluster.run(1_000);
      expect(judge.changes.slice(length).filter(({ to }) => to === "alive")).toEqual([]);
      expectHonestEnds(judge);
    }),
  );
});
