// What one peer must do, said a second time: the rules are read off the status table, not off the code, and silence
// off the ledger. Every step is held against them.

import type { Status } from "../../packages/core/src/peer/state.ts";
import type { Ledger, Step } from "./ledger.ts";
import { complainOfBeats, complainOfIdleness } from "./ledger-beats.ts";

/** Holds a step against the rules: what is kept from then on, or what is wrong. */
export function checkStep(
  step: Step,
  ledger: Ledger,
  graceMs: number,
): readonly [Ledger, string | undefined] {
  const { before, event, after } = step;
  const expected = expect(step, ledger, graceMs);
  const heard = expected.counts;
  const entered = expected.status !== before.status;
  const next: Ledger = { ...ledger };
  const write = next as { -readonly [Name in keyof Ledger]: Ledger[Name] };
  if (heard || (before.status === "dead" && entered)) {
    write.silentMs = write.silentCreditedMs = 0;
    write.heardAgoMs = heard ? 0 : -1;
  }
  if (entered && after.status === "suspect") {
    write.doubtedMs = write.doubtedCreditedMs = write.provesMs = 0;
    write.stretchMs = expected.stretchMs;
  }
  if (entered && after.status === "dead") write.provesMs = 0;
  if (entered && after.status === "alive" && before.status === "connecting") write.quietMs = 0;
  if (after.status === "alive" || after.status === "dead") write.doubtedMs = 0;
  if (after.status !== "suspect") write.doubtedCreditedMs = write.stretchMs = 0;
  if (after.status === "alive") write.provesMs = 0;
  if (after.status === "alive" && entered && ledger.livedMs < 0) write.livedMs = 0;
  if (after.status === "dead" || after.retries === 0) write.livedMs = -1;
  if (after.status === "dead") {
    write.silentMs = write.silentCreditedMs = 0;
    write.heardAgoMs = -1;
  }
  const isSent = step.outputs.some((output) => output.type === "beat");
  const isUnsent = event.type === "policy" && after.sentAt === undefined;
  if (event.type === "sent" || isSent || isUnsent || after.status !== "alive") write.quietMs = 0;
  if (before.status === "suspect" && after.status === "alive") {
    write.quietMs = -Math.min(0, after.sentAt ?? 0);
  }
  return [next, complain(step, next, ledger, expected)];
}

interface Expected {
  readonly status: Status;
  /** Whether a frame counts as a sign of life. */
  readonly counts: boolean;
  readonly stretchMs: number;
}

function expect(step: Step, ledger: Ledger, graceMs: number): Expected {
  const { before, event, policy } = step;
  const { status } = before;
  const same = { status, counts: false, stretchMs: ledger.stretchMs };
  switch (event.type) {
    case "heard":
    case "proven":
      return { ...same, ...hear(step, ledger) };
    case "tick": {
      const judges = event.judging !== false && before.role !== "send" && status !== "dead";
      if (!judges || before.pausedObservedAt !== undefined) return same;
      const { health = 0 } = event;
      const stretchMs = (2 * (policy.deadAfterMs - policy.suspectAfterMs) * health) / 7;
      if (!isExpired(step, ledger, graceMs)) return same;
      if (status === "alive") return { ...same, status: "suspect", stretchMs };
      return { ...same, status: "dead" };
    }
    case "ended":
      return { ...same, status: "dead" };
    case "dial":
      return { ...same, status: status === "dead" ? "connecting" : status };
    default:
      return same;
  }
}

function hear(
  { before, event, policy }: Step,
  ledger: Ledger,
): Pick<Expected, "status" | "counts"> {
  const { status, arrivals } = before;
  if (event.type !== "heard" && event.type !== "proven") return { status, counts: false };
  const nothing = { status, counts: false };
  if (status === "dead") return nothing;
  if (event.seq !== undefined && event.seq <= arrivals.highestSeq) return nothing;
  const nonceAgoMs = event.nonceAt === undefined ? 0 : -(event.nonceObservedAt ?? event.nonceAt);
  const asksProof = policy.proof === "round-trip";
  if (asksProof && nonceAgoMs > policy.deadAfterMs) return nothing;
  const proves = event.type === "proven" && -(event.nonceAt ?? 0) <= ledger.provesMs;
  if (!asksProof || proves || status === "alive") return { status: "alive", counts: true };
  return { status, counts: status === "suspect" };
}

