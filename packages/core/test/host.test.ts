// Hosts: from plain functions, from the runtime, and one whose time moves when told to.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { drive } from "../src/drive.ts";
import { hostFrom } from "../src/host.ts";
import { createMonitor } from "../src/monitor/monitor.ts";
import { systemHost } from "../src/system-host.ts";
import { ManualHost } from "../src/testing/manual-host.ts";

describe("hostFrom", () => {
  const functions = { now: () => 5, setTimeout: () => 1, clearTimeout() {} };

  test.each(["now", "setTimeout", "clearTimeout"] as const)("needs %s", (name) => {
    expect(() => hostFrom({ ...functions, [name]: undefined } as never)).toThrow(
      `hostFrom needs the function ${name} (got undefined).`,
    );
  });

  test("needs something at all", () => {
    expect(() => hostFrom(undefined as never)).toThrow(/^hostFrom needs the function now/);
  });

  test("arjunmehta/heartbeats#9: timers are unref'd unless asked, where the runtime knows that", () => {
    let unrefs = 0;
    const timer = { unref: () => unrefs++ };
    const host = hostFrom({ ...functions, setTimeout: () => timer });
    expect(host.setTimer(() => {}, 0, true)).toBe(timer);
    expect(unrefs).toBe(0);
    host.setTimer(() => {}, 0, false);
    expect(unrefs).toBe(1);
    // A browser's timer is a number.
    expect(hostFrom(functions).setTimer(() => {}, 0, false)).toBe(1);
  });

  test("passes on what is given, and invents no entropy and no wall clock", () => {
    const host = hostFrom({ ...functions, entropy: () => 9, epochMs: () => 8, countsSleep: true });
    expect([host.now(), host.entropy?.(), host.epochMs?.(), host.countsSleep]).toEqual([
      5,
      9,
      8,
      true,
    ]);
    const bare = hostFrom(functions);
    expect([bare.entropy, bare.epochMs, bare.countsSleep]).toEqual([undefined, undefined, false]);
  });

  test("defers by setImmediate, or by a zero timer where there is none", () => {
    const calls: string[] = [];
    const timers = { ...functions, setTimeout: (_: () => void, ms: number) => calls.push(`${ms}`) };
    hostFrom({ ...timers, setImmediate: () => calls.push("immediate") }).defer(() => {});
    hostFrom(timers).defer(() => {});
    expect(calls).toEqual(["immediate", "0"]);
  });
});

