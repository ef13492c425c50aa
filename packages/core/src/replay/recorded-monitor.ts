// A monitor that writes down what it is told. It decides nothing: every call goes on to the monitor as
// it came, except that policies are defined here, so that the log knows which is which.

import { Monitor } from "../monitor/monitor.ts";
import type { AddOptions, EndedOptions, HeardSign, MonitorOptions } from "../monitor/options.ts";
import type { PeerRef } from "../monitor/refs.ts";
import type { EndReason } from "../peer/state.ts";
import type { Policy, PolicyOptions } from "../policy.ts";
import {
  type CallName,
  type Json,
  LOG_VERSION,
  MONITOR_LOG,
  written,
  writtenOptions,
} from "./format.ts";
import { type Detectors, PolicyWriter } from "./policies.ts";
import { Recording, type RecordingState } from "./recording.ts";

/** Options of `recordMonitor` beyond those of the monitor. */
export interface RecordOptions {
  /** Names for detectors, for `replay` to find them by. Default: their own names. */
  readonly detectors?: Detectors | undefined;
}

const SIGN = [
  ...["nonceAt", "nonceObservedAt", "rttMs", "heldMs", "proof"],
  ...["sentAtMs", "gapMs", "declaredMs"],
];
const ENDED = ["returnInMs", "bySelf"];

/**
 * A monitor as `createMonitor` makes it, that writes every input of its own down: one line of JSON for
 * each, without a line break, before anything comes of it. `replay` makes the same outputs of the lines
 * again. It says and keeps exactly what it would without the log, and remembers nothing of it.
 *
 * `write` must not call the monitor. If it throws, the log ends there: see `recording.failure`.
 *
 * @throws as `createMonitor`.
 * @example
 * ```ts
 * const log = openSync("incident.jsonl", "w");
 * const monitor = recordMonitor({ host, policy, emit }, (line) => writeSync(log, `${line}\n`));
 * ```
 */
export function recordMonitor(
  options: MonitorOptions,
  write: (line: string) => void,
  recordOptions: RecordOptions = {},
): RecordedMonitor {
  return new RecordedMonitor(options, write, recordOptions);
}

/** See {@link recordMonitor}. */
export class RecordedMonitor extends Monitor {
  /** Where the recording stands, and the way to end it. */
  readonly recording: RecordingState;
  readonly #log: Recording;
  readonly #policies: PolicyWriter;
  /** The same callback, subscribed twice, is one subscriber of a monitor. */
  readonly #callbacks: WeakMap<() => void, readonly [number: number, callback: () => void]> =
    new WeakMap();
  #callbackCount = 0;

  constructor(
    options: MonitorOptions,
    write: (line: string) => void,
    { detectors = {} }: RecordOptions = {},
  ) {
    const log = new Recording(write);
    const policies = new PolicyWriter(detectors);
    const { host, emit, sample, stallToleranceMs } = options;
    const seed = options.seed ?? host.entropy?.() ?? 0;
    const { json, policy } = policies.take(options.policy);
    const header = {
      systole: MONITOR_LOG,
      version: LOG_VERSION,
      seed: written(seed),
      policy: json,
      stallToleranceMs: written(stallToleranceMs),
      sample: sample !== undefined,
    };
    log.begin(JSON.stringify(header).slice(1, -1));
    super({
      host: { now: () => log.instant(host) },
      policy,
      emit: typeof emit === "function" ? (output) => log.callback(() => emit(output)) : emit,
      seed,
      stallToleranceMs,
      sample: sample && ((peer) => log.callback(() => sample(peer))),
    });
    log.begun();
    this.#log = log;
    this.recording = log;
    this.#policies = policies;
  }

  override add(id?: string, options?: AddOptions): PeerRef {
    let given = options;
    const line = () => {
      const json = writtenOptions(options, ["role"]);
      if (options?.policy === undefined) return call("add", written(id), json);
      const policy = this.#policies.take(options.policy);
      given = { role: options.role, policy: policy.policy };
      return call("add", written(id), { ...(json as object), policy: policy.json });
    };
    return this.#log.call(line, () => super.add(id, given));
  }

  override remove(ref: PeerRef): void {
    this.#log.call(
      () => call("remove", written(ref)),
      () => super.remove(ref),
    );
  }

  override heard(ref: PeerRef, sign?: HeardSign): boolean {
    return this.#log.call(
      () => call("heard", written(ref), writtenOptions(sign, SIGN)),
      () => super.heard(ref, sign),
    );
  }

  override heardBeat(ref: PeerRef, seq: number, sign?: HeardSign): boolean {
    return this.#log.call(
      () => call("heardBeat", written(ref), written(seq), writtenOptions(sign, SIGN)),
      () => super.heardBeat(ref, seq, sign),
    );
  }

  override sent(ref: PeerRef): void {
    this.#log.call(
      () => call("sent", written(ref)),
      () => super.sent(ref),
    );
  }

  override ended(ref: PeerRef, reason: EndReason, options?: EndedOptions): void {
    this.#log.call(
      () => call("ended", written(ref), written(reason), writtenOptions(options, ENDED)),
      () => super.ended(ref, reason, options),
    );
  }

  override dial(ref: PeerRef): void {
    this.#log.call(
      () => call("dial", written(ref)),
      () => super.dial(ref),
    );
  }

  override setPolicy(ref: PeerRef, options: PolicyOptions | Policy): void {
    let given = options;
    const line = () => {
      const { json, policy } = this.#policies.take(options);
      given = policy;
      return call("setPolicy", written(ref), json);
    };
    this.#log.call(line, () => super.setPolicy(ref, given));
  }

  override pause(ref?: PeerRef): void {
    this.#log.call(
      () => call("pause", written(ref)),
      () => super.pause(ref),
    );
  }

  override resume(ref?: PeerRef): void {
    this.#log.call(
      () => call("resume", written(ref)),
      () => super.resume(ref),
    );
  }

  override tick(options?: { slice?: boolean | undefined }): void {
    this.#log.call(
      () => call("tick", writtenOptions(options, ["slice"])),
      () => super.tick(options),
    );
  }

  override onEarlier(callback: () => void): () => void {
    const [number, recorded] = this.#recorded(callback);
    const withdraw = this.#log.call(
      () => call("onEarlier", number),
      () => super.onEarlier(recorded),
    );
    return () => this.#log.call(() => call("withdraw", number), withdraw);
  }

  override stalled(stallMs: number): void {
    this.#log.call(
      () => call("stalled", written(stallMs)),
      () => super.stalled(stallMs),
    );
  }

  override observedNow(): number {
    return this.#log.call(
      () => call("observedNow"),
      () => super.observedNow(),
    );
  }

  override suspicion(ref: PeerRef): number | undefined {
    return this.#log.call(
      () => call("suspicion", written(ref)),
      () => super.suspicion(ref),
    );
  }

  #recorded(callback: () => void): readonly [number: number, callback: () => void] {
    const known = this.#callbacks.get(callback);
    if (known !== undefined) return known;
    const fresh = [++this.#callbackCount, () => this.#log.callback(() => callback())] as const;
    if (typeof callback === "function") this.#callbacks.set(callback, fresh);
    return fresh;
  }
}

/** A call as its line has it, without undefined arguments at the end. */
function call(name: CallName, ...args: Json[]): string {
  let length = args.length;
  while (length > 0 && args[length - 1] === null) length -= 1;
  if (length === 1 && typeof args[0] === "number") return `"${name}":[${args[0]}]`;
  return `"${name}":${JSON.stringify(args.slice(0, length))}`;
}
