// @systole/core/quality: names only.

export type { Network } from "./network.ts";
export { type Estimate, type Known, type Measured, networkFrom } from "./network-from.ts";
export { type Plan, policyFor, type Target } from "./policy-for.ts";
export { type Prediction, predict } from "./predict.ts";
