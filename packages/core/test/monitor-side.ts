// One side of a comparison: a monitor or its twin, with a clock, a sink and a sampling hook that do
// what the history says, and the log of everything that came out. What is drawn is in
// monitor-operations.ts, the comparison in monitor-histories.ts.
import type { HeardSign } from "../src/monitor/options.ts";
import type { MonitorOutput } from "../src/monitor/outputs.ts";
import type { PeerRef } from "../src/monitor/refs.ts";
import type { EndReason, PeerState, Role } from "../src/peer/state.ts";
import type { Policy, PolicyOptions } from "../src/policy.ts";
import type { DrawnSign, History, Operation, WhichPolicy, Who } from "./monitor-operations.ts";
import { Twin } from "./twin.ts";

/** What both monitors can do. */
export interface Judge {
  add(id: string | undefined, options: { policy?: PolicyOptions; role: Role }): PeerRef;
  remove(ref: PeerRef): void;
  heard(ref: PeerRef, sign?: HeardSign): boolean;
  heardBeat(ref: PeerRef, seq: number, sign?: HeardSign): boolean;
  sent(ref: PeerRef): void;
  ended(
    ref: PeerRef,
    reason: EndReason,
    options: { returnInMs?: number | undefined; bySelf?: boolean | undefined },
  ): void;
  dial(ref: PeerRef): void;
  setPolicy(ref: PeerRef, policy: PolicyOptions): void;
  pause(ref?: PeerRef): void;
  resume(ref?: PeerRef): void;
  stalled(ms: number): void;
  tick(options: { slice: boolean }): void;
  suspicion(ref: PeerRef): number | undefined;
  onEarlier(callback: () => void): () => void;
  nextDeadline(): number;
  id(ref: PeerRef): string | undefined;
  find(id: string): PeerRef | undefined;
  state(ref: PeerRef): PeerState | undefined;
  policy(ref: PeerRef): Policy | undefined;
}

export interface Shared {
  readonly host: { now(): number };
  readonly policy: Policy;
  readonly seed: number;
  readonly emit: (output: MonitorOutput) => void;
  readonly sample: (peer?: PeerRef) => void;
}

/** The twin, with a monitor's questions answered from its map. It wants an id for everybody. */
export class AnsweringTwin extends Twin implements Judge {
  #nameless = 0;

  constructor(shared: Shared) {
    const emit = (output: MonitorOutput) => shared.emit(withoutName(output));
    super({ ...shared, emit });
  }

  override add(id: string | undefined, options: { policy?: PolicyOptions; role: Role }): PeerRef {
    return super.add(id ?? `${NAMELESS}${this.#nameless++}`, options);
  }

  id(ref: PeerRef): string | undefined {
    const id = this.peers.get(ref)?.id;
    return id?.startsWith(NAMELESS) ? undefined : id;
  }

  find(id: string): PeerRef | undefined {
    return [...this.peers.values()].find((peer) => peer.id === id)?.ref;
  }

  state(ref: PeerRef): PeerState | undefined {
    return this.peers.get(ref)?.state;
  }

  policy(ref: PeerRef): Policy | undefined {
    return this.peers.get(ref)?.policy;
  }
}

const NAMELESS = "nameless ";

function withoutName(output: MonitorOutput): MonitorOutput {
  if (!("peer" in output) || !output.id?.startsWith(NAMELESS)) return output;
  const { id: _, ...rest } = output;
  return rest;
}

/** A ref that nobody has. */
const NOBODY = 12_345 as PeerRef;
/** Reactions that answer reactions end here, at the latest. */
const MOST_REACTIONS = 200;

export class Side<Kind extends Judge> {
  readonly monitor: Kind;
  now: number;
  /** What came out of the last step, in order: outputs, results, errors. */
  log: unknown[] = [];
  /** How often each operation ran, those of the sink included, those of the sampling hook not. */
  readonly ran: Map<string, number> = new Map();
  /** Until when each driver sleeps. */
  readonly sleeps: Map<number, { until: number; wake: () => void }> = new Map();

