// Who is due: a tree of minima over all slots. Its leaves are lower bounds of what each peer next wants
// (a verdict, a beat, a probe, to be forgotten), every node above is the least of its sixteen children.
// Hearing a peer only pushes its verdict later, so a bound may be stale without being wrong, and a beat
// moves nothing here. A leaf that is reached is looked at, and becomes exact.

import { NEVER } from "../peer/state.ts";

// Minima begin with `Number.POSITIVE_INFINITY` here and not with NEVER: engines look up anew what is imported,
// do not know that it is a number, and box what a loop makes of it.
const FAN_BITS = 4;
const FAN = 2 ** FAN_BITS;
/** Up to so many are sorted one by one. */
const FEW = 16;
const ROUNDING_MS = 0.001;

export class Deadlines {
  /** From the leaves up to the root, which is a level of one. */
  #levels: readonly Float64Array[] = levelsOver(new Float64Array(FAN).fill(NEVER));
  #root: Float64Array = this.#levels[1] as Float64Array;
  /** When a peer is due exactly. */
  readonly #dueAt: (slot: number) => number;
  /** Where the last slice ended. */
  #cursor = 0;
  // What `take` is about.
  #now = 0;
  #from = 0;
  #until = 0;
  #limit = 0;
  #due: number[] = [];

  constructor(dueAt: (slot: number) => number) {
    this.#dueAt = dueAt;
  }

  get #leaves(): Float64Array {
    return this.#levels[0] as Float64Array;
  }

  /** A lower bound of all deadlines: may be too early, never too late. */
  get nextAt(): number {
    return this.#root[0] as number;
  }

  /** The bound of one slot. */
  at(slot: number): number {
    return this.#leaves[slot] as number;
  }

  /** Whether anybody may be due; if not, slices begin anew. */
  isDue(now: number): boolean {
    if (this.nextAt <= now) return true;
    this.#cursor = 0;
    return false;
  }

  /** What the peer in a slot next wants comes at `at`, or later. */
  set(slot: number, at: number): void {
    const levels = this.#levels;
    const leaves = levels[0] as Float64Array;
    if (slot >= leaves.length) return this.#grow(slot, at);
    leaves[slot] = at;
    for (let level = 1; level < levels.length; level++) {
      const node = slot >>> (level * FAN_BITS);
      const bounds = levels[level] as Float64Array;
      // A node that is too low already is found out when it is reached.
      if (at >= (bounds[node] as number)) return;
      bounds[node] = at;
    }
  }

  /** Everything may have moved, in either direction. */
  refresh(): void {
    this.#build(this.#leaves.map((_bound, slot) => this.#dueAt(slot)));
  }

  /** What all bounds follow from is rounded anew: they stay below, by far more than rounding is. */
  loosen(): void {
    this.#build(this.#leaves.map((bound) => bound - ROUNDING_MS));
  }

  /**
   * Takes the slots that are due at `now`, by deadline, then slot; with a limit, so many by ascending
   * slot from where the last slice ended. Each must be set again.
   */
  take(now: number, limit: number): readonly number[] {
    this.#now = now;
    this.#limit = limit;
    this.#due = [];
    this.#visitAll(this.#cursor, NEVER);
    if (this.#cursor > 0) this.#visitAll(0, this.#cursor);
    const due = this.#due;
    this.#cursor = due.length === limit ? (due[limit - 1] as number) + 1 : 0;
    return this.#sort(due);
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────

  /** By deadline, then slot. A few, which is what most ticks take, are sorted in place, without garbage. */
  #sort(due: number[]): readonly number[] {
    const leaves = this.#leaves;
    if (due.length > FEW) {
      return due.sort((a, b) => (leaves[a] as number) - (leaves[b] as number) || a - b);
    }
    for (let next = 1; next < due.length; next++) {
      const slot = due[next] as number;
      const at = leaves[slot] as number;
      let place = next;
      for (; place > 0; place--) {
        const before = due[place - 1] as number;
        const beforeAt = leaves[before] as number;
        if (beforeAt < at || (beforeAt === at && before < slot)) break;
        due[place] = before;
      }
      due[place] = slot;
    }
    return due;
  }

  #visitAll(from: number, until: number): void {
    this.#from = from;
    this.#until = until;
    this.#visit(this.#levels.length - 1, 0);
  }

  /** Looks below a node for what is due, as far as it is wanted; the node's bound becomes that of the rest. */
  #visit(level: number, node: number): void {
    const below = level - 1;
    const bounds = this.#levels[below] as Float64Array;
    if (below === 0) {
      (this.#levels[1] as Float64Array)[node] = this.#look(node << FAN_BITS, bounds);
      return;
    }
    const first = node << FAN_BITS;
    let least = Number.POSITIVE_INFINITY;
    for (let child = first; child < first + FAN; child++) {
      const reached = (bounds[child] as number) <= this.#now;
      if (reached && this.#isWanted(below, child)) this.#visit(below, child);
      least = Math.min(least, bounds[child] as number);
    }
    (this.#levels[level] as Float64Array)[node] = least;
  }

  /**
   * Takes who is due of sixteen peers; returns the bound of the others. Where one was not due after all,
   * its neighbours are asked, too: they lie in the same cache lines, and need not be looked at one by one.
   */
  #look(first: number, leaves: Float64Array): number {
    // A bit for each who was asked, and for each who was taken.
    let asked = 0;
    let taken = 0;
    for (let index = 0; index < FAN; index++) {
      const slot = first + index;
      if ((leaves[slot] as number) > this.#now || !this.#isWanted(0, slot)) continue;
      const at = this.#dueAt(slot);
      leaves[slot] = at;
      asked |= 1 << index;
      if (at > this.#now) continue;
      taken |= 1 << index;
      this.#due.push(slot);
    }
    let least = Number.POSITIVE_INFINITY;
    for (let index = 0; index < FAN; index++) {
      if ((taken >>> index) & 1) continue;
      const slot = first + index;
      const isLater = (leaves[slot] as number) > this.#now;
      if (asked !== taken && isLater && !((asked >>> index) & 1)) leaves[slot] = this.#dueAt(slot);
      least = Math.min(least, leaves[slot] as number);
    }
    return least;
  }

  #isWanted(level: number, node: number): boolean {
    if (this.#due.length >= this.#limit) return false;
    const bits = level * FAN_BITS;
    return node << bits < this.#until && (node + 1) << bits > this.#from;
  }

  /** By a sixteenth more: doubling would waste more than it saves at a million. */
  #grow(slot: number, at: number): void {
    const leaves = this.#leaves;
    const least = Math.max(slot + 1, Math.ceil(leaves.length * 1.0625));
    const grown = new Float64Array(Math.ceil(least / FAN) * FAN).fill(NEVER);
    grown.set(leaves);
    grown[slot] = at;
    this.#build(grown);
  }

  #build(leaves: Float64Array): void {
    this.#levels = levelsOver(leaves);
    this.#root = this.#levels.at(-1) as Float64Array;
  }
}

/** The leaves, and all minima above them. */
function levelsOver(leaves: Float64Array): readonly Float64Array[] {
  const levels = [leaves];
  for (let below = leaves; below.length > 1; ) {
    const nodes = below.length / FAN;
    // Full rows of children all the way up; the root stands alone.
    const above = new Float64Array(nodes > 1 ? Math.ceil(nodes / FAN) * FAN : 1).fill(NEVER);
    below.forEach((bound, child) => {
      const node = child >>> FAN_BITS;
      above[node] = Math.min(above[node] as number, bound);
    });
    levels.push(above);
    below = above;
  }
  return levels;
}
