// Instants of the endpoint's own, beside those of the monitor: until when a handshake may last, when we
// leave at the latest. In observed time: while we are frozen, what we wait for may lie unread.

const NEVER = Number.POSITIVE_INFINITY;
const NOBODY: readonly never[] = Object.freeze([]);

export class Alarms<Key> {
  /** In the order in which they were set. */
  readonly #at: Map<Key, number> = new Map();
  /** A lower bound of all of them: may be too early, never too late. */
  #nextAt = NEVER;

  get size(): number {
    return this.#at.size;
  }

  get nextAt(): number {
    return this.#at.size === 0 ? NEVER : this.#nextAt;
  }

  /** The one that was set first. */
  get oldest(): Key | undefined {
    return this.#at.keys().next().value;
  }

  has(key: Key): boolean {
    return this.#at.has(key);
  }

  set(key: Key, at: number): void {
    if (this.#at.size === 0) this.#nextAt = NEVER;
    this.#at.set(key, at);
    this.#nextAt = Math.min(this.#nextAt, at);
  }

  delete(key: Key): void {
    this.#at.delete(key);
  }

  clear(): void {
    this.#at.clear();
  }

  /** Takes those that have come at `now`. */
  take(now: number): readonly Key[] {
    if (now < this.nextAt) return NOBODY;
    const due: Key[] = [];
    this.#nextAt = NEVER;
    // One by one: there may be more of them than a call takes arguments.
    for (const [key, at] of this.#at) {
      if (now >= at) due.push(key);
      else this.#nextAt = Math.min(this.#nextAt, at);
    }
    for (const key of due) this.#at.delete(key);
    return due;
  }
}