  readonly #history: History;
  /** All refs that each peer had. */
  readonly #refs: PeerRef[][] = [];
  readonly #drivers: Map<number, () => void> = new Map();
  readonly #seqs: Map<PeerRef, number> = new Map();
  #outputs = 0;
  #reactions = 0;
  #samples = 0;

  constructor(history: History, make: (shared: Shared) => Kind) {
    this.#history = history;
    this.now = history.startAt;
    this.monitor = make({
      host: { now: () => this.now },
      policy: history.policies[0],
      seed: history.seed,
      emit: (output) => this.#onOutput(output),
      sample: (peer) => this.#onSample(peer),
    });
  }

  /** Applies an operation; errors are part of what is compared. */
  run(operation: Operation): void {
    this.log = [];
    this.#reactions = 0;
    try {
      this.log.push(this.#apply(operation));
    } catch (error) {
      this.log.push(asText(error));
    }
    if (operation.op === "tick") for (const { wake } of this.sleeps.values()) wake();
  }

  #onOutput(output: MonitorOutput): void {
    this.log.push(output);
    const { sends, reactions } = this.#history;
    if (sends && output.type === "beat") this.monitor.sent(output.peer);
    const reaction = reactions[this.#outputs++ % 31];
    if (!reaction || this.#reactions++ > MOST_REACTIONS) return;
    if (reaction.call) this.log.push(this.#apply(reaction.call));
    if (reaction.throws) throw new Error(`sink, output ${this.#outputs}`);
  }

  #onSample(peer: PeerRef | undefined): void {
    if (this.#samples++ === 0) return this.#begin();
    const sample = this.#history.samples[this.#samples % 11];
    if (sample === undefined) return;
    if (peer === undefined) this.log.push(this.#each(sample, (ref) => this.monitor.heard(ref)));
    else this.log.push(peer, sample.throws || this.monitor.heard(peer));
    if (sample.throws) throw new Error(`sample ${this.#samples}`);
  }

  /** Everybody is added within the first tick: that is one turn, and each turn costs the twin a look at all. */
  #begin(): void {
    for (const [peer, { role, policy }] of this.#history.peers.entries()) {
      this.#add(peer, `peer ${peer}`, role, policy);
    }
  }

  #apply(operation: Operation): unknown {
    const { monitor } = this;
    // A single call counts here, several ones where they are made.
    if (!("count" in operation || "times" in operation)) this.#count(operation.op, 1);
    switch (operation.op) {
      case "add": {
        const { peer, role, policy, anonymous } = operation;
        return this.#add(peer, anonymous ? undefined : `peer ${peer}`, role, policy);
      }
      case "churn":
        return this.#churn(operation.peer, operation.times);
      case "heard":
        return monitor.heard(this.#ref(operation.who), this.#sign(operation.sign));
      case "heardBeat": {
        const ref = this.#ref(operation.who);
        return this.#heardBeat(ref, operation.seqStep, this.#sign(operation.sign));
      }
      case "sent":
      case "dial":
      case "remove":
      case "pause":
      case "resume":
        return monitor[operation.op](this.#ref(operation.who));
      case "ended": {
        const { who, reason, returnInMs, bySelf } = operation;
        return monitor.ended(this.#ref(who), reason, { returnInMs, bySelf });
      }
      case "setPolicy":
        return monitor.setPolicy(this.#ref(operation.who), this.#policy(operation.policy) ?? {});
      case "pause all":
        return monitor.pause();
      case "resume all":
        return monitor.resume();
      case "stalled":
        return monitor.stalled(operation.ms);
      case "tick":
        return monitor.tick({ slice: operation.slice });
      case "drive":
        return this.#drive(operation.driver);
      case "suspicion":
        return monitor.suspicion(this.#ref(operation.who));
      case "look":
        return this.#look(this.#ref(operation.who));
      case "heard by many":
        return this.#each(operation, (ref) => monitor.heard(ref));
      case "beats of many":
        return this.#each(operation, (ref) => this.#heardBeat(ref, 1));
      case "sent to many":
        return this.#each(operation, (ref) => monitor.sent(ref));
    }
  }

  #add(peer: number, id: string | undefined, role: Role, which: WhichPolicy): PeerRef {
    const policy = this.#policy(which);
    const ref = this.monitor.add(id, policy === undefined ? { role } : { role, policy });
    const refs = this.#refs[peer] ?? [];
    this.#refs[peer] = refs;
    if (refs.at(-1) !== ref) refs.push(ref);
    return ref;
  }

  #churn(peer: number, times: number): PeerRef[] {
    const refs: PeerRef[] = [];
    this.#count("churn", 2 * times);
    for (let n = 0; n < times; n++) {
      this.monitor.remove(this.#ref({ peer, earlier: 0 }));
      refs.push(this.#add(peer, undefined, "both", 0));
    }
    return refs;
  }

  #heardBeat(ref: PeerRef, seqStep: number, sign?: HeardSign): boolean {
    const seq = (this.#seqs.get(ref) ?? 0) + seqStep;
    this.#seqs.set(ref, seq);
    return this.monitor.heardBeat(ref, seq, sign);
  }

  #each(
    { from, count, op }: { from: number; count: number; op?: string },
    call: (ref: PeerRef) => unknown,
  ): unknown[] {
    const peers = Math.max(1, this.#refs.length);
    if (op !== undefined) this.#count(op, count);
    return Array.from({ length: count }, (_, n) =>
      call(this.#ref({ peer: (from + n) % peers, earlier: 0 })),
    );
  }

  /** A driver comes, or the one that is there goes. It wakes when it is told to, and for ticks. */
  #drive(driver: number): void {
    const { sleeps, monitor } = this;
    const withdraw = this.#drivers.get(driver);
    if (withdraw !== undefined) {
      this.#drivers.delete(driver);
      sleeps.delete(driver);
      return withdraw();
    }
    const sleep = {
      until: Number.POSITIVE_INFINITY,
      wake: () => {
        sleep.until = monitor.nextDeadline();
      },
    };
    sleeps.set(driver, sleep);
    this.#drivers.set(driver, monitor.onEarlier(sleep.wake));
    sleep.wake();
  }

  #look(ref: PeerRef): unknown[] {
    const { monitor } = this;
    const id = monitor.id(ref);
    return [id, id && monitor.find(id), monitor.state(ref), monitor.policy(ref)?.deadAfterMs];
  }

  #ref({ peer, earlier }: Who): PeerRef {
    return this.#refs[peer]?.at(-1 - earlier) ?? NOBODY;
  }

  #policy(which: WhichPolicy): PolicyOptions | undefined {
    if (which === "wrong") return { suspectAfterMs: -1 };
    return which === "the monitor's" ? undefined : this.#history.policies[which];
  }

  #sign(drawn: DrawnSign | undefined): HeardSign | undefined {
    if (drawn === undefined) return undefined;
    const { nonceAgoMs, nonceObservedAgoMs, leftAgoMs, ...rest } = drawn;
    return {
      ...rest,
      // By a clock of the sender's own.
      ...(leftAgoMs !== undefined && { sentAtMs: this.now - leftAgoMs + 123_456 }),
      ...(nonceAgoMs !== undefined && { nonceAt: this.now - nonceAgoMs }),
      ...(nonceObservedAgoMs !== undefined && { nonceObservedAt: this.now - nonceObservedAgoMs }),
    };
  }

  #count(op: string, times: number): void {
    this.ran.set(op, (this.ran.get(op) ?? 0) + times);
  }
}

function asText(error: unknown): string[] {
  const errors = error instanceof AggregateError ? error.errors : [error];
  return errors.map((each) => (each instanceof TypeError ? "duplicate" : `${each}`));
}
