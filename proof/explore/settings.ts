// The small settings in which two endpoints are explored, each with its bounds.

import type { Setting } from "./two-ends.ts";

const UNIT = 100;
/** A beat a unit, S three, M one, D five; a probe and the first back-off a unit, the longest two. */
const policy = {
  intervalMs: UNIT,
  suspectAfterMs: 3 * UNIT,
  deadAfterMs: 5 * UNIT,
  minSuspicionMs: UNIT,
  probeIntervalMs: UNIT,
  jitter: 0,
  backoffMinMs: UNIT,
  backoffMaxMs: 2 * UNIT,
};

const calm: Omit<Setting, "name"> = {
  unitMs: UNIT,
  policies: { a: policy, b: policy },
  inFlight: 2,
  delays: 0,
  losses: 0,
  doubles: 0,
  crashes: 0,
  clocks: ["ahead"],
  freezes: 0,
  frozenFor: 0,
  leaves: 0,
  policyChanges: 0,
  cuts: 0,
};

const settled = { ...calm, settled: true };
/** S two units instead of three, a beat every second one: shorter and slower, both. */
const otherPolicy = {
  ...policy,
  intervalMs: 2 * UNIT,
  suspectAfterMs: 4 * UNIT,
  deadAfterMs: 6 * UNIT,
  wishMs: 2 * UNIT,
};

export const SETTINGS: readonly Setting[] = [
  { ...calm, name: "they meet, frames in any order" },
  { ...calm, name: "they meet, a frame is lost", losses: 1 },
  { ...calm, name: "they meet, a frame is late", delays: 1 },
  { ...calm, name: "they meet, a frame comes twice", doubles: 1 },
  { ...settled, name: "four frames are lost", losses: 4 },
  { ...settled, name: "one is lost, one late", losses: 1, delays: 1, isLong: true },
  { ...settled, name: "the network is cut", cuts: 1, isLong: true },
  {
    ...settled,
    name: "one crashes, its clock is set back",
    crashes: 1,
    clocks: ["equal"],
    isLong: true,
  },
  {
    ...settled,
    name: "one crashes, with any clock",
    crashes: 1,
    clocks: ["ahead", "equal", "behind"],
    isLong: true,
  },
  { ...settled, name: "one crashes, a frame comes twice", crashes: 1, doubles: 1, isLong: true },
  { ...settled, name: "one crashes twice", crashes: 2, isLong: true },
  { ...settled, name: "one is frozen", freezes: 1, frozenFor: 6 },
  { ...settled, name: "one leaves", leaves: 1 },
  { ...settled, name: "one leaves, a frame is lost", leaves: 1, losses: 1, isLong: true },
  { ...settled, name: "a policy changes", otherPolicy, policyChanges: 2 },
  {
    ...settled,
    name: "a policy changes, a frame is lost",
    otherPolicy,
    policyChanges: 1,
    losses: 1,
  },
  {
    ...settled,
    name: "one only listens, frames are lost",
    roles: { a: "both", b: "listen" },
    losses: 3,
  },
  {
    ...settled,
    name: "one only sends, frames are lost",
    roles: { a: "both", b: "send" },
    losses: 3,
  },
  { ...calm, name: "they meet, two frames are lost", losses: 2, isLong: true },
  { ...calm, name: "they meet, one crashes", crashes: 1, isLong: true },
  { ...settled, name: "the network is cut twice", cuts: 2, isLong: true },
];
