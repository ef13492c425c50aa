// What ran, as numbers side by side, and what never ran before. The counters are written into the sources by
// instrument.mjs.

/** A way through a source that may be taken or not. */
export interface Branch {
  /** Its counter. */
  readonly at: number;
  /** `file:line, type n`. */
  readonly where: string;
}

/** What an instrumented source says about itself. */
export interface CountedFile {
  readonly path: string;
  /** Its counters, multiples of eight. */
  readonly from: number;
  readonly until: number;
  readonly branches: readonly Branch[];
}

declare global {
  var __fuzzed: readonly CountedFile[] | undefined;
  var __fuzzCounts: Uint8ClampedArray | undefined;
}

/** How often is told apart only roughly, so that loops do not make everything new. */
const BUCKETS = new Uint8Array(256);
for (let n = 1; n < BUCKETS.length; n++) {
  const least = [1, 2, 3, 4, 8, 16, 32, 128];
  BUCKETS[n] = 1 << least.findLastIndex((each) => n >= each);
}

/** Something that was never seen before: a counter, and how often (as bits). */
export type Feature = readonly [at: number, bits: number];

export class Counters {
  readonly branches: readonly Branch[];
  /** How much ran before the last look: what an input costs, on every machine alike. */
  cost = 0;
  readonly #files: readonly CountedFile[];
  readonly #counts: Uint8ClampedArray;
  /** The same, eight at a time: most are zero. */
  readonly #eights: Float64Array;
  readonly #seen: Uint8Array;

  /** Of those sources that are wanted. */
  constructor(wants: (path: string) => boolean) {
    const { __fuzzed: all = [], __fuzzCounts: counts = new Uint8ClampedArray(0) } = globalThis;
    this.#files = all.filter(({ path }) => wants(path));
    this.branches = this.#files.flatMap(({ branches }) => branches);
    this.#counts = counts;
    this.#eights = new Float64Array(counts.buffer);
    this.#seen = new Uint8Array(counts.length);
  }

  /** Forgets what ran; what was seen stays seen. */
  clear(): void {
    this.#counts.fill(0);
  }

  /** What ran since the last look that never ran before, or never so often; then clears. */
  fresh(): Feature[] | undefined {
    const [counts, eights, seen] = [this.#counts, this.#eights, this.#seen];
    let features: Feature[] | undefined;
    let cost = 0;
    for (const { from, until } of this.#files) {
      for (let eight = from / 8; eight < until / 8; eight++) {
        if (eights[eight] === 0) continue;
        for (let at = 8 * eight; at < 8 * eight + 8; at++) {
          const count = counts[at] as number;
          if (count === 0) continue;
          cost += count;
          const bits = BUCKETS[count] as number;
          if ((bits & ~(seen[at] as number)) === 0) continue;
          (seen[at] as number) |= bits;
          features ??= [];
          features.push([at, bits]);
        }
        eights[eight] = 0;
      }
    }
    this.cost = cost;
    return features;
  }
}
