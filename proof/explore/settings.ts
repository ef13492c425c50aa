// The small settings in which two endpoints are explored, each with its bounds.

import type { Role } from "../../packages/core/src/peer/state.ts";
import type { PolicyOptions } from "../../packages/core/src/policy.ts";
import { policyOf, UNIT } from "./policies.ts";
import type { Name } from "./world.ts";

/** What may happen, and how often. */
export interface Bounds {
  /** Frames on their way to one side; what is sent beyond is lost. */
  readonly inFlight: number;
  /** How often a frame is still on its way when time passes, over all frames. */
  readonly delays: number;
  readonly losses: number;
  readonly doubles: number;
  /** For how many units a copy is under way at most; default for ever. */
  readonly copiesFor?: number;
  readonly crashes: number;
  /** How the wall clock of a restarted process relates to that of the one before. */
  readonly clocks: readonly ("ahead" | "equal" | "behind")[];
  readonly freezes: number;
  /** For how many units one may last. */
  readonly frozenFor: number;
  readonly leaves: number;
  readonly policyChanges: number;
  /** The network is cut for as long as it likes, in one direction or both. */
  readonly cuts: number;
  /** Frames that nobody sent. */
  readonly forgeries: number;
}

export interface Setting extends Bounds {
  readonly name: string;
  readonly unitMs: number;
  /** Twice every D and more: what is older than that does not count any longer, whatever it is. */
  readonly oldestUnits: number;
  readonly policies: Readonly<Record<Name, PolicyOptions>>;
  /** What `policyChanges` change to and back from. */
  readonly otherPolicy?: PolicyOptions;
  readonly roles?: Readonly<Record<Name, Role>>;
  /** Which of them may crash, leave, freeze or change its policy; default both. */
  readonly troubled?: readonly Name[];
  /** To whom frames are lost when the network is cut; default either, and both. */
  readonly cutTo?: Name | "both";
  /** Ticks of theirs are always so many units apart, and frames are read only then. */
  readonly wakesEvery?: Partial<Record<Name, number>>;
  /** Who was frozen may say so, and exaggerate. */
  readonly reports?: boolean;
  /** Who crashed stays away for ever. */
  readonly staysDown?: boolean;
  /** b knows a only once it comes, and accepts it. */
  readonly accepts?: boolean;
  /** Faults begin once both are alive and settled, not while they meet. */
  readonly settled?: boolean;
  /** Only with `--all`. */
  readonly isLong?: boolean;
}

/**
 * S four units, M one, D six. Any back-off is three, by the one draw there is: how it grows is one peer's matter. A
 * driver promises to be back within S/4: a tick a unit keeps that.
 */
const policy = policyOf(4, 6, [4, 4]);

const calm: Omit<Setting, "name"> = {
  unitMs: UNIT,
  oldestUnits: 15,
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
  forgeries: 0,
};

const settled = { ...calm, settled: true };
/** Slower, and more patient: changed to and back, each is once the longer and once the shorter. */
const otherPolicy = {
  ...policy,
  intervalMs: 2 * UNIT,
  suspectAfterMs: 5 * UNIT,
  deadAfterMs: 7 * UNIT,
  wishMs: 2 * UNIT,
};

/** A driver promises to be back within two units, and may be one late. */
const patient = policyOf(8, 12, [4, 4]);
/** One of the two wakes late, always, and the other falls silent for good. */
const alwaysLate = {
  ...settled,
  // Who beats as late as it wakes says so, and waits longer itself.
  roles: { a: "both", b: "listen" },
  inFlight: 4,
  wakesEvery: { b: 3 },
  oldestUnits: 60,
  crashes: 1,
  troubled: ["a"],
  staysDown: true,
} as const;
/** Nobody is forgotten sooner than after half a minute, nor after less than twice D. */
const LONG_UNIT = 3_000;
const forgetful = policyOf(4, 5, [4, 4], LONG_UNIT);

export const SETTINGS: readonly Setting[] = [
  { ...calm, name: "they meet, frames in any order" },
  { ...calm, name: "they meet, a frame is lost", losses: 1 },
  { ...calm, name: "they meet, a frame is late", delays: 1 },
  { ...calm, name: "they meet, a frame comes twice", doubles: 1 },
  { ...settled, name: "five frames are lost", losses: 5 },
  { ...settled, name: "two are lost, two late", losses: 2, delays: 2 },
  {
    ...settled,
    name: "one crashes, its clock is set back",
    crashes: 1,
    troubled: ["b"],
    clocks: ["equal"],
  },
  { ...settled, name: "one is frozen", freezes: 1, frozenFor: 8 },
  {
    ...settled,
    name: "one is frozen and says so",
    freezes: 1,
    frozenFor: 3,
    troubled: ["b"],
    reports: true,
  },
  { ...settled, name: "one leaves", leaves: 1 },
  { ...settled, name: "frames are forged", forgeries: 2, losses: 1 },
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
    losses: 4,
  },
  {
    ...settled,
    name: "one only sends, frames are lost",
    roles: { a: "both", b: "send" },
    losses: 5,
  },
  { ...alwaysLate, name: "one always wakes late, the other falls silent" },
  {
    ...alwaysLate,
    name: "one always wakes as late as it may",
    policies: { a: patient, b: patient },
  },
  {
    ...settled,
    name: "one came by itself, and is forgotten",
    unitMs: LONG_UNIT,
    policies: { a: forgetful, b: forgetful },
    accepts: true,
    crashes: 1,
    troubled: ["a"],
    staysDown: true,
  },
  { ...settled, name: "the network is cut one way", cuts: 1, cutTo: "b" },
  { ...settled, name: "the network is cut both ways", cuts: 1, cutTo: "both" },
  {
    ...settled,
    name: "the network is cut one way, a frame comes twice",
    cuts: 1,
    cutTo: "b",
    doubles: 1,
    copiesFor: 4,
    isLong: true,
  },
  { ...settled, name: "seven frames are lost", losses: 7, isLong: true },
  {
    ...settled,
    name: "one crashes, with any clock",
    crashes: 1,
    troubled: ["b"],
    clocks: ["ahead", "equal", "behind"],
    isLong: true,
  },
  {
    ...settled,
    name: "one crashes, its clock is set back, a frame comes twice",
    crashes: 1,
    troubled: ["b"],
    clocks: ["equal"],
    doubles: 1,
    copiesFor: 2,
    isLong: true,
  },
  {
    ...settled,
    name: "one crashes, a frame comes twice",
    crashes: 1,
    troubled: ["b"],
    doubles: 1,
    copiesFor: 4,
    isLong: true,
  },
  { ...settled, name: "one crashes twice", crashes: 2, troubled: ["b"], isLong: true },
  { ...settled, name: "one leaves, a frame is lost", leaves: 1, losses: 1, isLong: true },
  { ...settled, name: "one leaves, a frame is late", leaves: 1, delays: 1, isLong: true },
  { ...calm, name: "they meet, two frames are lost", losses: 2, isLong: true },
  { ...calm, name: "they meet, one crashes", crashes: 1, isLong: true },
];
