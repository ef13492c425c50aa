// Many peers at once: slices of a tick, and what a common silence says about ourselves.
import { describe, expect, test } from "vitest";
import { definePolicy } from "../src/define-policy.ts";
import { drive } from "../src/drive.ts";
import { createMonitor } from "../src/monitor/monitor.ts";
import type { MonitorOutput } from "../src/monitor/outputs.ts";
import { Policies } from "../src/monitor/policies.ts";
import type { PeerRef } from "../src/monitor/refs.ts";
import { derivePolicy } from "../src/policy-variants.ts";
import { ManualHost } from "../src/testing/manual-host.ts";

const policy = { intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000 };

function setUp() {
  const host = new ManualHost();
  const outputs: MonitorOutput[] = [];
  const monitor = createMonitor({ host, policy, emit: (output) => outputs.push(output) });
  const tickAt = (at: number) => {
    host.freeze(at - host.now());
    monitor.tick();
  };
  return { host, monitor, outputs, tickAt };
}

describe("slices", () => {
  const many = 10_000;
  /** Peers that are all overdue, the later added the earlier due. */
  function crowd(count: number) {
    const set = setUp();
    for (let n = 0; n < count; n++) {
      set.monitor.add(`${n}`, {
        role: "listen",
        policy: { ...policy, deadAfterMs: 6_000 + (n % 3) },
      });
    }
    set.host.freeze(60_000);
    const sliceOf = () => {
      const before = set.outputs.length;
      set.monitor.tick({ slice: true });
      return set.outputs.slice(before).map((out) => Number((out as { id: string }).id));
    };
    return { ...set, sliceOf };
  }

  test("take at most 4096 peers by ascending slot; the next deadline is now until all is done", () => {
    const { monitor, host, sliceOf } = crowd(many);
    const slices: number[][] = [];
    while (monitor.nextDeadline() <= host.now()) slices.push(sliceOf());
    expect(slices.map((slice) => slice.length)).toEqual([4_096, 4_096, many - 2 * 4_096]);
    const sorted = slices.map((slice) => slice.toSorted((a, b) => a - b));
    expect(sorted.flat()).toEqual(Array.from({ length: many }, (_, n) => n));
    expect(monitor.stats()).toMatchObject({ dead: many });
  });

  test("emit by deadline, then slot, within a slice", () => {
    const { sliceOf } = crowd(5_000);
    const first = Array.from({ length: 4_096 }, (_, n) => n);
    expect(sliceOf()).toEqual(first.toSorted((a, b) => (a % 3) - (b % 3) || a - b));
  });

  test("go on from where the last one ended, whoever became due meanwhile", () => {
    const { monitor, host, sliceOf } = crowd(many);
    sliceOf();
    // Slot 0 is taken anew and due again, but its turn comes last.
    monitor.remove(monitor.find("0") as PeerRef);
    monitor.add("20000", { role: "listen" });
    host.freeze(60_000);
    expect(sliceOf().toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 4_096 }, (_, n) => 4_096 + n),
    );
    expect(sliceOf().at(-1)).toBe(20_000);
    expect(monitor.stats()).toMatchObject({ connecting: 0, dead: many });
  });

  test("a whole tick does all of it at once", () => {
    const { monitor, outputs } = crowd(many);
    monitor.tick();
    expect(outputs).toHaveLength(many);
  });

  test("a driver works through them, with a turn for input before each", () => {
    const { monitor, host, outputs } = crowd(5_000);
    const seen: number[] = [];
    const { defer } = host;
    host.defer = (tick) => {
      seen.push(outputs.length);
      defer.call(host, tick);
    };
    drive(monitor, host);
    host.advance(0);
    expect([...seen, outputs.length]).toEqual([0, 4_096, 5_000]);
    expect(host.timers).toBe(0);
  });
});

test("peers may all have policies of their own: the smallest S decides how often to look", () => {
  const policies = new Policies();
  expect(policies.smallestSuspectAfterMs).toBe(Number.POSITIVE_INFINITY);
  const judged = Array.from({ length: 20_000 }, (_, n) => {
    const index = policies.take(derivePolicy(definePolicy(policy), { suspectAfterMs: 20_000 - n }));
    policies.judge(index, +1);
    return index;
  });
  expect([policies.judged, policies.smallestSuspectAfterMs]).toEqual([20_000, 1]);
  const last = judged.at(-1) as number;
  policies.judge(last, -1);
  expect(policies.smallestSuspectAfterMs).toBe(2);
  policies.judge(last, +1);
  expect(policies.smallestSuspectAfterMs).toBe(1);
});

