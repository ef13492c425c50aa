// Conversations: found by tags nobody can guess, in slots that are reused, and bounded for strangers.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { definePolicy } from "../src/define-policy.ts";
import type { Word64 } from "../src/endpoint/frame.ts";
import type { Session } from "../src/endpoint/session.ts";
import { Sessions } from "../src/endpoint/sessions.ts";
import { ManualHost } from "../src/testing/manual-host.ts";

const policy = definePolicy();

function setUp({ maxStrangers = 3, owned = false, seed = 1 } = {}) {
  const host = new ManualHost({ seed });
  const sessions = new Sessions(() => host.entropy(), maxStrangers, owned);
  let now = 0;
  return {
    sessions,
    pass: (ms: number) => {
      now += ms;
    },
    open: (place: string) => sessions.open(place, policy, "both", now),
    stranger: (place: string) => sessions.openForStranger(place, policy, "both", now),
  };
}

describe("tags", () => {
  test("find their conversation while it is open, and nothing after that, also in a reused slot", () => {
    const { sessions, open } = setUp();
    const first = open("a");
    expect(sessions.byTag(first.tag)).toBe(first);
    sessions.close(first);
    const second = open("b");
    expect(second.tag.lo % 2 ** 22).toBe(first.tag.lo % 2 ** 22);
    expect(sessions.byTag(first.tag)).toBeUndefined();
    expect(sessions.byTag(second.tag)).toBe(second);
  });

  test("find nothing where any bit of either half is another", () => {
    const { sessions, open } = setUp();
    const { tag } = open("a");
    const { hi, lo } = tag;
    const others = Array.from({ length: 32 }, (_, bit) => [
      { hi: (hi ^ (1 << bit)) >>> 0, lo },
      { hi, lo: (lo ^ (1 << bit)) >>> 0 },
    ]).flat();
    expect(others.map((other) => sessions.byTag(other))).toEqual(others.map(() => undefined));
  });

  test("of nobody find nobody", () => {
    const { sessions, open } = setUp();
    const { tag } = open("a");
    const strange: Word64[] = [
      { hi: 0, lo: 0 },
      { hi: 2 ** 32 - 1, lo: 2 ** 32 - 1 },
      { hi: tag.hi, lo: (tag.lo + 1) % 2 ** 32 },
      { hi: (tag.hi + 1) % 2 ** 32, lo: tag.lo },
    ];
    expect(strange.map((word) => sessions.byTag(word))).toEqual(strange.map(() => undefined));
  });

  test("closing twice frees a slot once", () => {
    const { sessions, open } = setUp();
    const a = open("a");
    sessions.close(a);
    sessions.close(a);
    const [b, c] = [open("b"), open("c")];
    expect(sessions.size).toBe(2);
    expect([sessions.byTag(b.tag), sessions.byTag(c.tag)]).toEqual([b, c]);
    // Closing the first one again does not touch who has its slot now.
    sessions.close(a);
    expect(sessions.byTag(b.tag)).toBe(b);
  });

  test("of one conversation are good three at a time: the one it hands out, and the newest others", () => {
    const { sessions, open } = setUp();
    const session = open("a");
    const good = (tags: readonly Word64[]) => tags.map((tag) => sessions.byTag(tag) === session);
    const more = [0, 1].map(() => sessions.handOutAnother(session));
    expect(good([session.tag, ...more])).toEqual([true, true, true]);
    more.push(sessions.handOutAnother(session));
    expect(good([session.tag, ...more])).toEqual([true, false, true, true]);
    // Its own may be one of the others by now.
    session.tag = more[2] as Word64;
    const [first] = session.tags as [Word64];
    more.push(sessions.handOutAnother(session));
    expect(good([first, ...more])).toEqual([false, false, true, true, true]);
    sessions.close(session);
    expect(good(more)).toEqual([false, false, false, false]);
  });

  test("number conversations upwards, for the other side to tell earlier from later", () => {
    const { sessions, open } = setUp();
    const numbers = [open("a"), open("b")].map(({ number }) => number);
    const third = open("c");
    sessions.close(third);
    expect([...numbers, third.number, open("c").number]).toEqual([1, 2, 3, 4]);
  });
});

