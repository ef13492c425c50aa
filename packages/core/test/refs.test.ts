// Refs: a handle that was kept too long never touches the newcomer in its slot.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMonitor } from "../src/monitor/monitor.ts";
import { grown, type PeerRef, Slots, slotOf } from "../src/monitor/refs.ts";
import { ManualHost } from "../src/testing/manual-host.ts";

describe("slots", () => {
  test("are dense, reused first in first out, and every reuse is a new ref", () => {
    const slots = new Slots();
    const [a, b, c] = [slots.take(), slots.take(), slots.take()];
    expect([a, b, c].map(slotOf)).toEqual([0, 1, 2]);
    slots.release(b);
    slots.release(a);
    const again = [slots.take(), slots.take(), slots.take()];
    expect(again.map(slotOf)).toEqual([1, 0, 3]);
    expect(new Set([a, b, c, ...again]).size).toBe(6);
  });

  test("no ref is ever handed out twice, in any order of taking and releasing", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 60, size: "max" }), (choices) => {
        const slots = new Slots();
        const seen = new Set<PeerRef>();
        const held: PeerRef[] = [];
        for (const choice of choices) {
          const [released] = choice < 4 ? held.splice(choice % (held.length || 1), 1) : [];
          if (released !== undefined) {
            slots.release(released);
            continue;
          }
          const ref = slots.take();
          expect(seen.has(ref)).toBe(false);
          seen.add(ref);
          held.push(ref);
          expect(new Set(held.map(slotOf)).size).toBe(held.length);
        }
      }),
    );
  });

  test("whose generations are used up are retired; refs stay small integers until then", () => {
    const slots = new Slots();
    const seen = new Set<PeerRef>();
    for (let n = 0; n < 512; n++) {
      const ref = slots.take();
      expect(slotOf(ref)).toBe(0);
      expect(ref).toBeLessThan(2 ** 31);
      seen.add(ref);
      slots.release(ref);
    }
    expect(seen.size).toBe(512);
    expect(slots.retired).toBe(1);
    expect(slotOf(slots.take())).toBe(1);
  });

  test("run out at four million peers, and say so; the last one has as many generations as the first", () => {
    const slots = new Slots();
    let last = slots.take();
    for (let n = 1; n < 2 ** 22; n++) last = slots.take();
    expect(() => slots.take()).toThrow(
      expect.objectContaining({
        code: "ERR_SYSTOLE_CAPACITY",
        message: expect.stringMatching(/^One monitor holds at most 4194304 peers\.\nSpread them/),
      }),
    );
    for (let generation = 1; generation < 512; generation++) {
      slots.release(last);
      last = slots.take();
    }
    expect([last, slots.retired]).toEqual([2 ** 31 - 1, 0]);
    slots.release(last);
    expect(slots.retired).toBe(1);
  });

  test("that come and go for years leave nothing behind", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const slots = new Slots();
    const held = Array.from({ length: 1_000 }, () => slots.take());
    const pass = (times: number) => {
      for (let n = 0; n < times; n++) {
        for (const [index, ref] of held.entries()) {
          slots.release(ref);
          held[index] = slots.take();
        }
      }
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = pass(20);
    expect(pass(400) - before).toBeLessThan(1_000_000);
  });

  test("are nobody's until they are said to be a living peer's, and again once they are released", () => {
    const slots = new Slots();
    const ref = slots.take();
    expect(slots.isLiving(0)).toBe(false);
    slots.setLiving(0, true);
    expect([slots.isLiving(0), slots.keys[0], slots.refAt(0)]).toEqual([true, ref, ref]);
    slots.setLiving(0, false);
    expect([slots.isLiving(0), slots.refAt(0)]).toEqual([false, ref]);
    slots.setLiving(0, true);
    slots.release(ref);
    expect(slots.isLiving(0)).toBe(false);
    expect(slots.refAt(0)).toBe(slots.take());
  });
});

describe("a stale ref", () => {
  const old = () => {
    const monitor = createMonitor({ host: new ManualHost(), emit() {} });
    const stale = monitor.add("old");
    monitor.remove(stale);
    const newcomer = monitor.add("new");
    expect(slotOf(newcomer)).toBe(slotOf(stale));
    return { monitor, stale, newcomer };
  };

  test("is ignored and counted, in every call (supabase/supabase-js#2625: a stale ping killed the next socket)", () => {
    const { monitor, stale, newcomer } = old();
    const before = monitor.state(newcomer);
    expect(monitor.heard(stale)).toBe(false);
    expect(monitor.heardBeat(stale, 4)).toBe(false);
    monitor.sent(stale);
    monitor.ended(stale, "closed");
    monitor.dial(stale);
    monitor.setPolicy(stale, {});
    monitor.pause(stale);
    monitor.resume(stale);
    monitor.remove(stale);
    expect(monitor.state(newcomer)).toEqual(before);
    expect(monitor.stats()).toMatchObject({ peers: 1, staleRefs: 9 });
  });

  test("has no state, no id and no policy", () => {
    const { monitor, stale, newcomer } = old();
    expect([monitor.state(stale), monitor.id(stale), monitor.policy(stale)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(monitor.id(newcomer)).toBe("new");
    expect(monitor.find("old")).toBeUndefined();
    expect(monitor.find("new")).toBe(newcomer);
  });

  test("may be anything", () => {
    const { monitor } = old();
    for (const ref of [-1, 0.5, 1e300, Number.NaN, undefined, null, "0", {}]) {
      expect(monitor.heard(ref as PeerRef)).toBe(false);
      expect(monitor.state(ref as PeerRef)).toBeUndefined();
    }
  });
});

test("columns grow by a sixteenth and a little more, and only when they must", () => {
  const column = new Uint32Array(1_600).fill(7);
  expect(grown(column, 1_600)).toBe(column);
  const longer = grown(column, 1_601);
  expect([longer.length, longer[1_599], longer[1_600]]).toEqual([1_716, 7, 0]);
  expect(grown(column, 4_000)).toHaveLength(4_000);
});

test("a slot that served 512 peers retires, and the monitor says so", () => {
  const monitor = createMonitor({ host: new ManualHost(), emit() {} });
  for (let n = 0; n < 512; n++) monitor.remove(monitor.add());
  expect(monitor.stats()).toMatchObject({ peers: 0, retiredSlots: 1 });
  expect(slotOf(monitor.add())).toBe(1);
});