/** Whether the deadline of this status is reached, by the silence that was added up. */
function isExpired({ before, policy }: Step, ledger: Ledger, graceMs: number): boolean {
  const { suspectAfterMs, deadAfterMs, minSuspicionMs } = policy;
  const silentMs = Math.max(0, ledger.silentMs, ledger.silentCreditedMs - graceMs);
  if (before.status === "connecting") return silentMs >= deadAfterMs;
  if (before.status === "alive") {
    return silentMs >= Math.min(suspectAfterMs, deadAfterMs - minSuspicionMs);
  }
  const doubtedMs = Math.max(0, ledger.doubtedMs, ledger.doubtedCreditedMs - graceMs);
  const { stretchMs } = ledger;
  return silentMs >= deadAfterMs + stretchMs && doubtedMs >= minSuspicionMs + stretchMs;
}

function complain(
  step: Step,
  next: Ledger,
  ledger: Ledger,
  expected: Expected,
): string | undefined {
  const { before, event, after, outputs } = step;
  const what = `${before.status}, ${event.type}`;
  if (after.status !== expected.status) {
    return `${what}: ${after.status}, where the table says ${expected.status}`;
  }
  const changes = outputs.filter((output) => output.type === "changed");
  const [change] = changes;
  const isChanged = after.status !== before.status;
  if (changes.length !== Number(isChanged)) return `${what}: ${changes.length} changes told`;
  if (change && (change.from !== before.status || change.to !== after.status)) {
    return `${what}: told as ${change.from} → ${change.to}`;
  }
  const isNext = before.status === "dead" && after.status === "connecting";
  if (after.session !== before.session + Number(isNext)) return `${what}: session ${after.session}`;
  if (before.status === "dead" && !isNext && after.reason !== before.reason) {
    return `${what}: dead of ${before.reason} became dead of ${after.reason}`;
  }
  if (expected.counts && (after.heardAt !== 0 || after.lifeObservedAt !== 0)) {
    return `${what}: a sign of life did not count`;
  }
  if (!expected.counts && !isNext && after.heardAt !== before.heardAt) {
    return `${what}: counted as a sign of life`;
  }
  return (
    complainOfDeath(step, ledger, what) ??
    complainOfCounts(step, what) ??
    complainOfIdleness(step, ledger, what) ??
    complainOfBeats(step, next, what)
  );
}

/** A death says when it is safe to take over: once the other side, too, must know. */
function complainOfDeath(step: Step, ledger: Ledger, what: string): string | undefined {
  const { event, outputs, policy } = step;
  const change = outputs.find((output) => output.type === "changed");
  if (change?.to !== "dead") return undefined;
  const itLeft = event.type === "ended" && event.reason === "left" && !event.bySelf;
  const isSafe = itLeft || ledger.heardAgoMs < 0;
  const safeInMs = isSafe ? 0 : Math.max(0, policy.deadAfterMs - ledger.heardAgoMs);
  if (change.safeInMs !== safeInMs)
    return `${what}: said to be safe in ${change.safeInMs} ms, not in ${safeInMs}`;
  // A life that lasted resets the back-off.
  const { retryInMs = 0 } = change;
  const firstMs = Math.max(100, policy.backoffMinMs);
  const isFirst = ledger.livedMs < policy.deadAfterMs || retryInMs <= firstMs;
  return isFirst ? undefined : `${what}: asked again in ${retryInMs} ms, after a whole life`;
}

/** Lost is what was skipped, until it comes after all. */
function complainOfCounts({ before, event, after }: Step, what: string): string | undefined {
  const { highestSeq, recent, received, lost } = before.arrivals;
  const isCounted = event.type === "heard" && before.status !== "dead" && received > 0;
  if (!isCounted || event.seq === undefined) return undefined;
  const by = event.seq - highestSeq;
  const isKnown = by === 0 || ((recent >>> -by) & 1) === 1;
  const moreLost = by > 0 ? by - 1 : isKnown ? 0 : -1;
  const counted = after.arrivals.lost - lost;
  return counted === moreLost ? undefined : `${what}: ${counted} more are lost, not ${moreLost}`;
}
