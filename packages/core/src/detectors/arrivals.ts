// What is known of the traffic of one peer: counts, round trips, lateness. This is what users and detectors
// see of it; how it is kept is in peer/tally.ts, and what of it a frame changes in peer/arriving.ts.

/** What is known about the traffic of one peer in this session, whatever its age. */
export interface Arrivals {
  /** Numbered frames that arrived in order. */
  readonly received: number;
  /** Numbers that were skipped and have not come since: lost, or still on their way. */
  readonly lost: number;
  /** Frames behind the highest number: duplicates, replays, overtaken ones. Statistics, never life. */
  readonly behind: number;
  /** Those of them that filled a gap among the last 32 numbers: they had only been overtaken. */
  readonly reordered: number;
  /** Frames in a row that echoed only nonces older than `deadAfterMs`: it no longer hears us. */
  readonly stale: number;
  /** The highest number seen; 0 before the first. */
  readonly highestSeq: number;
  /** Which of the last 32 numbers came, as bits: the lowest is the highest number. */
  readonly recent: number;
  /** Smoothed round-trip time in ms (RFC 6298 §2, α = 1/8); absent before the first sample. */
  readonly rttMs?: number | undefined;
  /** Its smoothed variation in ms (RFC 6298 §2, β = 1/4). */
  readonly rttVariationMs?: number | undefined;
  /** Only where frames bear the sender's timestamp. */
  readonly timing?: Timing | undefined;
}

/** What the sender's own timestamps tell. A late frame is told apart from one that left late. */
export interface Timing {
  /** Frames with a timestamp that had not to wait for us; so many that the numbers below rest on. */
  readonly samples: number;
  /**
   * Mean of arrival minus timestamp, in ms, over some 256 frames. Two clocks without a common zero:
   * only differences from it mean something.
   */
  readonly offsetMs: number;
  /**
   * Variance of that, in ms²: the variance of the delay, from how it differs from frame to frame, so that the
   * drift of two clocks is not in it.
   */
  readonly varianceMs2: number;
  /** Frames that left later than their sender had announced; messages between them are not known here. */
  readonly slips: number;
  /** The timestamp of the newest frame. */
  readonly sentAtMs: number;
  /** The last stall the sender declared, in ms; 0 before the first. */
  readonly declaredMs: number;
}