describe("strangers", () => {
  test("are bounded: the oldest gives way", () => {
    const { sessions, stranger } = setUp({ maxStrangers: 3 });
    const all = ["a", "b", "c", "d", "e"].map(stranger);
    expect([sessions.strangers, sessions.size]).toEqual([3, 3]);
    expect(all.map(({ tag }) => sessions.byTag(tag) !== undefined)).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
    expect(sessions.strangerAt("a")).toBeUndefined();
    expect(sessions.strangerAt("e")).toBe(all[4]);
  });

  test("have one conversation a place: the newest", () => {
    const { sessions, stranger } = setUp();
    const first = stranger("a");
    const second = stranger("a");
    expect([sessions.strangers, sessions.size]).toEqual([1, 1]);
    expect([sessions.byTag(first.tag), sessions.strangerAt("a")]).toEqual([undefined, second]);
  });

  test("expire when they proved nothing for deadAfterMs, once another one comes", () => {
    const { sessions, stranger, pass } = setUp({ maxStrangers: 100 });
    stranger("a");
    pass(1);
    stranger("b");
    pass(policy.deadAfterMs);
    stranger("c");
    expect(sessions.strangers).toBe(2);
    pass(1);
    stranger("d");
    expect([sessions.strangers, sessions.strangerAt("b")]).toEqual([2, undefined]);
  });

  test("on connections do not give way to each other: their handshakes do", () => {
    const { sessions, stranger, pass } = setUp({ maxStrangers: 1, owned: true });
    const first = stranger("a");
    pass(policy.deadAfterMs + 1);
    stranger("b");
    expect([sessions.strangers, sessions.at("a")]).toEqual([2, first]);
  });

  test("no longer give way once they are somebody", () => {
    const { sessions, stranger } = setUp({ maxStrangers: 1 });
    const known = stranger("a");
    sessions.adopt(known);
    stranger("b");
    stranger("c");
    expect([sessions.strangers, sessions.size]).toEqual([1, 2]);
    expect(sessions.byTag(known.tag)).toBe(known);
    // Adopting one does not free another that came later at the same place.
    const later = stranger("a");
    sessions.adopt(known);
    expect(sessions.strangerAt("a")).toBe(later);
  });
});

describe("places", () => {
  test("that belong to one conversation at a time belong to the newest", () => {
    const { sessions, open } = setUp({ owned: true });
    const first = open("a");
    const second = open("a");
    expect(sessions.at("a")).toBe(second);
    sessions.close(first);
    expect(sessions.at("a")).toBe(second);
    sessions.close(second);
    expect(sessions.at("a")).toBeUndefined();
  });

  test("that are only addresses belong to nobody", () => {
    const { sessions, open } = setUp();
    open("a");
    expect(sessions.at("a")).toBeUndefined();
  });
});

type Op = { readonly kind: "open" | "stranger" | "close" | "adopt"; readonly n: number };
const ops: fc.Arbitrary<Op[]> = fc.array(
  fc.record({
    kind: fc.constantFrom("open" as const, "stranger" as const, "close" as const, "adopt" as const),
    n: fc.nat({ max: 12 }),
  }),
  { maxLength: 60 },
);

test("whatever is opened and closed, tags are unique, and memory is bounded by what is open", () => {
  fc.assert(
    fc.property(ops, fc.integer({ min: 1, max: 4 }), fc.nat(), (list, maxStrangers, seed) => {
      const { sessions, open, stranger, pass } = setUp({ maxStrangers, seed });
      const mine: Session[] = [];
      const everybody: Session[] = [];
      const tags = new Set<string>();
      for (const { kind, n } of list) {
        pass(1);
        const some = everybody[n % Math.max(1, everybody.length)];
        if (kind === "open") {
          mine.push(open(`${n}`));
          everybody.push(mine.at(-1) as Session);
        } else if (kind === "stranger") {
          everybody.push(stranger(`${n}`));
        } else if (some !== undefined && kind === "close") {
          sessions.close(some);
          if (mine.includes(some)) mine.splice(mine.indexOf(some), 1);
        } else if (some !== undefined && sessions.strangerAt(some.place as string) === some) {
          sessions.adopt(some);
          mine.push(some);
        }
        expect(mine.every((each) => sessions.byTag(each.tag) === each)).toBe(true);
        expect(sessions.strangers).toBeLessThanOrEqual(maxStrangers);
        expect(sessions.size).toBe(mine.length + sessions.strangers);
        const found = everybody.filter(({ tag }) => sessions.byTag(tag) !== undefined);
        expect(found.length).toBe(sessions.size);
      }
      for (const { tag } of everybody) tags.add(`${tag.hi}:${tag.lo}`);
      expect(tags.size).toBe(everybody.length);
    }),
  );
});
