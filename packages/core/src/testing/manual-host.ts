// A host whose time moves only when told to: for tests of code that embeds Systole, without waiting
// and without fake timers.

import { SystoleRangeError } from "../errors.ts";
import type { Host } from "../host.ts";
import { mix } from "../peer/rules.ts";

interface ManualTimer {
  readonly at: number;
  readonly callback: () => void;
}

/** Options of `ManualHost`. */
export interface ManualHostOptions {
  /** Where the monotonic clock starts, in ms. Default 0. */
  readonly startAt?: number | undefined;
  /** What the wall clock says at the start, in ms since 1970. Default 2026-01-01. */
  readonly epochMs?: number | undefined;
  /** Seeds `entropy`. Default 1. */
  readonly seed?: number | undefined;
}

/**
 * A host for tests. Deterministic: same calls, same outcome.
 *
 * @example
 * ```ts
 * const host = new ManualHost();
 * const monitor = createMonitor({ host, policy, emit });
 * const driving = drive(monitor, host);
 * host.advance(3_000); // suspect, now
 * ```
 */
export class ManualHost implements Host {
  readonly countsSleep: boolean = true;
  #now: number;
  #epochOffsetMs: number;
  #seed: number;
  #draws = 0;
  readonly #timers: Set<ManualTimer> = new Set();
  #deferred: (() => void)[] = [];
  /** How often something ran at the instant of now. */
  #turns = 0;

  constructor(options: ManualHostOptions = {}) {
    this.#now = options.startAt ?? 0;
    this.#epochOffsetMs = (options.epochMs ?? START_EPOCH_MS) - this.#now;
    this.#seed = options.seed ?? 1;
  }

  now(): number {
    return this.#now;
  }

  epochMs(): number {
    return this.#now + this.#epochOffsetMs;
  }

  /** Sets the wall clock; the monotonic one does not notice. */
  setEpochMs(epochMs: number): void {
    this.#epochOffsetMs = epochMs - this.#now;
  }

  entropy(): number {
    this.#draws += 1;
    return mix(mix(this.#seed, 0xe27), this.#draws);
  }

  setTimer(callback: () => void, delayMs: number): ManualTimer {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(timer: unknown): void {
    this.#timers.delete(timer as ManualTimer);
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  /** Timers that are set; a driver has one or none. */
  get timers(): number {
    return this.#timers.size;
  }

  /** When the next timer fires; Infinity when none is set. */
  get nextTimerAt(): number {
    return Math.min(...[...this.#timers].map((timer) => timer.at));
  }

  /**
   * Lets `ms` pass: every timer fires at its instant, in order.
   *
   * @throws RangeError `ERR_SYSTOLE_CLOCK` for a wrong `ms`, and where time does not get on: something sets a timer,
   * or defers itself, for the same instant again and again.
   */
  advance(ms: number): void {
    this.#check(ms);
    const until = this.#now + ms;
    this.#turns = 0;
    this.#runDeferred();
    while (this.nextTimerAt <= until) {
      if (this.nextTimerAt > this.#now) this.#turns = 0;
      this.#now = Math.max(this.#now, this.nextTimerAt);
      this.#fireDue();
    }
    this.#now = until;
  }

  /** Lets `ms` pass while nothing runs: the process is frozen. Timers that fell due fire afterwards. */
  freeze(ms: number): void {
    this.#check(ms);
    this.#now += ms;
  }

  #fireDue(): void {
    const due = [...this.#timers].filter((timer) => timer.at <= this.#now);
    due.sort((a, b) => a.at - b.at);
    this.#countTurn();
    for (const timer of due) {
      if (this.#timers.delete(timer)) timer.callback();
    }
    this.#runDeferred();
  }

  #runDeferred(): void {
    while (this.#deferred.length > 0) {
      this.#countTurn();
      const turn = this.#deferred;
      this.#deferred = [];
      for (const callback of turn) callback();
    }
  }

  /** A loop that would never end is an error that says where. */
  #countTurn(): void {
    this.#turns += 1;
    if (this.#turns <= MOST_TURNS) return;
    throw new SystoleRangeError(
      "ERR_SYSTOLE_CLOCK",
      `Time stands still at ${this.#now}: ${MOST_TURNS} turns of this instant were not enough.\nWhat is driven must move its next deadline when it is called at that: look at nextDeadline() after tick().`,
      this.#now,
    );
  }

  #check(ms: number): void {
    if (ms >= 0 && Number.isFinite(ms)) return;
    throw new SystoleRangeError(
      "ERR_SYSTOLE_CLOCK",
      `Time moves by a finite number of ms from 0 on (got ${ms}).`,
      ms,
    );
  }
}

/** A million peers that fall due at once take 245 slices, two turns each. */
const MOST_TURNS = 10_000;
/** 2026-01-01T00:00:00Z. */
const START_EPOCH_MS = 1_767_225_600_000;
