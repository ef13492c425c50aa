// The numbers a verdict depends on: validated once, at the door, relations included. Also the
// presets, the bound that follows from a policy, and how a policy stretches for a slower sender.

import { type Detector, fixed } from "./detectors/fixed.ts";
import { SystoleRangeError, SystoleTypeError } from "./errors.ts";
import { stretchMs } from "./peer/rules.ts";

/** What brings a silent peer back to life: any traffic, or only the echo of a fresh nonce. */
export type Proof = "any" | "round-trip";

/** What users write. Durations in ms, from 1 to 2³¹−1. Everything not given has a default. */
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
  /** The first back-off of beats or dials to a dead peer; it doubles each time. Default `intervalMs`. */
  readonly backoffMinMs?: number | undefined;
  /** The longest back-off. Default 10 s, or `backoffMinMs` where that is longer. */
  readonly backoffMaxMs?: number | undefined;
  /** Dead peers are forgotten after this, at least max(30 s, 2 · deadAfterMs). Default: never. */
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
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  readonly forgetAfterMs?: number;
  readonly wishMs: number;
  readonly minGapMs: number;
  readonly floorMs: number;
  readonly maxGapMs: number;
  readonly detector: Detector;
}

const MAX_DURATION_MS = 2 ** 31 - 1;
const MIN_FORGET_MS = 30_000;

/** Dead within 6 s, for links where a second counts: data centres, games, control loops. */
export const strict: PolicyOptions = Object.freeze({
  intervalMs: 1_000,
  suspectAfterMs: 2_500,
  deadAfterMs: 5_200,
});

/** The default: dead within 10 s. */
export const standard: PolicyOptions = Object.freeze({
  intervalMs: 1_000,
  suspectAfterMs: 4_000,
  deadAfterMs: 8_800,
});

/** Dead within 30 s, for phones, idle connections and links that hiccup. */
export const relaxed: PolicyOptions = Object.freeze({
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
      `A policy must be an object (got ${String(options)}). Start from a preset: strict, standard or relaxed.`,
      options,
    );
  }
  const policy = withDefaults(options);
  checkNames(options, policy);
  checkNumbers(policy);
  checkRelations(policy);
  Object.freeze(policy);
  known.add(policy);
  return policy;
}

function withDefaults(options: PolicyOptions): Policy {
  const intervalMs = options.intervalMs ?? (standard.intervalMs as number);
  const suspectAfterMs = options.suspectAfterMs ?? (standard.suspectAfterMs as number);
  const deadAfterMs = options.deadAfterMs ?? (standard.deadAfterMs as number);
  const minSuspicionMs =
    options.minSuspicionMs ?? defaultMinSuspicionMs(suspectAfterMs, deadAfterMs);
  const backoffMinMs = options.backoffMinMs ?? intervalMs;
  const wishMs = options.wishMs ?? suspectAfterMs / 3;
  return {
    intervalMs,
    peerGapMs: options.peerGapMs ?? intervalMs,
    suspectAfterMs,
    deadAfterMs,
    minSuspicionMs,
    probeIntervalMs:
      options.probeIntervalMs ?? Math.min(intervalMs, Math.max(100, minSuspicionMs / 4)),
    jitter: options.jitter ?? 0.25,
    proof: options.proof ?? "any",
    returns: options.returns ?? "new-session",
    redial: options.redial ?? false,
    backoffMinMs,
    backoffMaxMs: options.backoffMaxMs ?? Math.max(10_000, backoffMinMs),
    ...(options.forgetAfterMs !== undefined && { forgetAfterMs: options.forgetAfterMs }),
    wishMs,
    minGapMs: options.minGapMs ?? Math.min(20, wishMs),
    floorMs: options.floorMs ?? Math.min(100, intervalMs),
    maxGapMs: options.maxGapMs ?? Math.max(60_000, suspectAfterMs),
    detector: options.detector ?? fixed,
  };
}

/** Half of what lies between; where nothing does, the relation is reported, not this number. */
function defaultMinSuspicionMs(suspectAfterMs: number, deadAfterMs: number): number {
  return deadAfterMs > suspectAfterMs ? (deadAfterMs - suspectAfterMs) / 2 : 1;
}

/** A misspelt name would silently be the default: the worst kind of configuration error. */
function checkNames(options: PolicyOptions, policy: Policy): void {
  for (const name of Object.keys(options)) {
    if (name in policy || name === "forgetAfterMs") continue;
    const near = Object.keys(policy).find((key) =>
      key.toLowerCase().startsWith(name.toLowerCase()),
    );
    throw new SystoleTypeError(
      "ERR_SYSTOLE_POLICY",
      `A policy has no option ${name}. ${near ? `Did you mean ${near}?` : `It has: ${Object.keys(policy).join(", ")}, forgetAfterMs.`}`,
      name,
    );
  }
}

function checkNumbers(policy: Policy): void {
  for (const [name, value] of Object.entries(policy)) {
    if (!name.endsWith("Ms")) continue;
    if (typeof value !== "number" || !(value > 0 && value <= MAX_DURATION_MS)) {
      fail(
        `${name} must be a number of ms above 0 and at most ${MAX_DURATION_MS} (got ${value}).`,
        value,
        "Give a finite duration in milliseconds.",
      );
    }
  }
  const { jitter, proof, returns, redial, detector } = policy;
  if (typeof jitter !== "number" || !(jitter >= 0 && jitter < 1)) {
    fail(`jitter must be from 0 to below 1 (got ${jitter}).`, jitter, "0.25 is a good value.");
  }
  choice("proof", proof, ["any", "round-trip"]);
  choice("returns", returns, ["new-session", "never"]);
  choice("redial", redial, [true, false]);
  choice("detector", typeof detector, ["function"]);
}

