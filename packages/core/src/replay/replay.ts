// Gives a fresh monitor the inputs of a log. Outermost calls are made one after the other; what
// callbacks answered is made from within the callback that was answered.

import { SystoleRangeError } from "../errors.ts";
import { createMonitor, type Monitor } from "../monitor/monitor.ts";
import type { MonitorOutput } from "../monitor/outputs.ts";
import type { CallName } from "./format.ts";
import { type Entry, type Header, LogLines } from "./log-lines.ts";
import { type Detectors, PolicyReader } from "./policies.ts";

/** Options of `replay`. */
export interface ReplayOptions {
  /** Detectors by the names in the log; `fixed` is known. */
  readonly detectors?: Detectors | undefined;
  /** Gets each output when it is made, as the sink did. A look at `replay.monitor` is then exact. */
  readonly emit?: ((output: MonitorOutput) => void) | undefined;
}

/** A call as it was recorded. */
export interface ReplayedCall {
  /** Where it stands in the log, from 1. */
  readonly line: number;
  /** The instant the call read, in ms of the recorded clock; undefined where it read none. */
  readonly at: number | undefined;
  /** What was called; `withdraw` ends a subscription of `onEarlier`. */
  readonly call: CallName;
  /** As they were given. */
  readonly args: readonly unknown[];
}

/** One outermost call, and all that came of it. */
export interface ReplayStep extends ReplayedCall {
  /** What callbacks (the sink, the sample, a driver) called meanwhile, in order. */
  readonly answers: readonly ReplayedCall[];
  /** In order, those that answers of the sink brought about included. */
  readonly outputs: readonly MonitorOutput[];
  /** What the call returned. */
  readonly result: unknown;
  /** What the call threw. Errors of callbacks come back as an `Error` with their message. */
  readonly error: unknown;
}

/**
 * Replays a log of `recordMonitor`: the whole text, or its lines without line breaks. Each step of the
 * iteration is one outermost call on a fresh monitor, with the outputs that the recorded one gave, byte
 * for byte. A log that was cut off in the middle of a line (by a crash) ends before that line, and
 * `isCutOff` says so; what the sink answered to the last call may be missing then.
 *
 * @throws TypeError `ERR_SYSTOLE_LOG` for a broken line, RangeError `ERR_SYSTOLE_LOG` for an unknown
 * version, TypeError `ERR_SYSTOLE_DETECTOR` for a detector without a function, RangeError
 * `ERR_SYSTOLE_DIVERGED` where this code behaves otherwise than the code that recorded.
 * @example
 * ```ts
 * for (const { at, outputs } of replay(readFileSync("incident.jsonl", "utf8"))) {
 *   for (const output of outputs) if (output.type === "changed") console.log(at, explain(output));
 * }
 * ```
 */
export function replay(log: string | Iterable<string>, options: ReplayOptions = {}): Replay {
  return new Replay(log, options);
}

/** See {@link replay}. Another iteration goes on where the last one ended. */
export class Replay implements Iterable<ReplayStep> {
  /** As it stands after the last step. Look at it; do not move it. */
  readonly monitor: Monitor;
  readonly #log: LogLines;
  readonly #emit: (output: MonitorOutput) => void;
  /** The subscribers of `onEarlier`, and how they end it, by their numbers. */
  readonly #subscribers: Map<unknown, { callback: () => void; withdraw?: () => void }> = new Map();
  /** What the call under way will read from the clock, and what was read last. */
  #at: number | null | undefined;
  #instant = 0;
  #callbacks = 0;
  /** How many there had been in the recording. */
  #recordedCallbacks = 0;
  #outputs: MonitorOutput[] = [];
  /** What callbacks answer within the outermost call under way, from `#next` on. */
  #answers: readonly Entry[] = [];
  #next = 0;
  /** The line after the outermost call under way. */
  #ahead: Entry | undefined;
  #divergence: string | undefined;
  /** Why the line ahead cannot be read; what stands before it is replayed first. */
  #broken: unknown;

  constructor(log: string | Iterable<string>, { detectors = {}, emit = () => {} }: ReplayOptions) {
    this.#log = new LogLines(log, new PolicyReader(detectors));
    this.#emit = emit;
    const header = this.#log.header();
    try {
      this.monitor = this.#monitor(header);
    } catch (error) {
      throw this.#log.wrong(`it makes no monitor: ${(error as Error).message}`);
    }
    this.#readAhead();
  }

