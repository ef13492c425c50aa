// Plays a history on the monitor and on its dumb twin, step by step, and throws at the first
// difference: in what was said and in which order, in results and errors, in states, statistics and
// deadlines. And whoever drives the monitor must never sleep past what is due.
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import { createMonitor, type Monitor } from "../src/monitor/monitor.ts";
import type { MonitorOutput } from "../src/monitor/outputs.ts";
import type { Status } from "../src/peer/state.ts";
import type { History, Operation, Wait } from "./monitor-operations.ts";
import { AnsweringTwin, Side } from "./monitor-side.ts";

/** What was played and compared, for those who ask whether it was worth anything. */
export class Tally {
  histories = 0;
  steps = 0;
  peers = 0;
  retiredSlots = 0;
  /** Slices of a tick that left something for the next one. */
  limitedSlices = 0;
  statesCompared = 0;
  readonly operations: Map<string, number> = new Map();
  readonly outputs: Map<string, number> = new Map();
}

const START: History["steps"][number] = {
  wait: { after: "now", ms: 0 },
  operation: { op: "tick", slice: false },
};

/**
 * Throws where the monitor and its twin differ, naming the step; step 0 is the tick in which everybody
 * of the history is added. States are compared every `lookEvery` steps, everything else at each.
 */
export function compare(history: History, tally: Tally = new Tally(), lookEvery = 1): void {
  const monitor = new Side(history, createMonitor);
  const twin = new Side(history, (shared) => new AnsweringTwin(shared));
  for (const [step, { wait, operation }] of [START, ...history.steps].entries()) {
    const now = instantOf(wait, twin);
    try {
      for (const side of [monitor, twin]) {
        side.now = now;
        side.run(operation);
      }
      expectSame(monitor.log, twin.log);
      expectDeadlines(monitor, twin, operation);
      if (step % lookEvery === 0 || step === history.steps.length) {
        expectSame(statistics(monitor.monitor), statisticsOf(twin.monitor));
        tally.statesCompared += expectStates(monitor.monitor, twin.monitor);
      }
    } catch (cause) {
      const where = `step ${step} of ${history.steps.length} differs`;
      throw new Error(`${where}: ${JSON.stringify(operation)} at ${now}`, { cause });
    }
    const isSlice = operation.op === "tick" && operation.slice;
    if (isSlice && twin.monitor.nextDeadline() <= now) tally.limitedSlices += 1;
    for (const output of twin.log) if (isOutput(output)) add(tally.outputs, nameOf(output), 1);
  }
  for (const [op, count] of twin.ran) add(tally.operations, op, count);
  tally.histories += 1;
  tally.steps += history.steps.length;
  tally.peers += history.peers.length;
  tally.retiredSlots += monitor.monitor.stats().retiredSlots;
}

/** Where a wait ends, for both sides alike; the twin knows the next deadline exactly. */
function instantOf({ after, ms }: Wait, { now, monitor }: Side<AnsweringTwin>): number {
  const deadline = monitor.nextDeadline();
  const isAhead = after === "the next deadline" && deadline > now && Number.isFinite(deadline);
  return (isAhead ? deadline : now) + ms;
}

/** A stored bound may be too early, never too late; and nobody is called again for nothing. */
function expectDeadlines(
  { monitor, now, sleeps, log }: Side<Monitor>,
  twin: Side<AnsweringTwin>,
  operation: Operation,
): void {
  const bound = monitor.nextDeadline();
  const exact = Math.max(now, twin.monitor.nextDeadline());
  expect(bound, "the next deadline is too late").toBeLessThanOrEqual(exact);
  for (const { until } of sleeps.values()) {
    expect(until, "a driver sleeps past the next deadline").toBeLessThanOrEqual(exact);
  }
  const isIdle = operation.op === "tick" && !operation.slice && !log.some(isOutput);
  if (isIdle && exact > now) {
    expect(bound, "a tick that found nothing is asked for again").toBeGreaterThan(now);
  }
}

function expectStates(monitor: Monitor, twin: AnsweringTwin): number {
  const slot = (ref: number) => ref % 2 ** 22;
  const refs = [...twin.peers.keys()].sort((a, b) => slot(a) - slot(b));
  expectSame([...monitor], refs);
  for (const ref of refs) {
    expectSame(monitor.state(ref), twin.state(ref));
    expectSame([monitor.id(ref), monitor.status(ref)], [twin.id(ref), twin.state(ref)?.status]);
    expectSame(monitor.policy(ref), twin.policy(ref));
  }
  return refs.length;
}

function statistics(monitor: Monitor) {
  const { lostMs: _, retiredSlots: __, ...stats } = monitor.stats();
  return stats;
}

function statisticsOf(twin: AnsweringTwin) {
  const { peers, stalls, health, staleRefs, clockWentBack, nearMisses } = twin;
  const [real, shadow] = nearMisses.map(summary);
  const all = [...peers.values()];
  const count = (status: Status) => all.filter(({ state }) => state.status === status).length;
  return {
    ...{ peers: all.length, stalls, health, staleRefs, clockWentBack, shadow },
    nearMisses: real,
    connecting: count("connecting"),
    alive: count("alive"),
    suspect: count("suspect"),
    dead: count("dead"),
  };
}

function summary({ shares, detectedMs }: { shares: number[]; detectedMs: number[] }) {
  const near = shares.filter((share) => share >= 0.5);
  const within = (from: number) => near.filter((x) => x >= from && x < from + 1 / 8).length;
  const sum = detectedMs.reduce((total, ms) => total + ms, 0);
  return {
    eighths: [4, 5, 6, 7].map((n) => within(n / 8)),
    mistakes: near.filter((share) => share >= 1).length,
    largest: Math.max(0, ...near),
    detections: detectedMs.length,
    detectionMs: detectedMs.length === 0 ? 0 : sum / detectedMs.length,
  };
}

/** `toEqual` is exact and explains well; nearly always there is nothing to explain. */
function expectSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected);
}

function isOutput(entry: unknown): entry is MonitorOutput {
  return typeof entry === "object" && entry !== null && "type" in entry;
}

function nameOf(output: MonitorOutput): string {
  if (output.type === "changed") return `${output.from} → ${output.to}`;
  return output.type === "beat" && output.probe ? "probe" : output.type;
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}
