// @systole/core/detectors: names only.

export { type AdaptiveOptions, adaptive } from "./adaptive.ts";
export type { Arrivals, Timing } from "./arrivals.ts";
export type { Beat, Detector, DetectorFunction, LearningDetector, Thresholds } from "./detector.ts";
export { fixed } from "./fixed.ts";
export { deviationsFor, type PhiOptions, phi } from "./phi.ts";
