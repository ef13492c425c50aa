// Peers found by their refs, against a Map: whoever comes, goes, and comes into a slot that was somebody else's.
import fc from "fast-check";
import { expect, test } from "vitest";
import { ByRef } from "../src/endpoint/by-ref.ts";
import { type PeerRef, Slots, slotOf } from "../src/monitor/refs.ts";

test("finds whoever is there, by the ref of now and by no other, and all of them by ascending slot", () => {
  const steps = fc.array(fc.oneof(fc.constant("add" as const), fc.nat(20)), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (list) => {
      const slots = new Slots();
      const table = new ByRef<{ readonly ref: PeerRef }>();
      const twin = new Map<PeerRef, { readonly ref: PeerRef }>();
      const seen: PeerRef[] = [];
      for (const step of list) {
        if (step === "add") {
          const one = { ref: slots.take() };
          table.add(one);
          twin.set(one.ref, one);
          seen.push(one.ref);
        } else {
          const ref = seen[step];
          if (ref === undefined) continue;
          if (twin.delete(ref)) slots.release(ref);
          table.delete(ref);
        }
        for (const ref of seen) expect(table.get(ref)).toBe(twin.get(ref));
        expect(table.size).toBe(twin.size);
        const bySlot = [...twin.values()].sort((a, b) => slotOf(a.ref) - slotOf(b.ref));
        expect([...table]).toEqual(bySlot);
      }
    }),
  );
});