describe("under somebody else's fake timers", () => {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"],
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("nodejs mock timers: a whole life in fake time, and no timer is left", () => {
    const host = hostFrom({
      now: () => performance.now(),
      setTimeout: (callback, ms) => setTimeout(callback, ms),
      clearTimeout: (timer) => clearTimeout(timer),
      setImmediate: (callback) => setImmediate(callback),
    });
    const seen: string[] = [];
    const monitor = createMonitor({
      host,
      policy: { intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000 },
      emit: (output) => output.type === "changed" && seen.push(output.to),
    });
    const driving = drive(monitor, host);
    monitor.heard(monitor.add("a"));
    vi.advanceTimersByTime(3_001);
    expect(seen).toEqual(["alive", "suspect"]);
    vi.advanceTimersByTime(3_001);
    expect(seen).toEqual(["alive", "suspect", "dead"]);
    driving[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("the system's host looks its timers up at each call, so it can be faked too", () => {
    const host = systemHost();
    const calls: string[] = [];
    host.setTimer(() => calls.push("timer"), 10, false);
    const cleared = host.setTimer(() => calls.push("cleared"), 10, true);
    host.clearTimer(cleared);
    host.defer(() => calls.push("deferred"));
    const before = host.now();
    vi.advanceTimersByTime(10);
    expect(calls).toEqual(["deferred", "timer"]);
    expect(host.now() - before).toBe(10);
  });
});

describe("the system's host", () => {
  test("does not promise that its clock counts sleep (nodejs/node#47724)", () => {
    expect(systemHost().countsSleep).toBe(false);
  });

  test("is monotonic, knows the wall clock, and has 32 bits of entropy a call", () => {
    const host = systemHost();
    expect(host.now()).toBeLessThanOrEqual(host.now());
    expect(host.epochMs?.()).toBeGreaterThan(Date.UTC(2025, 0));
    const words = Array.from({ length: 600 }, () => host.entropy?.() as number);
    for (const word of words) expect(word).toBe(word >>> 0);
    expect(new Set(words).size).toBeGreaterThan(590);
  });
});

describe("ManualHost", () => {
  test("fires timers at their instants, in order, with a turn for input after each instant", () => {
    const host = new ManualHost({ startAt: 100 });
    const log: string[] = [];
    const at = (name: string) => () => {
      log.push(`${host.now()} ${name}`);
      host.defer(() => log.push(`${host.now()} deferred by ${name}`));
    };
    host.setTimer(at("c"), 30);
    host.setTimer(at("a"), 10);
    host.setTimer(at("b"), 10);
    const cleared = host.setTimer(at("cleared"), 20);
    expect([host.timers, host.nextTimerAt]).toEqual([4, 110]);
    host.clearTimer(cleared);
    host.advance(29);
    expect(log).toEqual(["110 a", "110 b", "110 deferred by a", "110 deferred by b"]);
    host.advance(1);
    expect(log.slice(4)).toEqual(["130 c", "130 deferred by c"]);
    expect([host.timers, host.nextTimerAt]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  test("a timer may clear another that is due at the same instant", () => {
    const host = new ManualHost();
    let fired = false;
    host.setTimer(() => host.clearTimer(second), 5);
    const second = host.setTimer(() => {
      fired = true;
    }, 5);
    host.advance(5);
    expect(fired).toBe(false);
  });

  test("a frozen process runs nothing; what fell due fires when it thaws", () => {
    const host = new ManualHost();
    const firedAt: number[] = [];
    host.setTimer(() => firedAt.push(host.now()), 10);
    host.freeze(5_000);
    expect(firedAt).toEqual([]);
    host.advance(0);
    expect(firedAt).toEqual([5_000]);
  });

  test("time that does not get on is an error, not a loop without end", () => {
    const host = new ManualHost({ startAt: 7 });
    const stuck = { tick() {}, nextDeadline: () => 9, onEarlier: () => () => {} };
    drive(stuck, host);
    expect(() => host.advance(1)).not.toThrow();
    expect(() => host.advance(5)).toThrow(/^Time stands still at 9: 10000 turns of this instant/);
    const deferring = new ManualHost();
    const again = () => deferring.defer(again);
    again();
    expect(() => deferring.advance(0)).toThrow(
      expect.objectContaining({ code: "ERR_SYSTOLE_CLOCK", value: 0 }),
    );
  });

  test("many turns of one instant are none too many, however many instants follow", () => {
    const host = new ManualHost();
    let left = 9_999;
    const slice = () => {
      left -= 1;
      if (left > 0) host.defer(slice);
    };
    host.defer(slice);
    host.advance(0);
    expect(left).toBe(0);
    let fired = 0;
    const fire = () => {
      fired += 1;
      host.setTimer(fire, 1);
    };
    host.setTimer(fire, 1);
    host.advance(20_000);
    expect(fired).toBe(20_000);
  });

  test("the wall clock can be set, the monotonic one does not notice", () => {
    const host = new ManualHost({ epochMs: 1_000 });
    host.advance(5);
    expect(host.epochMs()).toBe(1_005);
    host.setEpochMs(400);
    host.advance(5);
    expect([host.epochMs(), host.now()]).toEqual([405, 10]);
    expect(new ManualHost().epochMs()).toBe(Date.UTC(2026, 0));
  });

  test("entropy repeats with the seed", () => {
    const draws = (seed?: number) => {
      const host = new ManualHost({ seed });
      return [host.entropy(), host.entropy(), host.entropy()];
    };
    expect(draws(3)).toEqual(draws(3));
    expect(new Set([...draws(3), ...draws(4), ...draws()]).size).toBe(9);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("time does not move by %s", (ms) => {
    const host = new ManualHost();
    expect(() => host.advance(ms)).toThrow("Time moves by a finite number of ms from 0 on");
    expect(() => host.freeze(ms)).toThrow(RangeError);
  });
});
