// The one timer: none when nothing is due, one otherwise, and what is unread is read before judging.
import { describe, expect, test } from "vitest";
import { type Driven, drive } from "../src/drive.ts";
import { createMonitor } from "../src/monitor/monitor.ts";
import type { MonitorOutput } from "../src/monitor/outputs.ts";
import { ManualHost } from "../src/testing/manual-host.ts";

const policy = { intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000 };

function setUp(emit: (output: MonitorOutput) => void = () => {}) {
  const host = new ManualHost();
  const outputs: MonitorOutput[] = [];
  const monitor = createMonitor({
    host,
    policy,
    emit(output) {
      outputs.push(output);
      emit(output);
    },
  });
  const driving = drive(monitor, host);
  const changes = () =>
    outputs.flatMap((out) => (out.type === "changed" ? `${out.id} ${out.to}` : []));
  return { host, monitor, driving, outputs, changes };
}

describe("the number of timers", () => {
  test("is none while nobody is judged or beating, and one as soon as somebody is", () => {
    const { host, monitor } = setUp();
    expect(host.timers).toBe(0);
    const peers = Array.from({ length: 50 }, (_, n) => monitor.add(`${n}`));
    expect(host.timers).toBe(1);
    for (const peer of peers) monitor.heard(peer);
    host.advance(1_500);
    expect(host.timers).toBe(1);
    for (const peer of peers) monitor.remove(peer);
    // Whether the timer is cleared or fires once more, it is not armed again.
    host.advance(10_000);
    expect(host.timers).toBe(0);
  });

  test.each([
    ["listen", 1],
    ["both", 1],
    ["send", 1],
  ] as const)("a living peer with role %s: %d", (role, timers) => {
    const { host, monitor } = setUp();
    monitor.heard(monitor.add("a", { role }));
    host.advance(100);
    expect(host.timers).toBe(timers);
  });

  test("dead listeners, paused listeners and those who left cost nothing", () => {
    const { host, monitor } = setUp();
    monitor.ended(monitor.add("left"), "left");
    monitor.ended(monitor.add("gone", { role: "listen" }), "closed");
    monitor.pause(monitor.add("paused", { role: "listen" }));
    host.advance(10_000);
    expect(host.timers).toBe(0);
  });

  test("a paused monitor needs its timer for beats only", () => {
    const { host, monitor } = setUp();
    monitor.add("a", { role: "listen" });
    monitor.pause();
    host.advance(60_000);
    expect(host.timers).toBe(0);
    monitor.resume();
    expect(host.timers).toBe(1);
    monitor.pause();
    monitor.add("b", { role: "send" });
    host.advance(60_000);
    expect(host.timers).toBe(1);
  });

  test("plantain-00/ws-heartbeat#4: none is left after disposal, not even one that was on its way", () => {
    const { host, monitor, driving, outputs } = setUp();
    monitor.heard(monitor.add("a"));
    driving[Symbol.dispose]();
    driving[Symbol.dispose]();
    expect(host.timers).toBe(0);
    const before = outputs.length;
    monitor.add("b");
    host.advance(60_000);
    expect([host.timers, outputs.length]).toEqual([0, before]);

    const second = setUp();
    second.monitor.add("a");
    let deferred: (() => void) | undefined;
    second.host.defer = (callback) => {
      deferred = callback;
    };
    second.host.advance(second.host.nextTimerAt);
    second.driving[Symbol.dispose]();
    deferred?.();
    expect(second.outputs).toEqual([]);
    expect(second.host.timers).toBe(0);
  });
});

describe("drain before judging", () => {
  test("beats that are read in the turn before the tick save their peers", () => {
    const { host, monitor, changes } = setUp();
    const peers = Array.from({ length: 20 }, (_, n) => monitor.add(`${n}`));
    for (const peer of peers) monitor.heard(peer);
    // Late by less than a stall: nobody is excused. What arrived meanwhile is read after the timers.
    host.advance(2_950);
    host.freeze(60);
    const { defer } = host;
    host.defer = (tick) => {
      for (const peer of peers) monitor.heard(peer);
      host.defer = defer;
      host.defer(tick);
    };
    host.advance(0);
    expect(changes().filter((change) => !change.endsWith("alive"))).toEqual([]);
  });

  test("the timer itself judges nobody", () => {
    const { host, monitor, changes } = setUp();
    monitor.heard(monitor.add("a", { role: "listen" }));
    const turns: (() => void)[] = [];
    host.defer = (callback) => turns.push(callback);
    for (let n = 0; n < 4; n++) {
      host.advance(750);
      if (n < 3) turns.shift()?.();
    }
    expect([host.now(), turns.length, changes()]).toEqual([3_000, 1, ["a alive"]]);
    turns[0]?.();
    expect(changes()).toEqual(["a alive", "a suspect"]);
  });

  test("an earlier deadline that comes up in that turn sets no timer: the tick is on its way", () => {
    const { host, monitor } = setUp();
    const peer = monitor.add("a", { role: "listen" });
    const { defer } = host;
    const timers: number[] = [];
    host.defer = (tick) => {
      monitor.heard(peer);
      monitor.add("b");
      timers.push(host.timers);
      host.defer = defer;
      host.defer(tick);
    };
    host.advance(host.nextTimerAt);
    expect([...timers, host.timers]).toEqual([0, 1]);
  });
});

