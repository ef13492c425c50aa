// A token bucket: how much of something is let through. Time comes in, nothing is read.

export class TokenBucket {
  #tokens: number;
  #filledAt: number;

  constructor(capacity: number, now: number) {
    this.#tokens = capacity;
    this.#filledAt = now;
  }

  /** Takes one token if there is one; one comes back every `refillMs`, up to `capacity`. */
  take(now: number, refillMs: number, capacity: number): boolean {
    this.#tokens = Math.min(capacity, this.#tokens + (now - this.#filledAt) / refillMs);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
