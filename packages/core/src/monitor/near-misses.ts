// How near silences came to a suspicion before they ended: whether the timeouts of a monitor are tight or
// lavish. One for the detectors that judge, one for their shadows.

/** What became of the silences that a detector judged. */
export interface NearMisses {
  /**
   * Silences that a sign of life ended after 4/8 to 5/8 of what the detector allows, 5/8 to 6/8, 6/8 to 7/8,
   * and 7/8 to all of it. Shorter ones are not counted. Nothing in here: the timeout is lavish.
   */
  readonly eighths: readonly [number, number, number, number];
  /** Silences that ended after more than that: suspicions that were wrong. */
  readonly mistakes: number;
  /** The longest of all these, as a share of what was allowed; 0: none came as near as half. */
  readonly largest: number;
  /** Deaths by silence. */
  readonly detections: number;
  /** The mean silence at which these were suspected, in ms; 0 before the first. */
  readonly detectionMs: number;
}

/** From here on a silence is counted. */
export const NEAR = 0.5;

export class NearMissCounter {
  readonly #eighths: [number, number, number, number] = [0, 0, 0, 0];
  #mistakes = 0;
  #largest = 0;
  #detections = 0;
  #detectionSumMs = 0;

  /** A silence ended, after this share of what was allowed. */
  ended(share: number): void {
    if (!(share >= NEAR)) return;
    this.#largest = Math.max(this.#largest, share);
    if (share >= 1) this.#mistakes += 1;
    else (this.#eighths[Math.floor(8 * share) - 4] as number) += 1;
  }

  /** A silence was death; this is when it was suspected. */
  detected(silenceMs: number): void {
    this.#detections += 1;
    this.#detectionSumMs += silenceMs;
  }

  get seen(): NearMisses {
    const detections = this.#detections;
    return {
      eighths: [...this.#eighths],
      mistakes: this.#mistakes,
      largest: this.#largest,
      detections,
      detectionMs: detections === 0 ? 0 : this.#detectionSumMs / detections,
    };
  }
}
