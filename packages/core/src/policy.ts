// The numbers a verdict depends on, and the presets. What makes a policy of them is in define-policy.ts, what follows
// from them in bounds.ts, what we make of them in policy-variants.ts.

import type { Detector } from "./detectors/detector.ts";

/** What brings a silent peer back to life: any traffic, or only the echo of a fresh nonce. */
export type Proof = "any" | "round-trip";

/** What users write. Durations in ms, above 0 and at most 2³¹−1; fractions are fine. What is not given has a default. */
export interface PolicyOptions {
  /** The largest gap between two of our own frames. Default 1000. */
  readonly intervalMs?: number | undefined;
  /** The largest gap expected of the other side, for the evidence. Default `intervalMs`; endpoints negotiate it. */
  readonly peerGapMs?: number | undefined;
  /** Silence after which a peer is suspected. Must exceed `intervalMs`. Default 4000. */
  readonly suspectAfterMs?: number | undefined;
  /** Silence after which a peer is dead. Must exceed `suspectAfterMs`. Default 8800. */
  readonly deadAfterMs?: number | undefined;
  /**
   * The shortest time between suspicion and death, so that one late tick never kills. At most
   * `deadAfterMs − suspectAfterMs`; default half of that.
   */
  readonly minSuspicionMs?: number | undefined;
  /** How often a suspected or connecting peer is asked. Default: a quarter of `minSuspicionMs`, within [100, intervalMs]. */
  readonly probeIntervalMs?: number | undefined;
  /** Each gap is shortened by a random part of up to this, from 0 to below 1. Default 0.25. */
  readonly jitter?: number | undefined;
  /** `round-trip` (datagrams): only the echo of a fresh nonce brings a peer back. Default `any`. */
  readonly proof?: Proof | undefined;
  /** Whether a dead peer that is heard again starts a new session. Default `new-session`. */
  readonly returns?: "new-session" | "never" | undefined;
  /** For connections: a dead peer asks to be dialled again, instead of getting beats. Default false. */
  readonly redial?: boolean | undefined;
  /**
   * Beats ask the other side for a sign of life, in a protocol that answers them: one is due when nothing
   * came or nothing left for an interval, not only when nothing left. Default false.
   */
  readonly solicits?: boolean | undefined;
  /** The first back-off of beats or dials to a dead peer; it doubles each time. Default `intervalMs`. */
  readonly backoffMinMs?: number | undefined;
  /** The longest back-off. Default 10 s, or `backoffMinMs` where that is longer. */
  readonly backoffMaxMs?: number | undefined;
  /**
   * Dead peers are forgotten after this, at least max(30 s, 2 · deadAfterMs); in an endpoint that is the D in force,
   * which a slow peer stretches. Default: never; of a peer that an endpoint accepted, the least.
   */
  readonly forgetAfterMs?: number | undefined;
  /** The gap we ask the other side to keep. Below `suspectAfterMs`; default a third of it. */
  readonly wishMs?: number | undefined;
  /** The smallest gap we accept from the other side; floods beyond it are dropped. Default 20, or less for a faster `wishMs`. */
  readonly minGapMs?: number | undefined;
  /** The smallest gap we can be asked to keep ourselves. Default min(100, intervalMs). */
  readonly floorMs?: number | undefined;
  /** The largest gap of a slow sender that our deadlines stretch for. Default max(60 s, suspectAfterMs). */
  readonly maxGapMs?: number | undefined;
  /** From arrival statistics to the silence that is suspicious. Default `fixed`. */
  readonly detector?: Detector | undefined;
  /** A second detector that is only tried: it judges beside the real one, and acts on nothing. Default: none. */
  readonly shadow?: Detector | undefined;
}

/** A complete, validated, frozen policy; see {@link PolicyOptions} for the meaning of each number. */
export interface Policy {
  readonly intervalMs: number;
  readonly peerGapMs: number;
  readonly suspectAfterMs: number;
  readonly deadAfterMs: number;
  readonly minSuspicionMs: number;
  readonly probeIntervalMs: number;
  readonly jitter: number;
  readonly proof: Proof;
  readonly returns: "new-session" | "never";
  readonly redial: boolean;
  readonly solicits: boolean;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  readonly forgetAfterMs?: number;
  readonly wishMs: number;
  readonly minGapMs: number;
  readonly floorMs: number;
  readonly maxGapMs: number;
  readonly detector: Detector;
  readonly shadow?: Detector;
}

/** Dead within 6 s, for links where a second counts: data centres, games, control loops. */
export const strict: PolicyOptions = /* @__PURE__ */ Object.freeze({
  intervalMs: 1_000,
  suspectAfterMs: 2_500,
  deadAfterMs: 5_200,
});

/** The default: dead within 10 s. */
export const standard: PolicyOptions = /* @__PURE__ */ Object.freeze({
  intervalMs: 1_000,
  suspectAfterMs: 4_000,
  deadAfterMs: 8_800,
});

/** Dead within 30 s, for phones, idle connections and links that hiccup. */
export const relaxed: PolicyOptions = /* @__PURE__ */ Object.freeze({
  intervalMs: 5_000,
  suspectAfterMs: 15_000,
  deadAfterMs: 26_000,
});
