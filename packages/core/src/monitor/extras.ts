// What only suspect and paused peers have, kept for those that do: suspicions and pauses are rare.

import { NEVER, type Peer } from "../peer/state.ts";
import { grown } from "./refs.ts";

const NAMES = [
  "suspectedObservedAt",
  "suspectedCreditedAt",
  "stretchMs",
  "health",
  "pausedObservedAt",
  "pausedCreditedAt",
] as const;

export class Extras {
  /** What comes first is nobody's: 0 says that a peer has none. */
  #numbers: Float64Array = new Float64Array(0);
  #used = 0;
  #free: number[] = [];

  /** Gives a peer in hand what is kept at `at`; 0: nothing. */
  load(at: number, peer: Peer): void {
    // Nearly nobody has any, and nearly always whoever was in hand before had none.
    if (at === 0 && peer.stretchMs === NEVER && peer.pausedObservedAt === NEVER) return;
    for (let index = 0; index < NAMES.length; index++) {
      peer[NAMES[index] as "health"] = at === 0 ? NEVER : (this.#numbers[at + index] as number);
    }
  }

  /** Keeps what a peer has, where it was kept before, and says where it is now; 0: it has none. */
  store(before: number, peer: Peer): number {
    if (peer.status !== "suspect" && peer.pausedObservedAt === NEVER) {
      this.release(before);
      return 0;
    }
    const at = before || this.#take();
    for (let index = 0; index < NAMES.length; index++) {
      this.#numbers[at + index] = peer[NAMES[index] as "health"];
    }
    return at;
  }

  release(at: number): void {
    if (at === 0) return;
    this.#free.push(at);
    if (this.#free.length * NAMES.length < this.#used) return;
    // A bad hour is over: what it took is given back.
    this.#numbers = new Float64Array(0);
    this.#free = [];
    this.#used = 0;
  }

  #take(): number {
    const free = this.#free.pop();
    if (free === undefined) this.#used += NAMES.length;
    this.#numbers = grown(this.#numbers, this.#used + NAMES.length);
    return free ?? this.#used;
  }
}