test("what nobody has any more is not kept, and its place is taken anew", () => {
  const policies = new Policies();
  const [one, other] = [definePolicy(policy), definePolicy({ ...policy, jitter: 0 })];
  const index = policies.take(one);
  expect(policies.take(one)).toBe(index);
  policies.release(index);
  expect(policies.at(index)).toBe(one);
  policies.release(index);
  expect(policies.take(other)).toBe(index);
  expect(policies.at(index)).toBe(other);
});

describe("health", () => {
  const silentAt = (count: number, silent: number) => {
    const { monitor, host, tickAt } = setUp();
    const peers = Array.from({ length: count }, (_, n) => monitor.add(`${n}`, { role: "listen" }));
    for (const peer of peers) monitor.heard(peer);
    host.freeze(1_000);
    for (const peer of peers.slice(silent)) monitor.heard(peer);
    tickAt(3_000);
    return monitor.stats();
  };

  test("most of five or more falling silent at once points at ourselves", () => {
    expect(silentAt(5, 3)).toMatchObject({ suspect: 3, health: 1 });
    expect(silentAt(6, 3)).toMatchObject({ suspect: 3, health: 0 });
    expect(silentAt(4, 4)).toMatchObject({ suspect: 4, health: 0 });
  });

  test("a crowd that fell silent points at us once, not at every tick for as long as it is silent", () => {
    const { monitor, tickAt } = setUp();
    for (let n = 0; n < 5; n += 1) monitor.heard(monitor.add(undefined, { role: "listen" }));
    const health = [3_000, 3_100, 3_200].map((at) => {
      tickAt(at);
      return monitor.stats().health;
    });
    expect(health).toEqual([1, 1, 1]);
  });

  test("a tick is late from half of what a stall takes on, and not before", () => {
    for (const [lateMs, health] of [
      [50, 0],
      [51, 1],
    ] as const) {
      const { monitor, host } = setUp();
      monitor.onEarlier(() => {});
      monitor.heard(monitor.add("a", { role: "listen" }));
      host.freeze(750 + lateMs);
      monitor.tick();
      expect(monitor.stats()).toMatchObject({ health, stalls: 0 });
    }
  });

  test("it counts before the verdicts of the same tick: those suspicions last longer already", () => {
    const { monitor, outputs, tickAt } = setUp();
    const peers = Array.from({ length: 5 }, () => monitor.add(undefined, { role: "listen" }));
    for (const peer of peers) monitor.heard(peer);
    tickAt(3_000);
    expect(outputs.slice(5).map(({ type }) => type)).toEqual([
      "health",
      ...Array(5).fill("changed"),
    ]);
    for (const peer of peers) expect(monitor.state(peer)).toMatchObject({ health: 1 });
  });

  test("stalls and late ticks raise it, punctual ticks lower it, one step at a time, from 0 to 7", () => {
    const { monitor, host, outputs } = setUp();
    monitor.onEarlier(() => {});
    const peer = monitor.add("a", { role: "listen" });
    const serve = (afterMs: number) => {
      host.freeze(afterMs);
      monitor.heard(peer);
      monitor.tick();
    };
    for (let n = 0; n < 9; n++) serve(900);
    expect(monitor.stats()).toMatchObject({ health: 7, stalls: 9, lostMs: 8_100 });
    // Late by more than half of what a stall takes, and no stall.
    host.freeze(750 + 51);
    monitor.tick();
    expect(monitor.stats()).toMatchObject({ health: 7, stalls: 9 });
    for (let n = 0; n < 20; n++) serve(750);
    expect(monitor.stats().health).toBe(0);
    const steps = outputs.flatMap((out) => (out.type === "health" ? out.to - out.from : []));
    expect(steps).toEqual([...Array(7).fill(1), ...Array(7).fill(-1)]);
  });
});
