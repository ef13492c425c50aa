// What a detector is, and the simplest one. A detector says at which silence suspicion begins; it
// never declares anybody dead.

/** The numbers of a policy that a detector may look at. */
export interface Thresholds {
  readonly intervalMs: number;
  readonly suspectAfterMs: number;
  readonly deadAfterMs: number;
  readonly minSuspicionMs: number;
}

/** What is known about the traffic of one peer: a handful of numbers, whatever its age. */
export interface Arrivals {
  /** Numbered frames that arrived in order. */
  readonly received: number;
  /** Numbers that were skipped: lost, or still on their way. */
  readonly lost: number;
  /** Frames behind the highest number: duplicates, replays, late ones. Statistics, never life. */
  readonly behind: number;
  /** Frames that echoed only a nonce older than `deadAfterMs`: we hear the peer, it no longer hears us. */
  readonly stale: number;
  /** The highest number seen in this session; 0 before the first. */
  readonly highestSeq: number;
  /** Smoothed round-trip time in ms (RFC 6298 §2, α = 1/8); absent before the first sample. */
  readonly rttMs?: number | undefined;
}

/**
 * From the arrivals of a peer to the silence in ms at which suspicion begins. Pure: same input, same
 * output. The result is capped at `deadAfterMs − minSuspicionMs`.
 */
export type Detector = (arrivals: Arrivals, policy: Thresholds) => number;

/** The default detector: suspicion begins after `suspectAfterMs`, whatever was seen before. */
export const fixed: Detector = (_arrivals, policy) => policy.suspectAfterMs;
