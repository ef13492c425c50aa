// Plays random histories on one peer, and keeps by its own simple means what the rules are about:
// how long the peer was silent, and for how long it has been suspected.
import type { DetectorFunction } from "../src/detectors/detector.ts";
import { stretchMs } from "../src/peer/rules.ts";
import type { Policy } from "../src/policy.ts";
import { type History, type PlayedStep, playHistory } from "../src/testing/history.ts";

export { histories } from "./arbitraries.ts";
export type { History };

/** One step as it went, with the figures that were kept beside it. */
export interface Played extends PlayedStep {
  /** Real time since the last sign of life or the start of the session. */
  readonly realMs: number;
  /** Silence before the event, counted by adding up, step by step. */
  readonly silentMs: number;
  readonly suspectedMs: number;
}

/** Plays a history, and yields each step after it was taken. */
export function* play(
  history: History,
  rules?: Parameters<typeof playHistory>[1],
): Generator<Played> {
  let realMs = 0;
  const silence = new Meter(history.graceMs);
  const suspicion = new Meter(history.graceMs);
  for (const played of playHistory(history, rules)) {
    const { step, before, event, after } = played;
    const stallMs = step.waitMs * step.stallShare;
    realMs += step.waitMs;
    if (before.pausedObservedAt === undefined) {
      silence.pass(step.waitMs, stallMs);
      suspicion.pass(step.waitMs, stallMs);
    }
    yield { ...played, realMs, silentMs: silence.ms, suspectedMs: suspicion.ms };

    if (after.status === "suspect" && before.status !== "suspect") suspicion.reset();
    const life = event.type === "heard" || event.type === "proven";
    if ((life && after.heardAt === event.at) || after.session > before.session) {
      silence.reset();
      realMs = 0;
    }
  }
}

/** Silence, counted by adding up: all but the stalls, or all but what of them is forgiven. */
class Meter {
  #observedMs = 0;
  #creditedMs = 0;
  readonly #graceMs: number;

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  pass(waitMs: number, stallMs: number): void {
    this.#observedMs += waitMs - stallMs;
    this.#creditedMs += waitMs - stallMs + Math.min(stallMs, this.#graceMs);
  }

  reset(): void {
    this.#observedMs = 0;
    this.#creditedMs = 0;
  }

  get ms(): number {
    return Math.max(0, this.#observedMs, this.#creditedMs - this.#graceMs);
  }
}

/** The verdict DESIGN asks for at a tick, from the counted figures: its margin in ms, 0 when just due. */
export function overdueMs({ before, silentMs, suspectedMs }: Played, policy: Policy): number {
  const { suspectAfterMs, deadAfterMs, minSuspicionMs } = policy;
  const latestMs = deadAfterMs - minSuspicionMs;
  const detectedMs = (policy.detector as DetectorFunction)(before.arrivals, policy);
  const suspectMs = Number.isNaN(detectedMs) ? latestMs : Math.min(detectedMs, latestMs);
  switch (before.status) {
    case "connecting":
      return silentMs - deadAfterMs;
    case "alive":
      return silentMs - suspectMs;
    case "suspect": {
      const stretch = stretchMs(before.health ?? 0, suspectAfterMs, deadAfterMs);
      return Math.min(silentMs - deadAfterMs, suspectedMs - minSuspicionMs) - stretch;
    }
    case "dead":
      return Number.NEGATIVE_INFINITY;
  }
}
