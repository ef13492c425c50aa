// Refs: a handle that was kept too long never touches the newcomer in its slot.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMonitor } from "../src/monitor/monitor.ts";
import { type PeerRef, Slots, slotOf } from "../src/monitor/refs.ts";
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

  test("run out at four million peers, and say so", () => {
    const slots = new Slots();
    for (let n = 0; n < 2 ** 22; n++) slots.take();
    expect(() => slots.take()).toThrow(/^One monitor holds at most 4194304 peers\.\nSpread them/);
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

test("a slot that served 512 peers retires, and the monitor says so", () => {
  const monitor = createMonitor({ host: new ManualHost(), emit() {} });
  for (let n = 0; n < 512; n++) monitor.remove(monitor.add());
  expect(monitor.stats()).toMatchObject({ peers: 0, retiredSlots: 1 });
  expect(slotOf(monitor.add())).toBe(1);
});
