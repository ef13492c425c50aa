// Every scope: a system, what must not go on for ever in it, and within which bound it must end.

import type { Rule } from "./cycles.ts";
import { OnePeer, PAUSED, type Shape, STATUS_BITS } from "./one-peer.ts";
import type { System } from "./search.ts";
import { SETTINGS, type Setting } from "./settings.ts";
import { SHAPES } from "./shapes.ts";
import * as ends from "./two-ends.ts";
import { NAMES, type Name } from "./world.ts";

export interface Scope {
  readonly name: string;
  /** Only with `--all`. */
  readonly isLong: boolean;
  /** About how large it is, so that the largest begins first. */
  readonly weight: number;
  /** What is bounded, in words. */
  readonly bounds: string;
  readonly mostStates: number;
  /** What phases, jitter and back-offs are drawn from. */
  readonly draws: readonly number[];
  start(): System;
  readonly rules: readonly Rule[];
}

const WORDS: Readonly<Record<string, string>> = { policyChanges: "changes of policy" };

/** However often we are frozen, and whatever we send: who says nothing is given up. */
const SILENCE_ENDS: Rule = {
  name: "a silent peer is never given up, though time passes and somebody ticks",
  within: (traits) => (traits & 3) !== STATUS_BITS.dead && (traits & PAUSED) === 0,
  follows: (move) =>
    move === "time passes" || move === "sent" || /^(tick$|we are frozen)/.test(move),
  needs: [(move) => move === "tick", (move) => !/^(tick|sent)$/.test(move)],
};

const isFair = (move: string, traits: number): boolean => {
  if (/gets #\d+$/.test(move)) return true;
  if (move === "time passes") return (traits & (ends.QUIET | ends.BROKEN)) === ends.QUIET;
  return move.endsWith("thaws") || move.endsWith("heals") || / starts, /.test(move);
};

/** From wherever it went wrong: once frames arrive again and nobody fails any more, both are alive. */
const HEALS: Rule = {
  name: "two that want each other and whose frames arrive are not both alive",
  within: (traits) => (traits & ends.BOTH_ALIVE) === 0 && (traits & ends.WILLING) !== 0,
  follows: isFair,
  needs: [(move) => move === "time passes"],
};

/** Nothing of the other side arrives any more. */
const gaveUp = (name: Name): Rule => ({
  name: `nothing arrives at ${name}, and ${name} never gives up`,
  within: (traits) =>
    ((traits >> ends.SIDE_BITS[name]) & (ends.GAVE_UP | ends.DOWN | ends.FROZEN)) === 0,
  follows: (move) => !move.startsWith(`${name} `) || move.endsWith("changes its policy"),
  needs: [(move) => move === "time passes"],
});

export const SCOPES: readonly Scope[] = [
  ...SHAPES.map((shape) => ({
    name: `one peer: ${shape.name}`,
    isLong: shape.isLong ?? false,
    weight: (1 + shape.stalls.length) * shape.policies.length * shape.events.length,
    bounds: boundsOfPeer(shape),
    mostStates: 400_000,
    draws: shape.draws,
    start: () => new OnePeer(shape),
    rules: shape.role === "send" ? [] : [SILENCE_ENDS],
  })),
  ...SETTINGS.map((setting) => ({
    name: `two ends: ${setting.name}`,
    isLong: setting.isLong ?? false,
    weight: 100 * (setting.cuts + setting.crashes + setting.losses + setting.delays),
    bounds: boundsOfEnds(setting),
    mostStates: 400_000,
    draws: [0.75],
    start: () => new ends.TwoEnds(setting),
    rules: [HEALS, ...NAMES.map(gaveUp)],
  })),
];

function boundsOfPeer({ events, stalls, policies, draws }: Shape): string {
  const frozen = stalls.length > 0 ? `, frozen for ${stalls.join(" or ")} units` : "";
  const many = policies.length > 1 ? `, ${policies.length} policies` : "";
  return `${events.length} events${frozen}${many}${draws.length > 1 ? `, ${draws.length} draws` : ""}`;
}

function boundsOfEnds(setting: Setting): string {
  const counted = [
    ...(["losses", "delays", "doubles", "cuts", "crashes", "freezes", "leaves"] as const),
    ...(["policyChanges", "forgeries"] as const),
  ].filter((bound) => setting[bound] > 0);
  const faults = counted.map((bound) => `${setting[bound]} ${WORDS[bound] ?? bound}`);
  return [`${setting.inFlight} in flight each way`, ...faults].join(", ");
}
