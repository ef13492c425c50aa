// Which policies are in force, each kept once however many peers share it: a row holds a small number
// instead of a pointer. Also how many peers are judged, and the smallest suspectAfterMs among them: it
// decides how often a monitor must be served.

import { fixed } from "../detectors/fixed.ts";
import { suspicionMs } from "../peer/rules.ts";
import { NEVER } from "../peer/state.ts";
import type { Policy } from "../policy.ts";
import { NEAR } from "./near-misses.ts";

interface Entry {
  readonly policy: Policy;
  /** Who has it, and whose silence is judged by it. */
  peers: number;
  judged: number;
}

export class Policies {
  /** How many peers are judged, over all policies. */
  judged = 0;
  /** How many policies have a detector that looks at arrivals, or a shadow. */
  varying = 0;
  #smallestMs: number = NEVER;
  /** Whether the last peer with the smallest one is gone: looked for when somebody asks. */
  #isStale = false;
  /** The silence at which `fixed` suspects, for each index; NaN where the detector looks at arrivals. */
  readonly fixedMs: number[] = [Number.NaN];
  /** Index 0 stays empty: it stands for nobody. */
  readonly #entries: (Entry | undefined)[] = [undefined];
  readonly #indexes: Map<Policy, number> = new Map();
  readonly #free: number[] = [];

  at(index: number): Policy {
    return (this.#entries[index] as Entry).policy;
  }

  /** One more peer has this policy: its index. */
  take(policy: Policy): number {
    const index = this.#indexes.get(policy) ?? this.#free.pop() ?? this.#entries.length;
    this.#indexes.set(policy, index);
    if (this.#entries[index] === undefined) {
      this.#entries[index] = { policy, peers: 0, judged: 0 };
      this.fixedMs[index] = policy.detector === fixed ? silenceOf(policy) : Number.NaN;
      this.varying += Number(isVarying(policy));
    }
    (this.#entries[index] as Entry).peers += 1;
    return index;
  }

  /** One peer fewer: what nobody has is not kept. */
  release(index: number): void {
    const entry = this.#entries[index] as Entry;
    entry.peers -= 1;
    if (entry.peers > 0) return;
    this.varying -= Number(isVarying(entry.policy));
    this.#indexes.delete(entry.policy);
    this.#entries[index] = undefined;
    this.#free.push(index);
  }

  /** One peer more (+1) or fewer (−1) is judged by this policy. */
  judge(index: number, by: 1 | -1): void {
    const entry = this.#entries[index] as Entry;
    const { suspectAfterMs } = entry.policy;
    entry.judged += by;
    this.judged += by;
    if (entry.judged > 0) this.#smallestMs = Math.min(this.#smallestMs, suspectAfterMs);
    else if (suspectAfterMs === this.#smallestMs) this.#isStale = true;
  }

  /** A silence below this is no near miss of anybody's. */
  get nearMs(): number {
    return this.varying > 0 ? 0 : NEAR * this.smallestSuspectAfterMs;
  }

  /** Infinity when nobody is judged. */
  get smallestSuspectAfterMs(): number {
    if (this.#isStale) {
      this.#isStale = false;
      this.#smallestMs = NEVER;
      for (const entry of this.#entries) {
        if (entry === undefined || entry.judged === 0) continue;
        this.#smallestMs = Math.min(this.#smallestMs, entry.policy.suspectAfterMs);
      }
    }
    return this.#smallestMs;
  }
}

/** The silence at which `fixed` suspects. */
function silenceOf({ suspectAfterMs, deadAfterMs, minSuspicionMs }: Policy): number {
  return suspicionMs(suspectAfterMs, deadAfterMs, minSuspicionMs);
}

function isVarying({ detector, shadow }: Policy): boolean {
  return detector !== fixed || shadow !== undefined;
}
