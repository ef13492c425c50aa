// The small set of policies under which one peer is explored, each with what may happen to it.

import type { EventName, Shape } from "./one-peer.ts";
import { policyOf, UNIT } from "./policies.ts";

/** S is two steps, D four, M one; the first back-off takes one, the longest two. */
const policy = policyOf(2, 4, [1, 2]);
/** Nobody is forgotten sooner than after half a minute. */
const LONG_UNIT = 3_000;
const slower = {
  ...policy,
  suspectAfterMs: 3 * UNIT,
  deadAfterMs: 5 * UNIT,
  minSuspicionMs: 2 * UNIT,
};

const basics: readonly EventName[] = ["tick", "sent", "ended: closed", "dial"];
const frames: readonly EventName[] = [
  "heard",
  "heard the next frame",
  "heard a frame after a gap",
  "heard the last frame again",
  "heard an overtaken frame",
];
const proofs: readonly EventName[] = [
  "heard the echo of a nonce as old as D",
  "heard the echo of an older nonce",
  "proven by a nonce of now",
  "proven by a nonce of when the doubt began",
  "proven by a nonce from before the doubt",
  "proven by the last frame again",
];
const endings: readonly EventName[] = [
  "ended: it left",
  "ended: we left",
  "ended: replaced",
  "ended: incompatible",
];
const pauses: readonly EventName[] = ["pause", "resume", "tick while all is paused"];
const health: readonly EventName[] = ["tick in bad health"];
const other: readonly EventName[] = ["the other policy"];

const base = { unitMs: UNIT, role: "both", policies: [policy], stalls: [], draws: [0.75] } as const;

export const SHAPES: readonly Shape[] = [
  { ...base, name: "any traffic is life", events: [...basics, ...frames] },
  { ...base, name: "our own health is bad", events: [...basics, "heard", ...endings, ...health] },
  {
    ...base,
    name: "only round trips are life",
    policies: [{ ...policy, proof: "round-trip" }],
    events: ["tick", "sent", "heard", "ended: closed", "dial", ...proofs],
  },
  {
    ...base,
    name: "we are frozen",
    stalls: [1, 3],
    events: [...basics, "heard"],
  },
  {
    ...base,
    name: "paused in doubt",
    events: ["tick", "heard", "pause", "resume"],
  },
  {
    ...base,
    name: "paused",
    isLong: true,
    stalls: [2],
    events: ["tick", "heard", "ended: closed", "dial", ...pauses],
  },
  {
    ...base,
    name: "paused, while round trips are life",
    isLong: true,
    policies: [{ ...policy, proof: "round-trip" }],
    events: ["tick", "heard", "proven by a nonce of now", "dial", ...pauses],
  },
  {
    ...base,
    name: "the policy changes",
    policies: [policy, slower],
    events: [...basics, "heard", ...other, ...endings],
  },
  {
    ...base,
    name: "half an interval a step, jitter",
    draws: [0.25, 0.75],
    policies: [
      {
        ...policy,
        intervalMs: 2 * UNIT,
        suspectAfterMs: 3 * UNIT,
        deadAfterMs: 6 * UNIT,
        minSuspicionMs: 2 * UNIT,
        jitter: 0.25,
      },
    ],
    events: [...basics, "heard", "ended: incompatible"],
  },
  {
    ...base,
    name: "beats ask for life, dead are dialled",
    policies: [{ ...policy, solicits: true, redial: true }],
    events: [...basics, "heard", ...endings],
  },
  {
    ...base,
    name: "we only send",
    role: "send",
    stalls: [3],
    events: [...basics, "heard", ...endings, "pause", "resume"],
  },
  {
    ...base,
    name: "we only listen",
    role: "listen",
    policies: [{ ...policy, proof: "round-trip" }],
    events: [...basics, "heard", "proven by a nonce of now", ...endings],
  },
  {
    ...base,
    name: "the dead are forgotten",
    isLong: true,
    unitMs: LONG_UNIT,
    policies: [
      { ...policyOf(2, 4, [1, 2], LONG_UNIT), forgetAfterMs: 10 * LONG_UNIT },
      policyOf(2, 4, [1, 2], LONG_UNIT),
    ],
    events: [...basics, "heard", "ended: incompatible", ...other],
  },
];
