// The numbers a verdict depends on, and the presets: validated once, at the door, relations included. What
// follows from them is in bounds.ts, what we make of them in policy-variants.ts.

import type { Detector, LearningDetector } from "./detectors/detector.ts";
import { fixed } from "./detectors/fixed.ts";
import { SystoleRangeError, SystoleTypeError, textOf } from "./errors.ts";

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

const MAX_DURATION_MS = 2 ** 31 - 1;
const MIN_FORGET_MS = 30_000;

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
  if (typeof options !== "object" || options === null) {
    throw new SystoleTypeError(
      "ERR_SYSTOLE_POLICY",
      `A policy must be an object (got ${textOf(options)}). Start from a preset: strict, standard or relaxed.`,
      options,
    );
  }
  checkNames(options);
  // Before anything is calculated with them.
  checkDurations(options as Partial<Policy>);
  const policy = withDefaults(options);
  checkValues(policy);
  checkRelations(policy);
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

/** A misspelt name would silently be the default: the worst kind of configuration error. */
function checkNames(options: PolicyOptions): void {
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
  // Of what follows from others, too.
  checkDurations(policy);
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
    const wayOut = `Raise forgetAfterMs to ${least}: both sides of a cut must still know each other when it heals`;
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

/** The shortest memory of a dead peer with which both sides of a healed partition find each other. */
export function leastForgetAfterMs({ deadAfterMs }: Pick<Policy, "deadAfterMs">): number {
  return Math.max(MIN_FORGET_MS, 2 * deadAfterMs);
}
