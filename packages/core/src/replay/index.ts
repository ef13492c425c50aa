// @systole/core/replay: names only.

export type { CallName } from "./format.ts";
export type { Detectors } from "./policies.ts";
export { type RecordedMonitor, type RecordOptions, recordMonitor } from "./recorded-monitor.ts";
export type { RecordingState } from "./recording.ts";
export {
  type Replay,
  type ReplayedCall,
  type ReplayOptions,
  type ReplayStep,
  replay,
} from "./replay.ts";
