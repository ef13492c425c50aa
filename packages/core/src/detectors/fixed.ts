// The simplest detector: a constant.

import type { DetectorFunction } from "./detector.ts";

/** The default detector: suspicion begins after `suspectAfterMs`, whatever was seen before. */
export const fixed: DetectorFunction = (_arrivals, policy) => policy.suspectAfterMs;