  /** Whether the log ends in the middle of a line. Known at the end of the iteration. */
  get isCutOff(): boolean {
    return this.#log.isCutOff;
  }

  *[Symbol.iterator](): Generator<ReplayStep, void, undefined> {
    for (let entry = this.#ahead; entry !== undefined; entry = this.#ahead) {
      if (entry.in > 0) this.#diverge(entry, `it answers callback ${entry.in}, which did not come`);
      this.#recordedCallbacks = entry.after ?? this.#recordedCallbacks;
      if (this.#recordedCallbacks !== this.#callbacks) {
        const counts = `${this.#recordedCallbacks} callbacks, and now ${this.#callbacks}`;
        this.#diverge(entry, `there had been ${counts}`);
      }
      yield this.#step(entry);
    }
    if (this.#broken !== undefined) throw this.#broken;
  }

  #step(entry: Entry): ReplayStep {
    // Read as a whole before the call: from within a callback nothing could be refused.
    this.#answers = this.#readAnswers();
    this.#next = 0;
    this.#outputs = [];
    let result: unknown;
    let error: unknown;
    try {
      result = this.#perform(entry);
    } catch (thrown) {
      error = thrown;
    }
    if (this.#at !== undefined) this.#divergence = "it read the clock, and does not now";
    if (this.#divergence !== undefined) this.#diverge(entry, this.#divergence);
    const left = this.#answers[this.#next];
    if (left) this.#diverge(left, `it answers callback ${left.in}, which did not come`);
    const answers = this.#answers.filter(({ throws }) => throws === undefined).map(asCall);
    return { ...asCall(entry), answers, outputs: this.#outputs, result, error };
  }

  #readAnswers(): readonly Entry[] {
    const answers: Entry[] = [];
    this.#readAhead();
    while (this.#ahead !== undefined && this.#ahead.in > 0) {
      answers.push(this.#ahead);
      this.#readAhead();
    }
    return answers;
  }

  #readAhead(): void {
    this.#ahead = undefined;
    try {
      this.#ahead = this.#log.next();
    } catch (error) {
      this.#broken = error;
    }
  }

  #monitor({ at, sample, ...options }: Header): Monitor {
    this.#at = at;
    return createMonitor({
      ...options,
      host: { now: () => this.#now() },
      emit: (output) => {
        this.#outputs.push(output);
        try {
          this.#emit(output);
        } finally {
          this.#answer();
        }
      },
      sample: sample ? () => this.#answer() : undefined,
    });
  }

  #now(): number {
    const at = this.#at;
    this.#at = undefined;
    if (at === null) throw new Error("the clock threw");
    if (at === undefined) this.#divergence = "it reads the clock, and did not then";
    else this.#instant = at;
    return this.#instant;
  }

  #perform({ call, args, at }: Entry): unknown {
    this.#at = at;
    const [number] = args;
    if (call === "withdraw") return this.#subscribers.get(number)?.withdraw?.();
    if (call === "onEarlier") {
      const subscriber = this.#subscribers.get(number) ?? { callback: () => this.#answer() };
      this.#subscribers.set(number, subscriber);
      subscriber.withdraw = this.monitor.onEarlier(subscriber.callback);
      return undefined;
    }
    const method = this.monitor[call] as (this: Monitor, ...args: unknown[]) => unknown;
    return method.apply(this.monitor, [...args]);
  }

  /** A callback: does what the recorded one did while it was running. */
  #answer(): void {
    this.#callbacks += 1;
    const callback = this.#callbacks;
    let thrown: unknown;
    for (let entry = this.#answers[this.#next]; entry?.in === callback; ) {
      this.#next += 1;
      if (entry.throws !== undefined) {
        const { message } = (thrown ?? {}) as { message?: unknown };
        throw message === entry.throws ? thrown : new Error(entry.throws);
      }
      try {
        this.#perform(entry);
      } catch (error) {
        // Whether the callback let it through is written on its own.
        thrown = error;
      }
      entry = this.#answers[this.#next];
    }
  }

  #diverge({ line }: Entry, what: string): never {
    const message = `Line ${line} of the log does not fit: ${what}.\nReplay it with the release of @systole/core, and the detectors, that recorded it.`;
    throw new SystoleRangeError("ERR_SYSTOLE_DIVERGED", message, line);
  }
}

function asCall({ line, at, call, args }: Entry): ReplayedCall {
  return { line, at: at ?? undefined, call, args };
}
