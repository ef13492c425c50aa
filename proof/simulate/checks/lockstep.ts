// "Outputs equal the oracle's": a monitor that plays whatever happens to it on its dumb twin as well, call by
// call, with what its sink answered. The twin must say the same things in the same order, and never want to
// be called earlier; after every step it must know the same of every peer.
import { isDeepStrictEqual } from "node:util";
import type {
  AddOptions,
  EndedOptions,
  EndReason,
  HeardSign,
  MonitorOptions,
  MonitorOutput,
  PeerRef,
  Policy,
  PolicyOptions,
} from "@systole/core";
import { Monitor } from "../../../packages/core/src/monitor/monitor.ts";
import { Twin } from "../../../packages/core/test/twin.ts";

/** A call of the endpoint, to be made on the twin. */
interface Call {
  readonly name: string;
  readonly onTwin: (twin: Twin) => unknown;
  result: unknown;
}

/** An output, and what the sink called when it got it. */
interface Told {
  readonly output: MonitorOutput;
  readonly answers: Call[];
}

export class LockstepMonitor extends Monitor {
  /** Calls that were made on both. */
  calls = 0;
  readonly #clock: MonitorOptions["host"];
  readonly #report: (text: string) => void;
  readonly #twin: Twin;
  /** Whether the monitor is at work, and what it calls is its own. */
  #isInside = false;
  /** What came of the outermost call under way. */
  #told: Told[] | undefined;
  #next = 0;
  #hasDiverged = false;

  constructor(options: MonitorOptions, report: (text: string) => void) {
    super({ ...options, emit: (output) => this.#emit(output, options.emit) });
    const { host, policy = {}, seed = 0 } = options;
    this.#clock = host;
    this.#report = report;
    this.#twin = new Twin({ host, policy, seed, emit: (output) => this.#hear(output) });
  }

  override add(id: string, { policy, role }: AddOptions = {}): PeerRef {
    const options = { ...(policy && { policy }), ...(role && { role }) };
    const onTwin = (twin: Twin) => twin.add(id, options);
    return this.#call("add", onTwin, () => super.add(id, { policy, role }));
  }

  override remove(ref: PeerRef): void {
    this.#call(
      "remove",
      (twin) => twin.remove(ref),
      () => super.remove(ref),
    );
  }

  override heard(ref: PeerRef, sign?: HeardSign): boolean {
    const copy = sign && { ...sign };
    const onTwin = (twin: Twin) => twin.heard(ref, copy as never);
    return this.#call("heard", onTwin, () => super.heard(ref, sign));
  }

  override heardBeat(ref: PeerRef, seq: number, sign?: HeardSign): boolean {
    const copy = { ...sign };
    const onTwin = (twin: Twin) => twin.heardBeat(ref, seq, copy as never);
    return this.#call("heardBeat", onTwin, () => super.heardBeat(ref, seq, sign));
  }

  override sent(ref: PeerRef): void {
    this.#call(
      "sent",
      (twin) => twin.sent(ref),
      () => super.sent(ref),
    );
  }

  override ended(ref: PeerRef, reason: EndReason, options?: EndedOptions): void {
    this.#call(
      "ended",
      (twin) => twin.ended(ref, reason, options),
      () => super.ended(ref, reason, options),
    );
  }

  override dial(ref: PeerRef): void {
    this.#call(
      "dial",
      (twin) => twin.dial(ref),
      () => super.dial(ref),
    );
  }

  override setPolicy(ref: PeerRef, policy: PolicyOptions | Policy): void {
    this.#call(
      "setPolicy",
      (twin) => twin.setPolicy(ref, policy),
      () => super.setPolicy(ref, policy),
    );
  }

  override pause(ref?: PeerRef): void {
    this.#call(
      "pause",
      (twin) => twin.pause(ref),
      () => super.pause(ref),
    );
  }

  override resume(ref?: PeerRef): void {
    this.#call(
      "resume",
      (twin) => twin.resume(ref),
      () => super.resume(ref),
    );
  }

  override tick(options: { slice?: boolean } = {}): void {
    this.#call(
      "tick",
      (twin) => twin.tick(options),
      () => super.tick(options),
    );
  }

  override onEarlier(callback: () => void): () => void {
    const withdraw = super.onEarlier(callback);
    const withdrawTwin = this.#twin.onEarlier();
    return () => {
      withdraw();
      withdrawTwin();
    };
  }

  /** Whatever is known of anybody is the same on both sides. */
  compare(): void {
    if (this.#hasDiverged) return;
    this.#expect("refs", new Set(this), new Set(this.#twin.peers.keys()));
    for (const [ref, { state, policy, id }] of this.#twin.peers) {
      this.#expect(`the state of ${id}`, this.state(ref), state);
      this.#expect(`the policy of ${id}`, this.policy(ref), policy);
    }
    const { stalls, health } = this.stats();
    this.#expect("stalls and health", [stalls, health], [this.#twin.stalls, this.#twin.health]);
  }

  #call<Result>(name: string, onTwin: Call["onTwin"], body: () => Result): Result {
    if (this.#isInside || this.#hasDiverged) return body();
    const call: Call = { name, onTwin, result: undefined };
    const answered = this.#told?.at(-1)?.answers;
    this.#told ??= [];
    this.#isInside = true;
    try {
      const result = body();
      call.result = result;
      return result;
    } finally {
      this.#isInside = false;
      if (answered) answered.push(call);
      else this.#playOnTwin(call);
    }
  }

  #emit(output: MonitorOutput, emit: MonitorOptions["emit"]): void {
    this.#told?.push({ output, answers: [] });
    this.#isInside = false;
    try {
      emit(output);
    } finally {
      this.#isInside = this.#told !== undefined;
    }
  }

  #playOnTwin(call: Call): void {
    this.#next = 0;
    this.calls += 1;
    this.#make(call);
    const missing = this.#told?.[this.#next]?.output;
    if (missing)
      this.#diverge(`${call.name}: it said ${JSON.stringify(missing)}, its twin did not`);
    this.#told = undefined;
    const deadline = this.nextDeadline();
    const dumb = Math.max(this.#clock.now(), this.#twin.nextDeadline());
    if (deadline > dumb) this.#diverge(`${call.name}: calls at ${deadline}, its twin at ${dumb}`);
  }

  #make({ name, onTwin, result }: Call): void {
    const twins = onTwin(this.#twin);
    if (typeof result !== "object") this.#expect(`what ${name} returned`, result, twins);
  }

  /** The twin says something. */
  #hear(output: MonitorOutput): void {
    const told = this.#told?.[this.#next];
    this.#next += 1;
    this.#expect("an output", told?.output, output);
    for (const answer of told?.answers ?? []) this.#make(answer);
  }

  #expect(what: string, actual: unknown, twins: unknown): void {
    if (isDeepStrictEqual(actual, twins)) return;
    this.#diverge(`${what}: ${JSON.stringify(actual)}, and its twin ${JSON.stringify(twins)}`);
  }

  #diverge(text: string): void {
    if (!this.#hasDiverged) this.#report(text);
    this.#hasDiverged = true;
  }
}
