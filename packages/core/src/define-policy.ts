// From what users write to a policy: defaults for what is left out, and a clear answer to what is wrong. Validated
// once, at the door, relations included.

import { leastForgetAfterMs } from "./bounds.ts";
import type { Detector, LearningDetector } from "./detectors/detector.ts";
import { fixed } from "./detectors/fixed.ts";
import { SystoleRangeError, SystoleTypeError, textOf } from "./errors.ts";
import { type Policy, type PolicyOptions, standard } from "./policy.ts";

const MAX_DURATION_MS = 2 ** 31 - 1;

const known = new WeakSet<Policy>();

/**
 * Validates options and fills in the defaults. A policy that came from here passes unchanged.
 *
 * @throws RangeError or TypeError `ERR_SYSTOLE_POLICY` with the offending value and a way out.
 * @example
 * ```ts
 * const policy = definePolicy({ ...strict, deadAfterMs: 9_000 });
 * ```
 */
export function definePolicy(options: PolicyOptions | Policy = {}): Policy {
  if (known.has(options as Policy)) return options as Policy;
  checkOptions(options);
  const policy = withDefaults(options);
  checkPolicy(policy);
  return vouchFor(Object.freeze(policy));
}

/** Such a policy is valid: nobody need look into it again. */
export function vouchFor(policy: Policy): Policy {
  known.add(policy);
  return policy;
}

function withDefaults({
  intervalMs = standard.intervalMs as number,
  peerGapMs = intervalMs,
  suspectAfterMs = standard.suspectAfterMs as number,
  deadAfterMs = standard.deadAfterMs as number,
  // Half of what lies between; where nothing does, the relation is reported, not this number.
  minSuspicionMs = deadAfterMs > suspectAfterMs ? (deadAfterMs - suspectAfterMs) / 2 : 1,
  probeIntervalMs = Math.min(intervalMs, Math.max(100, minSuspicionMs / 4)),
  jitter = 0.25,
  proof = "any",
  returns = "new-session",
  redial = false,
  solicits = false,
  backoffMinMs = intervalMs,
  backoffMaxMs = Math.max(10_000, backoffMinMs),
  forgetAfterMs,
  wishMs = suspectAfterMs / 3,
  minGapMs = Math.min(20, wishMs),
  floorMs = Math.min(100, intervalMs),
  maxGapMs = Math.max(60_000, suspectAfterMs),
  detector = fixed,
  shadow,
}: PolicyOptions): Policy {
  return {
    intervalMs,
    peerGapMs,
    suspectAfterMs,
    deadAfterMs,
    minSuspicionMs,
    probeIntervalMs,
    jitter,
    proof,
    returns,
    redial,
    solicits,
    backoffMinMs,
    backoffMaxMs,
    ...(forgetAfterMs !== undefined && { forgetAfterMs }),
    wishMs,
    minGapMs,
    floorMs,
    maxGapMs,
    detector,
    ...(shadow !== undefined && { shadow }),
  };
}

const NAMES: readonly (keyof Policy)[] = [
  .../* @__PURE__ */ (Object.keys(/* @__PURE__ */ withDefaults({})) as (keyof Policy)[]),
  ...(["forgetAfterMs", "shadow"] as const),
];

/** What users gave, before anything is calculated with it. */
function checkOptions(options: unknown): void {
  if (typeof options !== "object" || options === null) {
    throw new SystoleTypeError(
      "ERR_SYSTOLE_POLICY",
      `A policy must be an object (got ${textOf(options)}).\nGive one, or start from the preset \`relaxed\`.`,
      options,
    );
  }
  checkNames(options);
  checkDurations(options);
}

/** What follows from that, too, and how it all fits together. */
function checkPolicy(policy: Policy): void {
  checkDurations(policy);
  checkValues(policy);
  checkRelations(policy);
}

/** A misspelt name would silently be the default: the worst kind of configuration error. */
function checkNames(options: object): void {
  for (const name of Object.keys(options)) {
    if (NAMES.includes(name as keyof Policy)) continue;
    throw new SystoleTypeError(
      "ERR_SYSTOLE_POLICY",
      `A policy has no option ${name}.\nIt has: ${NAMES.join(", ")}.`,
      name,
    );
  }
}

