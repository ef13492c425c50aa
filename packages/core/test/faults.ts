// Faults as data, for histories that a property can shrink: what may happen to processes `a` and `b`
// and to the network between them.
import fc from "fast-check";
import type { Sealing } from "../src/endpoint/sealing.ts";
import type { PolicyOptions } from "../src/policy.ts";
import type { Cluster, Process } from "./cluster.ts";
import { wirePolicies } from "./wire-arbitraries.ts";

export type Fault =
  | { readonly type: "nothing" | "heal" }
  | { readonly type: "cut"; readonly from: number; readonly oneWay: boolean }
  | { readonly type: "freeze"; readonly who: number; readonly ms: number }
  | { readonly type: "policy"; readonly who: number; readonly policy: PolicyOptions }
  | { readonly type: "restart"; readonly who: number; readonly clockMs: number }
  | { readonly type: "half-open"; readonly who: number };

export interface Step {
  readonly waitMs: number;
  readonly fault: Fault;
}

const who = fc.integer({ min: 0, max: 1 });

export const faults: Record<Fault["type"], fc.Arbitrary<Fault>> = {
  nothing: fc.constant({ type: "nothing" }),
  heal: fc.constant({ type: "heal" }),
  cut: fc.record({ type: fc.constant("cut"), from: who, oneWay: fc.boolean() }),
  freeze: fc.record({
    type: fc.constant("freeze"),
    who,
    ms: fc.integer({ min: 50, max: 5_000 }),
  }),
  policy: fc.record({ type: fc.constant("policy"), who, policy: wirePolicies }),
  restart: fc.record({
    type: fc.constant("restart"),
    who,
    clockMs: fc.constantFrom(0, -1e9, 1e9),
  }),
  "half-open": fc.record({ type: fc.constant("half-open"), who }),
};

export function steps(
  types: readonly Fault["type"][],
  { maxLength = 8, maxWaitMs = 2_500 } = {},
): fc.Arbitrary<readonly Step[]> {
  return fc.array(
    fc.record({
      waitMs: fc.integer({ min: 0, max: maxWaitMs }),
      fault: fc.oneof(...types.map((type) => faults[type])),
    }),
    { minLength: 1, maxLength },
  );
}

/** Two processes that know each other by hand, or where one accepts the other. */
export class Duo {
  readonly cluster: Cluster;
  readonly #start: readonly ((clockMs: number) => Process)[];

  constructor(cluster: Cluster, start: readonly ((clockMs: number) => Process)[]) {
    this.cluster = cluster;
    this.#start = start;
    // Whoever is called must be there.
    for (const each of [...start].reverse()) each(0);
  }

  get pair(): readonly [Process, Process] {
    return [this.cluster.process("a"), this.cluster.process("b")];
  }

  apply(fault: Fault): void {
    const { network } = this.cluster;
    const process = "who" in fault ? (this.pair[fault.who] as Process) : undefined;
    switch (fault.type) {
      case "nothing":
        return;
      case "heal":
        return network.heal("a", "b");
      case "cut":
        return network.cut(
          fault.from === 0 ? "a" : "b",
          fault.from === 0 ? "b" : "a",
          fault.oneWay,
        );
      case "freeze":
        return process!.host.freeze(fault.ms);
      case "policy": {
        const [ref] = process!.endpoint;
        const redial = ref !== undefined && process!.endpoint.policy(ref)!.redial;
        if (ref !== undefined) process!.endpoint.setPolicy(ref, { ...fault.policy, redial });
        return;
      }
      case "restart":
        this.#start[fault.who]!(fault.clockMs);
        return;
      case "half-open":
        return process!.dropLinks();
    }
  }
}

/** `a` adds `b`, which accepts it or, where it can, adds it as well. */
export function duo(
  cluster: Cluster,
  how: {
    readonly policies: readonly [PolicyOptions, PolicyOptions];
    readonly byHand?: boolean;
    readonly drifts?: readonly [number, number];
    /** The id of the process at `b`. */
    readonly id?: string;
    readonly sealing?: Sealing;
  },
): Duo {
  const { policies, byHand = false, drifts = [0, 0], id = "b", sealing } = how;
  const isDatagram = cluster.transport === "datagram";
  const epochMs = (clockMs: number) => 1_767_225_600_000 + clockMs;
  return new Duo(cluster, [
    (clockMs) => {
      const a = cluster.start("a", {
        policy: { ...policies[0], redial: !isDatagram },
        sealing,
        driftPpm: drifts[0],
        epochMs: epochMs(clockMs),
      });
      a.add("b", { id });
      return a;
    },
    (clockMs) => {
      const adds = byHand && isDatagram;
      const b = cluster.start("b", {
        id,
        policy: policies[1],
        sealing,
        driftPpm: drifts[1],
        epochMs: epochMs(clockMs),
        accept: adds ? undefined : () => true,
      });
      if (adds) b.add("a");
      return b;
    },
  ]);
}
