// The monitor is the fold of `transition`: over random histories of every operation it says the same
// as the dumb twin, in the same order, and keeps the same states, deadlines and counts.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMonitor } from "../src/monitor/monitor.ts";
import type { MonitorOutput } from "../src/monitor/outputs.ts";
import type { PeerRef } from "../src/monitor/refs.ts";
import type { EndReason } from "../src/peer/state.ts";
import type { Policy } from "../src/policy.ts";
import { policies, roles } from "./arbitraries.ts";
import { Twin } from "./twin.ts";

/** What both monitors have in common, as far as histories go. */
type Judge = Pick<
  Twin,
  "add" | "remove" | "heard" | "heardBeat" | "sent" | "ended" | "dial" | "setPolicy"
> &
  Pick<Twin, "stalled" | "nextDeadline"> & {
    pause(ref?: PeerRef): void;
    resume(ref?: PeerRef): void;
    tick(options?: { slice: boolean }): void;
    onEarlier(callback: () => void): () => void;
  };

const peer = fc.nat({ max: 7 });
const reasons: readonly EndReason[] = ["closed", "left", "restarted", "replaced", "incompatible"];
const sign = fc.record(
  {
    proof: fc.boolean(),
    nonceAt: fc.integer({ min: 0, max: 30_000 }),
    heldMs: fc.nat({ max: 99 }),
  },
  { requiredKeys: [] },
);

/** Operations on any number of peers; the numbers name peers by the order in which they were added. */
const operations = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant("add" as const), peer, role: roles, own: fc.boolean() }),
  },
  { weight: 6, arbitrary: fc.record({ op: fc.constant("heard" as const), peer, sign }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("heardBeat" as const),
      peer,
      sign,
      seq: fc.nat({ max: 20 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant("sent" as const), peer }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("ended" as const),
      peer,
      reason: fc.constantFrom(...reasons),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constantFrom("dial" as const, "remove" as const), peer }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant("setPolicy" as const), peer, own: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constantFrom("pause" as const, "resume" as const),
      peer: fc.option(peer),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("stalled" as const),
      ms: fc.integer({ min: -5, max: 5_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("drive" as const) }) },
  { weight: 9, arbitrary: fc.record({ op: fc.constant("tick" as const), slice: fc.boolean() }) },
);
type Operation = typeof operations extends fc.Arbitrary<infer Value> ? Value : never;

/** What a sink does on its n-th output: call back in, throw, or both. */
const reactions = fc.array(fc.record({ throws: fc.boolean(), calls: fc.option(operations) }), {
  maxLength: 6,
});

const histories = fc.record({
  policies: fc.tuple(policies, policies),
  seed: fc.nat(),
  reactions,
  /** Peers that the sampling hook hears, tick by tick. */
  samples: fc.array(fc.option(peer), { maxLength: 5 }),
  steps: fc.array(
    fc.record({
      waitMs: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: -50, max: 9_000 })),
      operation: operations,
    }),
    { minLength: 1, maxLength: 60, size: "max" },
  ),
});
type History = typeof histories extends fc.Arbitrary<infer Value> ? Value : never;

interface Shared {
  readonly host: { now(): number };
  readonly policy: Policy;
  readonly seed: number;
  readonly emit: (output: MonitorOutput) => void;
  readonly sample: () => void;
}

/** One side of the comparison: a monitor, its sink, and everything that can be seen of them. */
class Side<Monitor extends Judge> {
  readonly log: unknown[] = [];
  readonly refs: PeerRef[] = [];
  now = 0;
  readonly monitor: Monitor;
  readonly #history: History;
  #outputs = 0;
  #samples = 0;
  #withdraw: (() => void) | undefined;