function checkDurations(policy: Partial<Policy>): void {
  for (const name of NAMES) {
    const value = policy[name];
    if (!name.endsWith("Ms") || value === undefined) continue;
    if (typeof value === "number" && value > 0 && value <= MAX_DURATION_MS) continue;
    const rule = `be a number of ms above 0 and at most ${MAX_DURATION_MS}`;
    fail(name, value, rule, "Give such a duration");
  }
}

function checkValues(policy: Policy): void {
  const { jitter } = policy;
  if (!(typeof jitter === "number" && jitter >= 0 && jitter < 1)) {
    fail("jitter", jitter, "be from 0 to below 1", "0.25 is a good value");
  }
  for (const name of ["detector", "shadow"] as const) {
    if (policy[name] === undefined || isDetector(policy[name])) continue;
    const rule = "be a function, or an object with learn() and size";
    fail(name, policy[name], rule, "Leave it out for the default");
  }
  for (const [name, allowed] of CHOICES) {
    if (allowed.includes(policy[name])) continue;
    fail(name, policy[name], `be ${allowed.join(" or ")}`, "Leave it out for the default");
  }
}

function isDetector(detector: unknown): detector is Detector {
  if (typeof detector !== "object" || detector === null) return typeof detector === "function";
  const { learn, size } = detector as Partial<LearningDetector>;
  return typeof learn === "function" && Number.isInteger(size) && (size as number) > 0;
}

type Choice = "proof" | "returns" | "redial" | "solicits";

const CHOICES: readonly (readonly [Choice, readonly unknown[]])[] = [
  ["proof", ["any", "round-trip"]],
  ["returns", ["new-session", "never"]],
  ["redial", [true, false]],
  ["solicits", [true, false]],
];

function checkRelations(policy: Policy): void {
  for (const [name, relation, other] of RELATIONS) {
    const [value, bound] = [policy[name], policy[other]];
    if (value > bound || (value === bound && relation === "be at least")) continue;
    const raised = relation === "exceed" ? "above" : "to";
    const wayOut = `Raise ${name} ${raised} ${bound}, or start from the preset \`relaxed\``;
    fail(name, value, `${relation} ${other}`, wayOut, `${name} ${value}, ${other} ${bound}`);
  }
  const {
    minSuspicionMs,
    deadAfterMs,
    suspectAfterMs,
    forgetAfterMs = Number.POSITIVE_INFINITY,
  } = policy;
  const most = deadAfterMs - suspectAfterMs;
  if (minSuspicionMs > most) {
    const rule = `not exceed deadAfterMs − suspectAfterMs, ${most}`;
    fail(
      "minSuspicionMs",
      minSuspicionMs,
      rule,
      `Lower minSuspicionMs to ${most}, or leave it out`,
    );
  }
  const least = leastForgetAfterMs(policy);
  if (forgetAfterMs < least) {
    const wayOut = `Raise forgetAfterMs to ${least}: both sides of a cut must know each other when it heals`;
    fail("forgetAfterMs", forgetAfterMs, "be at least max(30000, 2 · deadAfterMs)", wayOut);
  }
}

const RELATIONS: readonly (readonly [DurationName, "exceed" | "be at least", DurationName])[] = [
  ["suspectAfterMs", "exceed", "intervalMs"],
  ["deadAfterMs", "exceed", "suspectAfterMs"],
  ["suspectAfterMs", "exceed", "wishMs"],
  ["wishMs", "be at least", "minGapMs"],
  ["intervalMs", "be at least", "floorMs"],
  ["maxGapMs", "be at least", "wishMs"],
  ["backoffMaxMs", "be at least", "backoffMinMs"],
];

type DurationName = Exclude<keyof Policy & `${string}Ms`, "forgetAfterMs">;

function fail(
  name: string,
  value: unknown,
  rule: string,
  wayOut: string,
  got: string = textOf(value),
): never {
  const message = `${name} must ${rule} (got ${got}).\n${wayOut}.`;
  throw new SystoleRangeError("ERR_SYSTOLE_POLICY", message, value);
}
