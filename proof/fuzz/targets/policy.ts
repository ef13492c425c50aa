// Settings: whatever somebody writes is a policy that keeps its promises, or an error that says what is
// wrong with it. The same at the door of an endpoint.

import { deadAtMostMs } from "../../../packages/core/src/bounds.ts";
import { definePolicy } from "../../../packages/core/src/define-policy.ts";
import { createEndpoint } from "../../../packages/core/src/endpoint/endpoint.ts";
import { createMonitor } from "../../../packages/core/src/monitor/monitor.ts";
import type { Policy } from "../../../packages/core/src/policy.ts";
import {
  derivePolicy,
  samePolicy,
  scalePolicy,
} from "../../../packages/core/src/policy-variants.ts";
import { Reader } from "../reader.ts";
import { must, type Target } from "../target.ts";

const NAMES = [
  ...["intervalMs", "peerGapMs", "suspectAfterMs", "deadAfterMs", "minSuspicionMs"],
  ...["probeIntervalMs", "jitter", "proof", "returns", "redial", "solicits", "backoffMinMs"],
  ...["backoffMaxMs", "forgetAfterMs", "wishMs", "minGapMs", "floorMs", "maxGapMs", "detector"],
  ...["shadow", "interval", "toString", "__proto__", "constructor", "", "0"],
];
const ENDPOINT_NAMES = [
  ...["id", "policy", "role", "transport", "maxMessageBytes", "limits", "sealing", "seed"],
  ...["stallToleranceMs", "authenticate", "accept", "host", "send", "emit", "acceptBeacon"],
];
const LIMITS = [
  ...["peers", "tombstones", "candidates", "handshakeMs", "strangersPerSecond", "movesPerMinute"],
];

/** Values at and around what is allowed, and of every kind that a program can hold. */
const VALUES: readonly unknown[] = [
  ...[1_000, 4_000, 8_800, 30_000, 60_000, 100, 20, 5_000, 375, 0.25, 0, -0, 1, -1, 0.999, 1.001],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, Number.MIN_VALUE, 1e-300, Number.EPSILON, 1e308],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, undefined, null, true, false],
  ...[
    "any",
    "round-trip",
    "new-session",
    "never",
    "1000",
    "",
    "both",
    "send",
    "listen",
    "datagram",
  ],
  ...["stream", "message", "x".repeat(129), "\ud800", "worker-7"],
  ...[
    5n,
    0n,
    Symbol("wrong"),
    Symbol.iterator,
    [],
    [1_000],
    {},
    { valueOf: () => 2_000 },
    new Date(0),
  ],
  ...[
    Object.create(null),
    () => 3_000,
    { learn: () => {}, size: 2 },
    { learn: () => {}, size: 0.5 },
  ],
  ...[
    { learn: 1, size: 1 },
    { sealBytes: 20, seal: () => {}, open: () => "opened" },
  ],
];

/** What is needed to make an endpoint at all. */
const BASE = {
  id: "worker-7",
  host: { now: () => 0, entropy: () => 7, epochMs: () => 1_767_225_600_000 },
  send: () => true,
  emit: () => {},
};

export const policy: Target = {
  name: "policy",
  promise:
    "any options are a policy whose relations and bounds hold, and that defines itself again, or an error with a code",
  sources: ["define-policy.ts", "bounds.ts", "errors.ts", "endpoint/options.ts"],
  maxBytes: 120,
  dictionary: [2.5, 1_000, 2_999.999, 1e9].map((value) => Uint8Array.of(255, ...bits(value))),
  lifetime: 1,
  // First what is made, then names and values; 255 is a number of its own, bit by bit, 224 one that follows.
  seeds: () => [
    Uint8Array.of(0, 2, 1, 3, 2, 4, 224, 2, 2),
    Uint8Array.of(0, 14, 224, 2, 2, 15, 224, 1, 3),
    ...VALUES.map((_, n) => Uint8Array.of(0, n % NAMES.length, n)),
    ...NAMES.map((_, n) => Uint8Array.of(0, n, 0, 2, 1, 3, 2)),
    ...ENDPOINT_NAMES.map((_, n) => Uint8Array.of(1, n, 2 + 5 * n)),
    ...VALUES.map((_, n) => Uint8Array.of(2, n)),
    ...LIMITS.map((_, n) => Uint8Array.of(3, n, 12)),
    Uint8Array.of(0, 0, 255, ...bits(250), 2, 255, ...bits(900), 3, 255, ...bits(1_800)),
  ],
  begin: () => (input) => {
    const reader = new Reader(input, 1);
    const kind = (input[0] ?? 0) & 3;
    if (kind === 0) checkPolicy(objectOf(reader, NAMES, 8));
    else if (kind === 2) checkPolicy(valueFrom(reader));
    else if (kind === 1) checkEndpoint({ ...BASE, ...objectOf(reader, ENDPOINT_NAMES, 3) });
    else checkEndpoint({ ...BASE, limits: objectOf(reader, LIMITS, 3) });
  },
};

function bits(value: number): Uint8Array {
  return new Uint8Array(Float64Array.of(value).buffer);
}

function objectOf(reader: Reader, names: readonly string[], most: number): object {
  const object = {};
  const before = [4_000, 8_800];
  for (let n = 0; n < most && !reader.isAtEnd; n++) {
    const [key, value] = [reader.oneOf(names), valueFrom(reader, before)];
    if (typeof value === "number") before.push(value);
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true });
  }
  return object;
}

