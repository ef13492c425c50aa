// What a monitor tells its one sink, and what it counts. Plain data.

import type { PeerOutput } from "../peer/events.ts";
import type { NearMisses } from "./near-misses.ts";
import type { PeerRef } from "./refs.ts";

/** We were frozen for `stallMs`, and that time is held against nobody. */
export interface StalledOutput {
  readonly type: "stalled";
  readonly at: number;
  readonly stallMs: number;
}

/** Local health changed, from 0 (well) to 7: how far our own verdicts can be trusted. */
export interface HealthOutput {
  readonly type: "health";
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** Which peer an output is about. */
export interface About {
  readonly peer: PeerRef;
  /** The id the peer was added with, if any. */
  readonly id?: string | undefined;
}

/** All that a monitor tells its sink. */
export type MonitorOutput = (PeerOutput & About) | StalledOutput | HealthOutput;

/** A status change of a peer of a monitor. */
export type PeerChange = Extract<MonitorOutput, { readonly type: "changed" }>;

/** What a monitor counted since it was made. */
export interface MonitorStats {
  readonly peers: number;
  readonly connecting: number;
  readonly alive: number;
  readonly suspect: number;
  readonly dead: number;
  /** Calls with a ref whose peer is gone: harmless, but a sign of a forgotten handle. */
  readonly staleRefs: number;
  /** Broken promises found: how often we were frozen. */
  readonly stalls: number;
  /** Time credited for stalls and pauses, in ms. */
  readonly lostMs: number;
  /** Backward readings of the clock. */
  readonly clockWentBack: number;
  readonly health: number;
  /** Slots whose generations are used up. */
  readonly retiredSlots: number;
  /** How near silences came to a suspicion before they ended. */
  readonly nearMisses: NearMisses;
  /** The same for the shadow detectors of policies that have one: what they would have done. */
  readonly shadow: NearMisses;
}
