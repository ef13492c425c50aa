// Policies that we make of valid ones: stretched for a slower sender, or with a rule of ours in force. They are not
// checked again, and those that are alike are one object.

import { vouchFor } from "./define-policy.ts";
import type { Policy } from "./policy.ts";

/**
 * The policy in force against a sender whose gaps are `factor` times what we wished for: every
 * deadline stretches alike. Our own interval, wish and limits stay as they are.
 */
export function scalePolicy(policy: Policy, factor: number): Policy {
  if (factor === 1) return policy;
  return derivePolicy(policy, {
    suspectAfterMs: policy.suspectAfterMs * factor,
    deadAfterMs: policy.deadAfterMs * factor,
    minSuspicionMs: policy.minSuspicionMs * factor,
    probeIntervalMs: policy.probeIntervalMs * factor,
  });
}

/** By the policy they were made of: the last variants that were asked for, newest first. */
const variants: WeakMap<Policy, Policy[]> = new WeakMap();
const KEPT_VARIANTS = 8;

/**
 * A variant of a valid policy, made by us and therefore not checked again. Peers that are dealt with
 * alike share one object: thousands of them mostly are.
 */
export function derivePolicy(policy: Policy, changes: Partial<Policy>): Policy {
  const derived = Object.freeze({ ...policy, ...changes });
  const others = variants.get(policy) ?? [];
  const alike = others.find((each) => samePolicy(each, derived));
  if (alike) return alike;
  variants.set(policy, [derived, ...others].slice(0, KEPT_VARIANTS));
  return vouchFor(derived);
}

/** Whether two policies say the same. */
export function samePolicy(a: Policy, b: Policy): boolean {
  const names = Object.keys(a) as (keyof Policy)[];
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