  constructor(history: History, make: (shared: Shared) => Monitor) {
    this.#history = history;
    this.monitor = make({
      host: { now: () => this.now },
      policy: history.policies[0],
      seed: history.seed,
      emit: (output) => this.#onOutput(output),
      sample: () => {
        const sampled = history.samples[this.#samples++];
        if (typeof sampled === "number") this.monitor.heard(this.#ref(sampled));
      },
    });
  }

  #onOutput(output: MonitorOutput): void {
    this.log.push(output);
    if (output.type === "beat") this.monitor.sent(output.peer);
    const reaction = this.#history.reactions[this.#outputs++ % 11];
    if (reaction?.calls) this.log.push(this.#apply(reaction.calls));
    if (reaction?.throws) throw new Error(`sink, output ${this.#outputs}`);
  }

  #ref(index: number): PeerRef {
    return this.refs[index % (this.refs.length || 1)] ?? (12_345 as PeerRef);
  }

  /** Applies an operation; errors are part of what is compared. */
  run(operation: Operation): void {
    try {
      this.log.push(this.#apply(operation));
    } catch (error) {
      const errors = error instanceof AggregateError ? error.errors : [error];
      this.log.push(errors.map((each) => (each instanceof TypeError ? "duplicate" : `${each}`)));
    }
  }

  #apply(operation: Operation): unknown {
    const { monitor } = this;
    const policy = this.#history.policies["own" in operation && operation.own ? 1 : 0];
    switch (operation.op) {
      case "add": {
        const ref = monitor.add(`peer ${operation.peer}`, { policy, role: operation.role });
        this.refs.push(ref);
        return ref;
      }
      case "heard":
        return monitor.heard(this.#ref(operation.peer), operation.sign);
      case "heardBeat":
        return monitor.heardBeat(this.#ref(operation.peer), operation.seq, operation.sign);
      case "sent":
      case "dial":
      case "remove":
        return monitor[operation.op](this.#ref(operation.peer));
      case "ended":
        return monitor.ended(this.#ref(operation.peer), operation.reason);
      case "setPolicy":
        return monitor.setPolicy(this.#ref(operation.peer), policy);
      case "pause":
      case "resume":
        return monitor[operation.op](
          operation.peer === null ? undefined : this.#ref(operation.peer),
        );
      case "stalled":
        return monitor.stalled(operation.ms);
      case "tick":
        return monitor.tick({ slice: operation.slice });
      case "drive":
        if (this.#withdraw === undefined) this.#withdraw = monitor.onEarlier(() => {});
        else {
          this.#withdraw();
          this.#withdraw = undefined;
        }
        return undefined;
    }
  }
}

const real = (history: History) => new Side(history, (shared) => createMonitor(shared));
const dumb = (history: History) => new Side(history, (shared) => new Twin(shared));

describe("over random histories of every operation", () => {
  test("the monitor is the fold of `transition` (npm timer-wheel: a queue is checked against a dumb twin)", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const [monitor, twin] = [real(history), dumb(history)];
        let compared = 0;
        for (const { waitMs, operation } of history.steps) {
          for (const side of [monitor, twin]) {
            side.now += waitMs;
            side.run(operation);
          }
          expect(monitor.log.slice(compared)).toEqual(twin.log.slice(compared));
          compared = twin.log.length;
          // A stored bound may be too early, never too late; a tick makes it exact.
          const [bound, exact] = [monitor.monitor.nextDeadline(), twin.monitor.nextDeadline()];
          expect(bound).toBeLessThanOrEqual(exact);
        }
        const refs = [...monitor.monitor];
        expect(new Set(refs)).toEqual(new Set(twin.monitor.peers.keys()));
        for (const ref of refs) {
          expect(monitor.monitor.state(ref)).toEqual(twin.monitor.peers.get(ref)?.state);
          expect(monitor.monitor.policy(ref)).toBe(twin.monitor.peers.get(ref)?.policy);
        }
        const { stalls, health, staleRefs, clockWentBack } = twin.monitor;
        const peers = [...twin.monitor.peers.values()];
        const count = (status: string) =>
          peers.filter(({ state }) => state.status === status).length;
        expect(monitor.monitor.stats()).toMatchObject({
          ...{ stalls, health, staleRefs, clockWentBack, peers: peers.length },
          connecting: count("connecting"),
          alive: count("alive"),
          suspect: count("suspect"),
          dead: count("dead"),
        });
      }),
    );
  });

  test("same seed, same outputs", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const [first, second] = [real(history), real(history)];
        for (const side of [first, second]) {
          for (const { waitMs, operation } of history.steps) {
            side.now += waitMs;
            side.run(operation);
          }
        }
        expect(first.log).toEqual(second.log);
      }),
    );
  });
});
