// A token bucket: how much of something is let through. Time comes in, nothing is read.

export class TokenBucket {
  #tokens: number;
  #filledAt: number;
  /** When it first refused since it was last full. */
  #overdrawnAt: number | undefined;

  constructor(capacity: number, now: number) {
    this.#tokens = capacity;
    this.#filledAt = now;
  }

  /**
   * Takes one token if there is one; one comes back every `refillMs`, up to `capacity`. A smaller
   * capacity than before takes away nothing that is there. `now` comes in an object that is there
   * anyway, because engines box a fraction that is handed on as it is.
   */
  take({ now }: { readonly now: number }, refillMs: number, capacity: number): boolean {
    const filled = this.#tokens + (now - this.#filledAt) / refillMs;
    this.#filledAt = now;
    if (filled >= capacity) this.#overdrawnAt = undefined;
    this.#tokens = Math.max(this.#tokens, Math.min(capacity, filled));
    if (this.#tokens < 1) {
      this.#overdrawnAt ??= now;
      return false;
    }
    this.#tokens -= 1;
    return true;
  }

  /** For how long it has been refusing, with no pause in which it filled up; 0 when it is not. */
  overdrawnMs(now: number): number {
    return this.#overdrawnAt === undefined ? 0 : now - this.#overdrawnAt;
  }
}