describe("re-arming", () => {
  test("yjs/y-websocket#203: happens when a deadline moves earlier, and not when it moves later: a touch is no timer", () => {
    const { host, monitor } = setUp();
    let armed = 0;
    const { setTimer } = host;
    host.setTimer = (callback, delayMs) => {
      armed += 1;
      return setTimer.call(host, callback, delayMs);
    };
    const peer = monitor.add("a", { role: "listen" });
    expect([armed, host.nextTimerAt]).toEqual([1, 750]);
    for (let n = 0; n < 100; n++) {
      host.advance(1);
      monitor.heard(peer);
    }
    expect([armed, host.nextTimerAt]).toEqual([1, 750]);
    monitor.setPolicy(peer, { intervalMs: 50, suspectAfterMs: 100, deadAfterMs: 200 });
    expect([armed, host.nextTimerAt]).toEqual([2, 125]);
  });

  test("survives a sink that throws: the error surfaces, the heart goes on", () => {
    const { host, monitor, changes } = setUp((output) => {
      if (output.type === "changed" && output.to !== "alive") throw new Error(output.to);
    });
    monitor.heard(monitor.add("a", { role: "listen" }));
    expect(() => host.advance(3_000)).toThrow(/^suspect$/);
    expect(host.timers).toBe(1);
    expect(() => host.advance(10_000)).toThrow(/^dead$/);
    expect(changes()).toEqual(["a alive", "a suspect", "a dead"]);
  });

  test("a sink may dispose of the driver in the middle of a tick", () => {
    const { host, monitor, driving } = setUp((output) => {
      if (output.type === "changed" && output.to === "suspect") driving[Symbol.dispose]();
    });
    monitor.heard(monitor.add("a", { role: "listen" }));
    host.advance(3_000);
    expect(host.timers).toBe(0);
    host.advance(20_000);
    expect(monitor.stats()).toMatchObject({ suspect: 1 });
  });
});

describe("any target", () => {
  /** A target with one deadline, as small as it can be. */
  function targetAt(deadline: number) {
    const log: unknown[] = [];
    let earlier = () => {};
    const target: Driven & { deadline: number } = {
      deadline,
      tick: (options) => {
        log.push(options);
        if (target.deadline <= host.now()) target.deadline = Number.POSITIVE_INFINITY;
      },
      nextDeadline: () => target.deadline,
      onEarlier(callback) {
        earlier = callback;
        return () => log.push("unsubscribed");
      },
    };
    const host = new ManualHost();
    return { host, target, log, earlier: () => earlier() };
  }

  test("deadlines are rounded up, never down: no timer fires a fraction too early", () => {
    const { host, target, log } = targetAt(10.001);
    drive(target, host);
    expect(host.nextTimerAt).toBe(11);
    host.advance(11);
    expect(log).toEqual([{ slice: true }]);
    expect(host.timers).toBe(0);
  });

  test("a deadline in the past is due at once", () => {
    const { host, target, log } = targetAt(-500);
    drive(target, host);
    expect(host.nextTimerAt).toBe(0);
    host.advance(0);
    expect(log).toHaveLength(1);
  });

  test("deadlines beyond 2³¹−1 ms are reached in steps", () => {
    const { host, target, log } = targetAt(2 ** 32);
    drive(target, host);
    expect(host.nextTimerAt).toBe(2 ** 31 - 1);
    host.advance(2 ** 32 - 1);
    expect(host.timers).toBe(1);
    host.advance(1);
    expect(host.timers).toBe(0);
    expect(log).toHaveLength(3);
  });

  test("grpc/grpc-node#2304: an earlier deadline replaces the timer, a later one does not touch it", () => {
    const { host, target, earlier } = targetAt(100);
    drive(target, host);
    target.deadline = 40;
    earlier();
    expect([host.timers, host.nextTimerAt]).toEqual([1, 40]);
    target.deadline = 70;
    earlier();
    expect([host.timers, host.nextTimerAt]).toEqual([1, 40]);
  });

  test("says whether its timer may keep the process alive: not unless asked", () => {
    const refs: boolean[] = [];
    for (const options of [undefined, {}, { ref: false }, { ref: true }]) {
      const { host, target } = targetAt(1);
      drive(target, { ...bound(host), setTimer: (_callback, _ms, ref) => refs.push(ref) }, options);
    }
    expect(refs).toEqual([false, false, false, true]);
  });

  test("disposal withdraws the promise", () => {
    const { host, target, log } = targetAt(1);
    drive(target, host)[Symbol.dispose]();
    expect(log).toEqual(["unsubscribed"]);
  });
});

function bound(host: ManualHost) {
  return {
    now: () => host.now(),
    clearTimer: (timer: unknown) => host.clearTimer(timer),
    defer: (callback: () => void) => host.defer(callback),
  };
}