function checkRelations(policy: Policy): void {
  const { intervalMs, suspectAfterMs, deadAfterMs, minSuspicionMs, forgetAfterMs } = policy;
  exceed(
    policy,
    "suspectAfterMs",
    "intervalMs",
    `Raise suspectAfterMs above ${intervalMs}, three intervals are usual.`,
  );
  exceed(
    policy,
    "deadAfterMs",
    "suspectAfterMs",
    `Raise deadAfterMs above ${suspectAfterMs}, or start from the preset \`relaxed\`.`,
  );
  exceed(
    policy,
    "suspectAfterMs",
    "wishMs",
    `Lower wishMs below ${suspectAfterMs}, a third of it is usual.`,
  );
  reach(policy, "wishMs", "minGapMs", `Lower minGapMs to ${policy.wishMs}.`);
  reach(policy, "intervalMs", "floorMs", `Lower floorMs to ${intervalMs}.`);
  reach(policy, "maxGapMs", "wishMs", `Raise maxGapMs to ${policy.wishMs}.`);
  reach(policy, "backoffMaxMs", "backoffMinMs", `Raise backoffMaxMs to ${policy.backoffMinMs}.`);
  if (minSuspicionMs > deadAfterMs - suspectAfterMs) {
    fail(
      `minSuspicionMs must not exceed deadAfterMs − suspectAfterMs (got minSuspicionMs ${minSuspicionMs}, deadAfterMs ${deadAfterMs}, suspectAfterMs ${suspectAfterMs}).`,
      minSuspicionMs,
      `Lower minSuspicionMs to ${deadAfterMs - suspectAfterMs}, or leave it out.`,
    );
  }
  const least = leastForgetAfterMs(policy);
  if (forgetAfterMs !== undefined && forgetAfterMs < least) {
    fail(
      `forgetAfterMs must be at least max(30000, 2 · deadAfterMs) (got ${forgetAfterMs}, needed ${least}).`,
      forgetAfterMs,
      `Raise forgetAfterMs to ${least}: both sides of a cut must still know each other when it heals.`,
    );
  }
}

/** The shortest memory of a dead peer with which both sides of a healed partition find each other. */
export function leastForgetAfterMs(policy: Policy): number {
  return Math.max(MIN_FORGET_MS, 2 * policy.deadAfterMs);
}

type DurationName = Exclude<keyof Policy & `${string}Ms`, "forgetAfterMs">;

function exceed(policy: Policy, name: DurationName, other: DurationName, wayOut: string): void {
  if (policy[name] > policy[other]) return;
  fail(
    `${name} must exceed ${other} (got ${name} ${policy[name]}, ${other} ${policy[other]}).`,
    policy[name],
    wayOut,
  );
}

function reach(policy: Policy, name: DurationName, other: DurationName, wayOut: string): void {
  if (policy[name] >= policy[other]) return;
  fail(
    `${name} must be at least ${other} (got ${name} ${policy[name]}, ${other} ${policy[other]}).`,
    policy[name],
    wayOut,
  );
}

function choice(name: string, value: unknown, allowed: readonly unknown[]): void {
  if (allowed.includes(value)) return;
  const list = allowed.map((each) => JSON.stringify(each)).join(" or ");
  fail(`${name} must be ${list} (got ${String(value)}).`, value, "Leave it out for the default.");
}

function fail(message: string, value: unknown, wayOut: string): never {
  throw new SystoleRangeError("ERR_SYSTOLE_POLICY", `${message}\n${wayOut}`, value);
}

/** When our own loop is late by less than this, it is not a stall. */
export function stallToleranceMs(suspectAfterMs: number): number {
  return Math.min(100, suspectAfterMs / 8);
}

/** A judging monitor is served at least this often; a driver promises it. */
export function servedEveryMs(suspectAfterMs: number): number {
  return suspectAfterMs / 4;
}

/**
 * The longest a peer that fell silent can stay undeclared, in ms of observed time (time in which our
 * own process was not frozen): silence, the least suspicion, and ticks that were each as late as
 * they may be without counting as a stall of ours.
 *
 * @param lateMs how late a tick may be; default what a driver keeps, a quarter of `suspectAfterMs`
 * plus the stall tolerance. For a loop that ticks by hand: its period.
 * @param health local health 0..7 when suspicion begins; 0 is well.
 * @example
 * ```ts
 * deadAtMostMs(definePolicy(strict)); // 5925: "dead within 6 s"
 * ```
 */
export function deadAtMostMs(
  policy: Policy,
  lateMs: number = servedEveryMs(policy.suspectAfterMs) + stallToleranceMs(policy.suspectAfterMs),
  health = 0,
): number {
  const { suspectAfterMs, deadAfterMs, minSuspicionMs, detector } = policy;
  // A detector other than `fixed` may wait as long as the cap allows.
  const latestSuspicionMs = detector === fixed ? suspectAfterMs : deadAfterMs - minSuspicionMs;
  const stretch = stretchMs(health, suspectAfterMs, deadAfterMs);
  return Math.max(deadAfterMs, latestSuspicionMs + lateMs + minSuspicionMs) + stretch + lateMs;
}

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

/** A variant of a valid policy, made by us and therefore not checked again. */
export function derivePolicy(policy: Policy, changes: Partial<Policy>): Policy {
  const derived = Object.freeze({ ...policy, ...changes });
  known.add(derived);
  return derived;
}
