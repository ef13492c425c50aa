// Life that must be looked for: byte counters of sockets, say. When everybody is looked at, and who of those
// that are due is still there afterwards.

import { servedEveryMs } from "../bounds.ts";
import { NEVER } from "../peer/state.ts";
import type { Turn } from "../turn.ts";
import type { MonitorOutput } from "./outputs.ts";
import type { Peers } from "./peers.ts";
import { type PeerRef, slotOf } from "./refs.ts";
import type { Stalls } from "./stalls.ts";

export class Sampling {
  readonly #look: (peer?: PeerRef) => void;
  readonly #turn: Turn<MonitorOutput>;
  readonly #stalls: Stalls;
  /** Of the monitor's policy: what counts where nobody is judged. */
  readonly #suspectAfterMs: number;
  #sampledAt: number = -NEVER;

  constructor(
    look: (peer?: PeerRef) => void,
    turn: Turn<MonitorOutput>,
    stalls: Stalls,
    suspectAfterMs: number,
  ) {
    this.#look = look;
    this.#turn = turn;
    this.#stalls = stalls;
    this.#suspectAfterMs = suspectAfterMs;
  }

  /** When everybody is to be looked at again. */
  nextAt({ rows }: Peers): number {
    if (this.#stalls.paused) return NEVER;
    const { judged, smallestSuspectAfterMs } = rows.policies;
    // Somebody whose reader is paused, or who is dead, may have come back: that, too, is looked for.
    const suspectAfterMs = judged > 0 ? smallestSuspectAfterMs : this.#suspectAfterMs;
    return this.#sampledAt + servedEveryMs(suspectAfterMs);
  }

  /** Looks at everybody, if it is time to. */
  all(peers: Peers): void {
    const { now } = this.#turn;
    if (now < this.nextAt(peers)) return;
    this.#sampledAt = now;
    this.#sample();
  }

  /** Those who are due and, once they were looked at, still here. */
  each(due: readonly number[], peers: Peers): readonly number[] {
    const { rows } = peers;
    const refs = due.map((slot) => rows.ref(slot));
    for (const ref of refs) {
      // What a sample moves is set once the peer had what was due.
      peers.heldSlot = slotOf(ref);
      if (rows.has(ref)) this.#sample(ref);
    }
    peers.heldSlot = NEVER;
    return due.filter((_slot, n) => rows.has(refs[n] as PeerRef));
  }

  /** A sample that throws costs its own findings, not the verdicts of this tick. */
  #sample(peer?: PeerRef): void {
    try {
      this.#look(peer);
    } catch (error) {
      this.#turn.fail(error);
    }
  }
}