/** Relations are about numbers that are near each other: one that follows from the two before it. */
function following(reader: Reader, [one = 0, other = 0]: readonly number[]): number {
  const roots = [one, other, other - one, other / 2, other / 3, 2 * other];
  return reader.oneOf(roots) + reader.oneOf([0, 0, 1, -1, 0.5, -0.5]);
}

function valueFrom(reader: Reader, before: readonly number[] = []): unknown {
  const which = reader.byte();
  if (which >= 224 && which < 255) return following(reader, before.slice(-2));
  if (which !== 255) return VALUES[which % VALUES.length];
  const number = new Uint8Array(8);
  number.set(reader.bytes(8));
  return new Float64Array(number.buffer)[0];
}

// ── what must hold ───────────────────────────────────────────────────────────────────────────────

/** What a body gives; undefined where it refused with a code, which is the only way to refuse. */
function orRefusal<Result>(body: () => Result): Result | undefined {
  try {
    return body();
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const isOurs = typeof code === "string" && code.startsWith("ERR_SYSTOLE_");
    must(isOurs && typeof message === "string", () => `an error without a code: ${error}`);
    // What is wrong, and behind it the way out.
    must(/\S\n?.*\.$/s.test(message as string), () => `a message without an end: ${message}`);
    return undefined;
  }
}

function checkEndpoint(options: object): void {
  orRefusal(() => createEndpoint(options as Parameters<typeof createEndpoint>[0]).close());
}

function checkPolicy(options: unknown): void {
  const defined = orRefusal(() => definePolicy(options as object));
  if (defined === undefined) return;
  checkRelations(defined);
  for (const [name, value] of Object.entries(options ?? {})) {
    const isKept = value === undefined || Object.is(defined[name as keyof Policy], value);
    must(isKept, () => `${name} was given as ${String(value)}`);
    must(Object.hasOwn(defined, name) || value === undefined, () => `${name} is no option`);
  }
  must(Object.isFrozen(defined), () => "a policy that may change");
  must(definePolicy(defined) === defined, () => "defined again it is another one");
  must(samePolicy(definePolicy({ ...defined }), defined), () => "a copy of it is another one");
  const [one, other] = [0, 0].map((jitter) => derivePolicy(defined, { jitter }));
  must(one === other, () => "two variants that are alike");
  checkRelations(scalePolicy(defined, 60));
  // It takes a monitor, so not always; but always of the same ones.
  if (Math.floor(defined.deadAfterMs + defined.wishMs) % 4 === 0) checkBounds(defined);
}

function checkRelations(p: Policy): void {
  const durations = Object.entries(p).filter(([name]) => name.endsWith("Ms"));
  const holds = [
    ...durations.map(([, ms]) => typeof ms === "number" && ms > 0 && Number.isFinite(ms)),
    p.suspectAfterMs > p.intervalMs || p.suspectAfterMs > p.wishMs,
    p.deadAfterMs > p.suspectAfterMs && p.suspectAfterMs > p.wishMs,
    p.wishMs >= p.minGapMs && p.intervalMs >= p.floorMs && p.maxGapMs >= p.wishMs,
    p.backoffMaxMs >= p.backoffMinMs && p.jitter >= 0 && p.jitter < 1,
    // Scaled, both sides are rounded.
    p.minSuspicionMs <= (p.deadAfterMs - p.suspectAfterMs) * (1 + 1e-9),
  ];
  must(
    !holds.includes(false),
    () => `rule ${holds.indexOf(false)} is broken by ${JSON.stringify(p)}`,
  );
}

/** Suspect not before S, dead not before D, and both by the time that was promised. */
function checkBounds(policy: Policy): void {
  // Below what is promised to work, numbers are too coarse to tell before from after.
  if (typeof policy.detector !== "function" || policy.suspectAfterMs < 1) return;
  let now = 0;
  const monitor = createMonitor({ host: { now: () => now }, policy, emit: () => {}, seed: 1 });
  const peer = monitor.add("peer", { role: "listen" });
  monitor.heard(peer, { proof: true });
  const statusAt = (at: number) => {
    now = at;
    monitor.tick();
    return monitor.status(peer);
  };
  const { suspectAfterMs, deadAfterMs, minSuspicionMs } = policy;
  const isFixed = policy.detector.name === "fixed";
  const early = isFixed ? statusAt(suspectAfterMs * (1 - 1e-9)) : "alive";
  must(early === "alive", () => `${early} before suspectAfterMs`);
  const latest = statusAt(Math.max(suspectAfterMs, deadAfterMs - minSuspicionMs));
  must(latest === "suspect", () => `${latest} when suspicion is due`);
  const before = statusAt(Math.max(now, deadAfterMs * (1 - 1e-9)));
  must(before === "suspect" || now >= deadAfterMs, () => `${before} before deadAfterMs`);
  // Ticked by hand, at the two instants that matter: nothing was late but what one tick was.
  const boundMs = deadAtMostMs(policy, Math.max(0, deadAfterMs - minSuspicionMs - suspectAfterMs));
  const last = statusAt(Math.max(now, boundMs));
  must(last === "dead", () => `${last} at ${boundMs} of silence`);
}
