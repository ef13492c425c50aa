// What one peer must send, and when: that no beat is forgotten or early, that a suspect is asked, and who is left alone.

import type { PeerState } from "../../packages/core/src/peer/state.ts";
import type { Policy } from "../../packages/core/src/policy.ts";
import type { Ledger, Step } from "./ledger.ts";

/** Beats: who sends them, that none is forgotten, and that a suspect is asked. */
export function complainOfBeats(step: Step, { quietMs }: Ledger, what: string): string | undefined {
  const { before, event, after, outputs, policy, mostDraw } = step;
  const { role, status, beatDueAt = Number.POSITIVE_INFINITY } = after;
  const { intervalMs, probeIntervalMs, backoffMinMs, backoffMaxMs, redial } = policy;
  const paceMs = Math.min(intervalMs / 4, 250);
  const sends = outputs.some((output) => output.type === "beat" || output.type === "dial");
  const isTick = event.type === "tick";
  if (sends && !isTick) return `${what}: sent something without a tick`;
  const wasDue = isTick && (before.beatDueAt ?? 1) <= 0 && before.status === after.status;
  // With `solicits` a beat that fell due may turn out to have been answered meanwhile.
  if (wasDue && !sends && (before.paced || !after.paced) && !policy.solicits) {
    return `${what}: a beat that was due is lost`;
  }
  if (role === "listen" && !redial && (sends || beatDueAt < 1e9))
    return `${what}: a listener beats`;
  if (role !== "both") return undefined;
  const asks = outputs.some((output) => output.type === "beat" && output.probe);
  if (status === "suspect" && before.status === "alive" && !asks)
    return `${what}: nobody was asked`;
  // The first beat of a life comes at a random phase.
  const isBorn = before.status === "connecting" && status === "alive";
  const phaseMs = mostDraw * intervalMs;
  const latestMs = {
    connecting: Math.max(paceMs, Math.min(probeIntervalMs, intervalMs)),
    suspect: Math.max(paceMs, Math.min(probeIntervalMs, intervalMs)),
    alive: Math.max(paceMs, isBorn ? phaseMs : policy.solicits ? intervalMs : intervalMs - quietMs),
    dead: backoffMaxMs + backoffMinMs,
  }[status];
  const isLeftAlone = status === "dead" && after.forgetAt === undefined && !isAsked(after, policy);
  if (isLeftAlone && beatDueAt < 1e9) return `${what}: who is to be left alone is asked`;
  const mustBeat = status !== "dead" || isAsked(after, policy);
  const isForgotten =
    outputs.some((output) => output.type === "forget") || after.beatDueAt === undefined;
  if (mustBeat && !(status === "dead" && isForgotten) && beatDueAt > latestMs) {
    return `${what}: the next beat is in ${beatDueAt} ms, not within ${latestMs}`;
  }
  return undefined;
}

function isAsked({ reason = "closed" }: PeerState, { redial }: Policy): boolean {
  if (reason === "replaced") return false;
  return redial || ["silence", "unreachable", "duplicate-id", "incompatible"].includes(reason);
}

/** Where beats ask for life one is due when either clock is an interval old. */
export function complainOfIdleness(
  { before, event, after, outputs, policy }: Step,
  { quietMs, heardAgoMs }: Ledger,
  what: string,
): string | undefined {
  const isAlive = before.status === "alive" && after.status === "alive";
  if (!policy.solicits || !isAlive || before.role !== "both") return undefined;
  const { beatDueAt: wasDueAt = 0 } = before;
  const { beatDueAt: dueAt = 0 } = after;
  const isOwed = event.type === "tick" && wasDueAt <= 0 && outputs.length === 0;
  const isIdle = Math.max(quietMs, heardAgoMs) >= policy.intervalMs;
  if (isOwed && isIdle && (before.paced || !after.paced))
    return `${what}: a beat that was due is put off`;
  const latestMs = Math.max(wasDueAt, policy.intervalMs - heardAgoMs);
  if (event.type === "sent" && dueAt > latestMs)
    return `${what}: puts our question off to ${dueAt}, beyond ${latestMs}`;
  return undefined;
}
