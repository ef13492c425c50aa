// When living peers beat next: a ring of one-millisecond buckets. Sending postpones a beat nearly
// every time, so a peer stays in its bucket until that comes up and is looked at again only then; it
// moves at once only when its beat moves earlier.

const BUCKETS = 4_096;
const NONE = -1;
const NO_BUCKET = 0xffff;

export class BeatRing {
  /** Singly linked lists through slots. */
  #next: Int32Array = new Int32Array(0);
  /** Which bucket each slot is in. One that is freed stays where it is, and drops out there. */
  #bucket: Uint16Array = new Uint16Array(0);
  readonly #heads: Int32Array = new Int32Array(BUCKETS).fill(NONE);
  /** A lower bound of what is due in each bucket. */
  readonly #bounds: Float64Array = new Float64Array(BUCKETS).fill(Number.POSITIVE_INFINITY);
  /** The millisecond up to which everything was looked at. */
  #cursor: number;
  /** A lower bound of everything in the ring. */
  nextAt: number = Number.POSITIVE_INFINITY;

  constructor(now: number) {
    this.#cursor = Math.floor(now);
  }

  /** The beat of `slot` is due at `at`; moves it only if that is earlier than where it is. */
  schedule(slot: number, at: number): void {
    if (at === Number.POSITIVE_INFINITY) return;
    if (slot >= this.#next.length) this.#grow(slot + 1);
    const current = this.#bucket[slot] as number;
    const bucketAt = this.#bucketTime(at);
    if (current === NO_BUCKET) return this.#insert(slot, bucketAt, at);
    const currentAt = this.#timeOf(current);
    if (currentAt < bucketAt) return;
    if (currentAt > bucketAt) {
      this.#unlink(slot, current);
      return this.#insert(slot, bucketAt, at);
    }
    this.#lower(current, bucketAt, at);
  }

  /**
   * Looks at every bucket up to `now`. `dueAt(slot)` says when its beat is really due: those that are
   * due leave the ring and are handed to `ripe`, the others move on.
   */
  drain(now: number, dueAt: (slot: number) => number, ripe: (slot: number) => void): void {
    if (now < this.nextAt) return;
    const last = Math.floor(now);
    const from = Math.max(this.#cursor, last - BUCKETS + 1);
    this.#cursor = last;
    for (let time = from; time <= last; time++)
      this.#drainBucket(bucketOfTime(time), now, dueAt, ripe);
    this.nextAt = this.#lowestBound();
  }

  #drainBucket(
    bucket: number,
    now: number,
    dueAt: (slot: number) => number,
    ripe: (slot: number) => void,
  ): void {
    let slot = this.#heads[bucket] as number;
    this.#heads[bucket] = NONE;
    this.#bounds[bucket] = Number.POSITIVE_INFINITY;
    while (slot !== NONE) {
      const next = this.#next[slot] as number;
      this.#bucket[slot] = NO_BUCKET;
      const at = dueAt(slot);
      if (at <= now) ripe(slot);
      else this.schedule(slot, at);
      slot = next;
    }
  }

  #insert(slot: number, bucketAt: number, at: number): void {
    const bucket = bucketOfTime(bucketAt);
    this.#next[slot] = this.#heads[bucket] as number;
    this.#heads[bucket] = slot;
    this.#bucket[slot] = bucket;
    this.#lower(bucket, bucketAt, at);
  }

  #lower(bucket: number, bucketAt: number, at: number): void {
    // Beyond the horizon the bucket itself is what comes first: there it is looked at again.
    const boundAt = Math.floor(at) > bucketAt ? bucketAt : at;
    this.#bounds[bucket] = Math.min(this.#bounds[bucket] as number, boundAt);
    this.nextAt = Math.min(this.nextAt, boundAt);
  }

  /** Walks the list: beats rarely move earlier. */
  #unlink(slot: number, bucket: number): void {
    const next = this.#next[slot] as number;
    let before = this.#heads[bucket] as number;
    if (before === slot) {
      this.#heads[bucket] = next;
      return;
    }
    while (this.#next[before] !== slot) before = this.#next[before] as number;
    this.#next[before] = next;
  }

  /** The millisecond whose bucket takes `at`: within the horizon, never behind the cursor. */
  #bucketTime(at: number): number {
    return Math.min(Math.max(Math.floor(at), this.#cursor), this.#cursor + BUCKETS - 1);
  }

  #timeOf(bucket: number): number {
    const ahead = (bucket - bucketOfTime(this.#cursor) + BUCKETS) % BUCKETS;
    return this.#cursor + ahead;
  }

  #lowestBound(): number {
    for (let ahead = 0; ahead < BUCKETS; ahead++) {
      const bound = this.#bounds[bucketOfTime(this.#cursor + ahead)] as number;
      if (bound !== Number.POSITIVE_INFINITY) return bound;
    }
    return Number.POSITIVE_INFINITY;
  }

  #grow(least: number): void {
    const capacity = Math.max(64, least, Math.ceil(this.#next.length * 1.5));
    const next = new Int32Array(capacity).fill(NONE);
    next.set(this.#next);
    this.#next = next;
    const bucket = new Uint16Array(capacity).fill(NO_BUCKET);
    bucket.set(this.#bucket);
    this.#bucket = bucket;
  }
}

function bucketOfTime(time: number): number {
  const rest = time % BUCKETS;
  return rest < 0 ? rest + BUCKETS : rest;
}
