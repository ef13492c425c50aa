// One outermost call and everything nested in it: a single reading of the clock, outputs delivered
// first in first out, and a throwing sink that costs nothing but its own output.

import { SystoleRangeError } from "./errors.ts";
import type { Clock } from "./host.ts";

/** A queue that was longer than this is let go of. */
const KEPT_QUEUE = 1_024;

/** Runs calls as turns. A sink that calls back in joins the turn that is under way. */
export class Turn<Output> {
  /** The instant of this turn; between turns that of the last one. */
  now: number = -Number.MAX_VALUE;
  /** Backward readings of the clock, each clamped to the instant before. */
  clockWentBack = 0;

  readonly #clock: Clock;
  readonly #emit: (output: Output) => void;
  readonly #settled: () => void;
  /** Written over from turn to turn, so that a turn with a few outputs makes no garbage of its own. */
  readonly #queue: (Output | undefined)[] = [];
  #queued = 0;
  #errors: unknown[] = [];
  /** Whether we are within an outermost call. */
  isUnderWay = false;

  /** `settled` is called at the end of each outermost call, after all outputs. */
  constructor(clock: Clock, emit: (output: Output) => void, settled: () => void) {
    this.#clock = clock;
    this.#emit = emit;
    this.#settled = settled;
    this.read();
  }

  /** Runs `body` in the current turn, or in a new one. Errors of sinks surface at its end. */
  run<Result>(body: () => Result): Result {
    if (!this.enter()) return body();
    let result: Result | undefined;
    try {
      result = body();
    } catch (error) {
      this.fail(error);
    }
    this.leave();
    return result as Result;
  }

  /** Reads the clock into `now`, for a turn in which nothing comes out; within a turn that has its own. */
  read(): void {
    if (this.isUnderWay) return;
    const reading = this.#clock.now();
    // Also false for NaN.
    if (reading >= this.now && reading < Number.POSITIVE_INFINITY) this.now = reading;
    else this.#doubt(reading);
  }

  /** The instant of the turn under way, or a new reading. */
  instant(): number {
    this.read();
    return this.now;
  }

  /**
   * Begins a turn without a closure, for what happens all the time; `at` if its instant is known. False
   * within another turn; if true, `leave` must follow, and nothing between may throw.
   */
  enter(at?: number): boolean {
    if (this.isUnderWay) return false;
    if (at === undefined) this.read();
    else this.now = at;
    this.isUnderWay = true;
    return true;
  }

  /** Ends a turn after which nothing is due earlier than before; as `leave` where something came of it. */
  leaveQuietly(): void {
    if (this.#queued + this.#errors.length > 0) this.leave();
    else this.isUnderWay = false;
  }

  /** Ends a turn: delivers, settles, and throws what was thrown. */
  leave(): void {
    // The queue grows while sinks call back in; the index keeps the order without shifting.
    const queue = this.#queue;
    for (let next = 0; next < this.#queued; next++) {
      const output = queue[next] as Output;
      queue[next] = undefined;
      try {
        this.#emit(output);
      } catch (error) {
        this.fail(error);
      }
    }
    this.#queued = 0;
    if (queue.length > KEPT_QUEUE) queue.length = 0;
    this.isUnderWay = false;
    try {
      this.#settled();
    } catch (error) {
      this.fail(error);
    }
    if (this.#errors.length === 0) return;
    const errors = this.#errors;
    this.#errors = [];
    if (errors.length === 1) throw errors[0];
    throw new AggregateError(errors, "several sinks threw");
  }

  /** Something of the current turn threw; it surfaces at the end, after everything else. */
  fail(error: unknown): void {
    this.#errors.push(error);
  }

  /** Queues an output of the current turn. */
  push(output: Output): void {
    this.#queue[this.#queued] = output;
    this.#queued += 1;
  }

  /** A reading that goes back is clamped and counted; one that is no number is an error. */
  #doubt(reading: number): void {
    if (!Number.isFinite(reading)) {
      throw new SystoleRangeError(
        "ERR_SYSTOLE_CLOCK",
        `The host's clock must return a finite number of ms (got ${reading}).\nGive a monotonic clock such as performance.now().`,
        reading,
      );
    }
    this.clockWentBack += 1;
  }
}
