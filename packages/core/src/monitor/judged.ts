// How many peers are being judged, and the smallest suspectAfterMs among them: it decides how often
// a monitor must be served. Few distinct values are usual, so a count per value is enough.

export class Judged {
  count = 0;
  readonly #counts: Map<number, number> = new Map();

  add(suspectAfterMs: number): void {
    this.count += 1;
    this.#counts.set(suspectAfterMs, (this.#counts.get(suspectAfterMs) ?? 0) + 1);
  }

  remove(suspectAfterMs: number): void {
    this.count -= 1;
    const left = (this.#counts.get(suspectAfterMs) as number) - 1;
    if (left === 0) this.#counts.delete(suspectAfterMs);
    else this.#counts.set(suspectAfterMs, left);
  }

  /** Infinity when nobody is judged. */
  smallestSuspectAfterMs(): number {
    // A loop: peers with negotiated policies may be too many and too different to spread.
    let smallest = Number.POSITIVE_INFINITY;
    for (const suspectAfterMs of this.#counts.keys()) smallest = Math.min(smallest, suspectAfterMs);
    return smallest;
  }
}
