// @systole/core: names only.

export { deadAtMostMs } from "./bounds.ts";
export { definePolicy } from "./define-policy.ts";
export type { Arrivals, Timing } from "./detectors/arrivals.ts";
export type {
  Beat,
  Detector,
  DetectorFunction,
  LearningDetector,
  Thresholds,
} from "./detectors/detector.ts";
export { fixed } from "./detectors/fixed.ts";
export { type Driven, type DriveOptions, drive } from "./drive.ts";
export { type ErrorCode, SystoleRangeError, SystoleTypeError } from "./errors.ts";
export { type Clock, type Host, type HostFunctions, hostFrom } from "./host.ts";
export { createMonitor, type Monitor } from "./monitor/monitor.ts";
export type { NearMisses } from "./monitor/near-misses.ts";
export type { AddOptions, EndedOptions, HeardSign, MonitorOptions } from "./monitor/options.ts";
export type {
  About,
  HealthOutput,
  MonitorOutput,
  MonitorStats,
  PeerChange,
  StalledOutput,
} from "./monitor/outputs.ts";
export type { PeerRef } from "./monitor/refs.ts";
export type { ArrivalSign } from "./peer/arriving.ts";
export { nextDeadline } from "./peer/deadlines.ts";
export type {
  BeatOutput,
  DialOutput,
  ForgetOutput,
  PeerEvent,
  PeerOutput,
  Sign,
} from "./peer/events.ts";
export {
  type Change,
  type DeadlineSource,
  type Evidence,
  type Explainable,
  explain,
} from "./peer/evidence.ts";
export { MAX_HEALTH, NO_STALLS, type StallTotals } from "./peer/rules.ts";
export {
  type EndReason,
  type InitialPeerOptions,
  initialPeer,
  type PeerState,
  type Reason,
  type Role,
  type Status,
} from "./peer/state.ts";
export {
  NEEDS_PROOF,
  TRANSITIONS,
  type Transition,
  type Trigger,
  transition,
} from "./peer/transition.ts";
export {
  type Policy,
  type PolicyOptions,
  type Proof,
  relaxed,
  standard,
  strict,
} from "./policy.ts";
