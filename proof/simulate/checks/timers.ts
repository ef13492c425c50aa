// "No timer lost": the next deadline is never later than what a dumb look at every peer says, a driver with a
// deadline has a timer, and what is due does not remain undone. And "stall credit": only time in which
// somebody really stood still is credited.
import type { PeerRef, PeerState, Policy } from "@systole/core";
import { nextDeadline } from "../../../packages/core/src/peer/deadlines.ts";
import type { Process } from "../../../packages/core/test/cluster.ts";
import type { World } from "../world.ts";
import type { Check } from "./check.ts";

/** The delay of a timer is whole milliseconds of a clock that may drift. */
const ROUNDING_MS = 1.01;

export class Timers implements Check {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  afterStep(): void {
    const { frozenUntil, now } = this.#world;
    for (const process of this.#world.running) {
      this.#checkBound(process);
      this.#checkCredit(process);
      if ((frozenUntil.get(process) ?? 0) <= now) this.#checkTimer(process);
    }
  }

  #checkTimer(process: Process): void {
    const { endpoint, host, name } = process;
    const deadline = endpoint.nextDeadline();
    if (deadline === Number.POSITIVE_INFINITY) return;
    const lateMs = host.now() - deadline;
    if (host.timers !== 1) this.#report(`${name} has ${host.timers} timers for ${deadline}`);
    // A bound may be too early, and then is looked at at once; but for a throttled one once is later.
    if (this.#world.throttledMs.has(process)) return;
    if (lateMs > ROUNDING_MS) this.#report(`${name} is ${lateMs} ms late`);
  }

  #checkBound({ endpoint, name }: Process): void {
    const deadline = endpoint.nextDeadline();
    const { stalls, lostMs } = endpoint.monitorStats();
    const hasStalled = stalls > 0 || lostMs > 0;
    for (const ref of endpoint) {
      const state = endpoint.state(ref) as PeerState;
      const dueAt = hasStalled ? beatAt(state) : nextDeadline(state, policy(endpoint, ref));
      // Nobody is called only to forget.
      const isWanted = dueAt !== state.forgetAt;
      if (deadline > dueAt && isWanted) {
        this.#report(`${name} wants to be called at ${deadline}, ${endpoint.id(ref)} at ${dueAt}`);
      }
    }
  }

  /** Each stall is at most what stood still, and what had passed since the monitor was last served. */
  #checkCredit(process: Process): void {
    const { frozenMs, throttledMs, paused } = this.#world;
    if (throttledMs.has(process) || paused.size > 0) return;
    const { lostMs, stalls } = process.endpoint.monitorStats();
    const stoodMs = frozenMs.get(process) ?? 0;
    const most = 1.001 * (stoodMs + stalls * this.#servedEveryMs);
    if (lostMs > most) {
      this.#report(`${process.name} stood still for ${stoodMs} ms, and credits ${lostMs}`);
    }
  }

  get #servedEveryMs(): number {
    const { plans } = this.#world;
    // The slowest of all, stretched as far as any sender may make it.
    return Math.max(...[...plans.values()].map(({ suspectAfterMs = 0 }) => 8 * suspectAfterMs));
  }

  #report(text: string): void {
    this.#world.report("no timer is lost", text);
  }
}

function beatAt({ beatDueAt = Number.POSITIVE_INFINITY }: PeerState): number {
  return beatDueAt;
}

function policy(endpoint: Process["endpoint"], ref: PeerRef): Policy {
  return endpoint.policy(ref) as Policy;
}
