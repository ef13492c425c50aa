// What a monitor knows about its own troubles: stalls and pauses (time in which nobody can be
// blamed for silence), the promise a driver gives, and local health. Nothing here knows a peer.

import { MAX_HEALTH, type StallTotals } from "../peer/rules.ts";
import { servedEveryMs, stallToleranceMs } from "../policy.ts";

/** From how many judged peers on a common silence points at ourselves. */
const CROWD = 5;

export class Stalls {
  lostMs = 0;
  countedMs = 0;
  health = 0;
  /** How often a broken promise was found. */
  count = 0;
  /** Whether somebody promised to serve us in time; a loop that ticks by hand promises nothing. */
  driven = false;

  /** The most of one stall that counts. */
  readonly graceMs: number;
  readonly #toleranceMs: number | undefined;
  // Numbers from the start: engines box what was once undefined, at every beat anew.
  #servedAt = Number.NEGATIVE_INFINITY;
  #promisedAt = Number.POSITIVE_INFINITY;
  #judgedSuspectAfterMs = Number.POSITIVE_INFINITY;
  #pausedAt: number | undefined;
  #healthChangedAt = Number.NEGATIVE_INFINITY;

  constructor(graceMs: number, toleranceMs: number | undefined, now: number) {
    this.graceMs = graceMs;
    this.#toleranceMs = toleranceMs;
    this.#servedAt = now;
  }

  get paused(): boolean {
    return this.#pausedAt !== undefined;
  }

  /** By when we must be served again; Infinity while nobody is judged. */
  get promisedAt(): number {
    return this.paused ? Number.POSITIVE_INFINITY : this.#promisedAt;
  }

  /**
   * The smallest suspectAfterMs of all judged peers; Infinity when nobody is judged. A smaller one
   * moves the promise earlier, but never into the past: nobody could have kept it. A larger one
   * counts from the next time we are served, or it would hide a promise that is broken already.
   */
  judging(suspectAfterMs: number, now: number): void {
    const before = this.#judgedSuspectAfterMs;
    if (suspectAfterMs === before) return;
    this.#judgedSuspectAfterMs = suspectAfterMs;
    if (suspectAfterMs === Number.POSITIVE_INFINITY) {
      this.#promisedAt = Number.POSITIVE_INFINITY;
    } else if (before === Number.POSITIVE_INFINITY) {
      this.renew(now);
    } else {
      const kept = Math.max(now, this.#servedAt + servedEveryMs(suspectAfterMs));
      this.#promisedAt = Math.min(this.#promisedAt, kept);
    }
  }

  /** A driver came or went. Its promise begins now. */
  drivenBy(driven: boolean, now: number): void {
    if (driven && !this.driven) this.renew(now);
    this.driven = driven;
  }

  /**
   * A tick or a heard: returns the length of the stall it uncovers, 0 when there was none. Must run
   * before the call's own effect, because after a stall the backlog arrives before the tick.
   */
  serve(now: number): number {
    const stallMs = this.notice(now);
    this.renew(now);
    return stallMs;
  }

  /** Whether the promise of a driver is broken at `now`. */
  isBroken(now: number): boolean {
    return this.driven && !this.paused && now - this.#promisedAt > this.#tolerance();
  }

  /** Whether the promise is broken already; unlike `serve`, this does not renew one that is kept. */
  notice(now: number): number {
    if (!this.isBroken(now)) return 0;
    const stallMs = now - this.#servedAt;
    this.count += 1;
    this.#lose(stallMs);
    this.#changeHealth(+1, now);
    this.renew(now);
    return stallMs;
  }

  /** A stall somebody else noticed; credited at most for the time since we were last served. */
  report(stallMs: number, now: number): number {
    if (this.paused) return 0;
    const creditMs = Math.min(stallMs, now - this.#servedAt);
    if (!(creditMs > 0)) return 0;
    this.count += 1;
    this.#lose(creditMs);
    this.#changeHealth(+1, now);
    this.renew(now);
    return creditMs;
  }

  pause(now: number): void {
    this.#pausedAt ??= now;
  }

  resume(now: number): void {
    if (this.#pausedAt === undefined) return;
    this.lostMs += now - this.#pausedAt;
    this.#pausedAt = undefined;
    this.renew(now);
  }

  /** Time that is no evidence at this instant: the totals, and a pause that still lasts. */
  totalsAt(now: number): StallTotals {
    const pauseMs = this.#pausedAt === undefined ? 0 : now - this.#pausedAt;
    return {
      lostMs: this.lostMs + pauseMs,
      countedMs: this.countedMs,
      graceMs: this.graceMs,
    };
  }

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
    const late = this.driven && lateMs > this.#tolerance() / 2;
    if (crowd || late) {
      this.#changeHealth(+1, now);
    } else if (now - this.#healthChangedAt >= servedEveryMs(this.#judgedSuspectAfterMs)) {
      this.#changeHealth(-1, now);
    }
  }

  /** How late a tick at `now` is against the promise, in ms; measure it before `serve`. */
  lateMs(now: number): number {
    return Math.max(0, now - this.promisedAt);
  }

  #tolerance(): number {
    return this.#toleranceMs ?? stallToleranceMs(this.#judgedSuspectAfterMs);
  }

  #lose(stallMs: number): void {
    this.lostMs += stallMs;
    this.countedMs += Math.min(stallMs, this.graceMs);
  }

  renew(now: number): void {
    this.#servedAt = now;
    if (this.#judgedSuspectAfterMs !== Number.POSITIVE_INFINITY) {
      this.#promisedAt = now + servedEveryMs(this.#judgedSuspectAfterMs);
    }
  }

  #changeHealth(by: number, now: number): void {
    this.health = Math.min(MAX_HEALTH, Math.max(0, this.health + by));
    this.#healthChangedAt = now;
  }
}
