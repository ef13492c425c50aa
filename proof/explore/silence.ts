// The silence that one side may hold against the other, added up from what happened instead of subtracted from
// instants: time in which it ran counts, and of each stall that it noticed only a part. What it calls a stall
// must be one, and one that it had must be noticed.

import type { Policy } from "../../packages/core/src/policy.ts";
import { insist } from "./search.ts";
import { hubOf, type Notes, type Side, stallsOf } from "./world.ts";

/** Longer than any verdict takes. */
const LONGEST_UNITS = 60;

/** Of each stall so much counts after all: half the S of the policy that the process began with. */
function graceMsOf({ endpoint }: Side): number {
  return endpoint ? stallsOf(hubOf(endpoint)).graceMs : 0;
}

/** A promise is a quarter of S; up to half of that too late is not a stall yet. */
function toleratedMs({ suspectAfterMs }: Policy): number {
  return suspectAfterMs / 4 + Math.min(100, suspectAfterMs / 8);
}

/** A unit passes for a side, running or frozen. */
export function passed({ notes, frozen }: Side, ms: number): void {
  if (frozen >= 0) notes.frozenMs += ms;
  else add(notes, ms, ms, LONGEST_UNITS * ms);
}

function add(notes: Notes, observedMs: number, creditedMs: number, mostMs = Infinity): void {
  const most = (ms: number) => Math.max(0, Math.min(ms, mostMs));
  notes.silentMs = most(notes.silentMs + observedMs);
  notes.creditedMs = most(notes.creditedMs + creditedMs);
  notes.doubtedMs = most(notes.doubtedMs + observedMs);
  notes.doubtedCreditedMs = most(notes.doubtedCreditedMs + creditedMs);
}

/** Something counted, or a session began. */
export function endSilence(notes: Notes): void {
  notes.silentMs = notes.creditedMs = 0;
}

export function beginDoubt(notes: Notes): void {
  notes.doubtedMs = notes.doubtedCreditedMs = -notes.frozenMs;
}

/** What it was frozen for counts as well, unless it says first that it was. */
export function silenceOf(side: Side): number {
  const { silentMs, creditedMs, frozenMs } = side.notes;
  return frozenMs + Math.max(silentMs, creditedMs - graceMsOf(side));
}

export function doubtOf(side: Side): number {
  const { doubtedMs, doubtedCreditedMs, frozenMs } = side.notes;
  return frozenMs + Math.max(doubtedMs, doubtedCreditedMs - graceMsOf(side));
}

/** It says that it was frozen. Besides that a stall takes in the unit in which it was served last, at most. */
export function checkStall(
  side: Side,
  stallMs: number,
  policy: Policy | undefined,
  unitMs: number,
): void {
  const { notes, name } = side;
  const { frozenMs } = notes;
  insist(
    frozenMs > 0 && stallMs <= frozenMs + unitMs,
    name,
    () => `says it was frozen for ${stallMs} ms, and it was for ${frozenMs}`,
  );
  const noneMs = policy ? toleratedMs(policy) : 0;
  insist(stallMs > noneMs, name, () => `calls ${stallMs} ms a stall, and ${noneMs} are none`);
  const ranMs = frozenMs - stallMs;
  add(notes, ranMs, ranMs + Math.min(stallMs, graceMsOf(side)));
  notes.frozenMs = 0;
}

/** It was served, and said nothing of a stall: so what it was frozen for was none. `judging` is what it judged by. */
export function served(side: Side, judging: Policy | undefined): void {
  const { notes, name } = side;
  const { frozenMs } = notes;
  if (frozenMs === 0) return;
  const isNone = !judging || frozenMs <= toleratedMs(judging);
  insist(isNone, name, () => `was frozen for ${frozenMs} ms, and did not notice`);
  add(notes, frozenMs, frozenMs);
  notes.frozenMs = 0;
}
