// What a monitor knows about its own troubles: stalls and pauses (time in which nobody can be
// blamed for silence), the promise a driver gives, and local health. Nothing here knows a peer.

import { servedEveryMs } from "../bounds.ts";
import { MAX_HEALTH, type StallTotals, stallToleranceMs } from "../peer/rules.ts";
import { NEVER } from "../peer/state.ts";

/** From how many judged peers on a common silence points at ourselves. */
const CROWD = 5;

export class Stalls implements StallTotals {
  /** Stalls and pauses so far; a pause that lasts up to the last `at`. */
  lostMs = 0;
  countedMs = 0;
  /** The most of one stall that counts. */
  readonly graceMs: number;
  /** Since when nothing was added to these totals; Infinity during a pause. */
  steadyFromAt: number = -NEVER;
  health = 0;
  /** How often a broken promise was found. */
  count = 0;
  paused = false;
  readonly #toleranceMs: number | undefined;
  readonly #beforeLoss: () => void;
  #driven = false;
  /** The smallest suspectAfterMs of all judged peers. */
  #suspectAfterMs: number = NEVER;
  // Numbers from the start: engines box what was once undefined, at every beat anew.
  #servedAt: number = -NEVER;
  /** For how long after that nobody need serve us; and the same from the next time on. */
  #promisedMs: number = NEVER;
  #promisesMs: number = NEVER;
  /** By how much more a promise may be missed before that is a stall. */
  #slackMs: number = NEVER;
  #pausedAt: number = NEVER;
  #lostBeforeMs = 0;
  #healthChangedAt: number = -NEVER;

  /** `beforeLoss` is called before the totals change: whoever counts by them writes down where it is. */
  constructor(
    graceMs: number,
    toleranceMs: number | undefined,
    now: number,
    beforeLoss: () => void,
  ) {
    this.graceMs = graceMs;
    this.#toleranceMs = toleranceMs;
    this.#servedAt = now;
    this.#beforeLoss = beforeLoss;
  }

  /** The totals at an instant: a pause that lasts counts so far. */
  at(now: number): this {
    if (this.paused) this.lostMs = this.#lostBeforeMs + (now - this.#pausedAt);
    return this;
  }

  // ── the promise ────────────────────────────────────────────────────────────────────────────────

  /** By when we must be served again; Infinity while nobody is judged. */
  get promisedAt(): number {
    return this.paused ? NEVER : this.#servedAt + this.#promisedMs;
  }

  /** A driver came or went: whoever ticks by hand promises nothing. Its promise begins now. */
  drivenBy(driven: boolean, now: number): void {
    const begins = driven && !this.#driven;
    this.#driven = driven;
    this.#setSlack();
    if (begins) this.renew(now);
  }

  /**
   * Who is judged has changed. A smaller S moves the promise earlier, but never into the past: nobody
   * could have kept it. A larger one counts from the next time we are served, or it would hide a
   * promise that is broken already.
   */
  judging(suspectAfterMs: number, now: number): void {
    const before = this.#suspectAfterMs;
    if (suspectAfterMs === before) return;
    this.#suspectAfterMs = suspectAfterMs;
    this.#promisesMs = servedEveryMs(suspectAfterMs);
    this.#setSlack();
    const keptMs = Math.max(now - this.#servedAt, this.#promisesMs);
    if (before === NEVER) this.renew(now);
    else this.#promisedMs = Math.min(keptMs, suspectAfterMs === NEVER ? NEVER : this.#promisedMs);
  }

  /** Whether the promise is kept at `now`, or nobody gave one; never during a pause. */
  isQuiet(now: number): boolean {
    return now - this.#servedAt - this.#promisedMs <= this.#slackMs;
  }

  /** Served, in time. */
  renew(now: number): void {
    this.#servedAt = now;
    this.#promisedMs = this.#promisesMs;
  }

  /** How late a tick at `now` is against the promise, in ms; measure it before `serve`. */
  lateMs(now: number): number {
    return Math.max(0, now - this.promisedAt);
  }

  #setSlack(): void {
    const driven = this.#driven ? this.#tolerance() : NEVER;
    this.#slackMs = this.paused ? -NEVER : driven;
  }

  #tolerance(): number {
    return this.#toleranceMs ?? stallToleranceMs(this.#suspectAfterMs);
  }

  // ── stalls and pauses ──────────────────────────────────────────────────────────────────────────

  /**
   * A tick or a heard: returns the length of the stall it uncovers, 0 when there was none. Must run
   * before the call's own effect, because after a stall the backlog arrives before the tick.
   */
  serve(now: number): number {
    const stallMs = this.notice(now);
    this.renew(now);
    return stallMs;
  }

  /** Whether the promise is broken already; unlike `serve`, this does not renew one that is kept. */
  notice(now: number): number {
    if (this.isQuiet(now)) return 0;
    this.at(now);
    return this.report(now - this.#servedAt, now);
  }

  /** A stall somebody else noticed; credited at most for the time since we were last served. */
  report(stallMs: number, now: number): number {
    const creditMs = Math.min(stallMs, now - this.#servedAt);
    if (this.paused || !(creditMs > 0)) return 0;
    this.#beforeLoss();
    this.count += 1;
    this.lostMs += creditMs;
    this.countedMs += Math.min(creditMs, this.graceMs);
    this.steadyFromAt = now;
    this.#changeHealth(+1, now);
    this.renew(now);
    return creditMs;
  }

  pause(now: number): void {
    if (this.paused) return;
    this.#beforeLoss();
    this.paused = true;
    this.#pausedAt = now;
    this.#lostBeforeMs = this.lostMs;
    this.steadyFromAt = NEVER;
    this.#setSlack();
  }

  resume(now: number): void {
    if (!this.paused) return;
    this.at(now).paused = false;
    this.steadyFromAt = now;
    this.#setSlack();
    this.renew(now);
  }

  // ── health ─────────────────────────────────────────────────────────────────────────────────────

  /**
   * Before the verdicts of a tick: late ticks and a crowd that falls silent at once point at us,
   * punctual ticks clear us again.
   */
  judgeSelf(
    lateMs: number,
    silent: number,
    newlySilent: number,
    judged: number,
    now: number,
  ): void {
    const crowd = newlySilent > 0 && judged >= CROWD && 2 * (silent + newlySilent) > judged;
    const late = this.#driven && lateMs > this.#tolerance() / 2;
    const clears = now - this.#healthChangedAt >= servedEveryMs(this.#suspectAfterMs);
    if (crowd || late) this.#changeHealth(+1, now);
    else if (clears) this.#changeHealth(-1, now);
  }

  #changeHealth(by: number, now: number): void {
    this.health = Math.min(MAX_HEALTH, Math.max(0, this.health + by));
    this.#healthChangedAt = now;
  }
}
