// Which life of a peer a frame speaks of: the table of all relations, and that it is one.
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Incarnation, type Relation, relate } from "../src/endpoint/incarnation.ts";

const boot = { hi: 1, lo: 2 };
const otherBoot = { hi: 1, lo: 3 };
const known: Incarnation = { epoch: 100, session: 5, boot };

test.each([
  ["the very same", { epoch: 100, session: 5, boot }, "same"],
  ["the same with an epoch that was raised", { epoch: 101, session: 5, boot }, "same"],
  ["its next conversation", { epoch: 100, session: 6, boot }, "new-session"],
  ["its next conversation, epoch raised", { epoch: 101, session: 6, boot }, "new-session"],
  ["an earlier conversation", { epoch: 100, session: 4, boot }, "old"],
  ["a later conversation before the epoch was raised", { epoch: 99, session: 6, boot }, "old"],
  ["the same before its epoch was raised", { epoch: 99, session: 5, boot }, "old"],
  ["another process, later", { epoch: 101, session: 1, boot: otherBoot }, "new-process"],
  [
    "another process of the same instant",
    { epoch: 100, session: 9, boot: otherBoot },
    "clock-behind",
  ],
  [
    "another process, clock stepped back",
    { epoch: 1, session: 9, boot: otherBoot },
    "clock-behind",
  ],
] as const)("%s: %s → %s", (_name, claimed, relation) => {
  expect(relate(claimed, known)).toBe(relation satisfies Relation);
});

const incarnations: fc.Arbitrary<Incarnation> = fc.record({
  epoch: fc.nat({ max: 3 }),
  session: fc.integer({ min: 1, max: 3 }),
  boot: fc.constantFrom(boot, otherBoot),
});

test("two processes never both come after each other, and one conversation never comes after itself", () => {
  fc.assert(
    fc.property(incarnations, incarnations, (a, b) => {
      const [there, back] = [relate(a, b), relate(b, a)];
      const isNewer = (relation: Relation) =>
        relation === "new-process" || relation === "new-session";
      expect(isNewer(there) && isNewer(back)).toBe(false);
      expect(there === "same" && back === "same").toBe(JSON.stringify(a) === JSON.stringify(b));
      if (isNewer(there)) expect(["old", "clock-behind"]).toContain(back);
    }),
  );
});

test("an earlier life never comes back: newer than newer is newer, where one process raises its numbers", () => {
  fc.assert(
    fc.property(incarnations, incarnations, incarnations, (a, b, c) => {
      const later = (x: Incarnation, y: Incarnation) => relate(x, y) === "new-process";
      if (later(a, b) && later(b, c) && a.boot !== c.boot) expect(later(a, c)).toBe(true);
      const next = (x: Incarnation, y: Incarnation) => relate(x, y) === "new-session";
      if (next(a, b) && next(b, c)) expect(next(a, c)).toBe(true);
    }),
  );
});
