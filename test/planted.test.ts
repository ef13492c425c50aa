// `pnpm planted` is only worth something while its bugs can be planted in today's sources, each of which
// somebody could have written. That they are found is for the command to say.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { apply, parse, readBugs } from "../proof/planted/patch.ts";
import { root } from "../scripts/entries.mjs";

const bugs = readBugs(`${root}/proof/planted`);

test("there are enough of them, and no number is missing", () => {
  expect(bugs.length).toBeGreaterThanOrEqual(24);
  const numbers = bugs.map((_bug, n) => String(n + 1).padStart(2, "0"));
  expect(bugs.map(({ number }) => number)).toEqual(numbers);
});

test.each(bugs)("$number $name applies to today's sources", ({ files, thought, rule }) => {
  for (const file of files) {
    const source = readFileSync(`${root}/${file.path}`, "utf8");
    expect(apply(source, file)).not.toBe(source);
    expect(file.path).toMatch(/^packages\/[a-z-]+\/src\/.+\.ts$/);
  }
  expect(thought.length).toBeGreaterThan(30);
  expect(rule.length).toBeGreaterThan(30);
});

const diff = (before: string) => `A thought.\n\nBreaks: a rule.\n
--- a/file.ts
+++ b/file.ts
@@ -1,2 +1,2 @@
 first
-${before}
+changed
`;

test("what is not there once is not planted", () => {
  const patch = (before: string) => parse("01-x.patch", diff(before)).files[0]!;
  expect(apply("first\nsecond\nthird\n", patch("second"))).toBe("first\nchanged\nthird\n");
  // Lines may have moved.
  expect(apply("new\nfirst\nsecond\n", patch("second"))).toBe("new\nfirst\nchanged\n");
  expect(() => apply("first\nsecond\n", patch("other"))).toThrow(/no longer applies to file.ts/);
  expect(() => apply("first\nx\nfirst\nx\n", patch("x"))).toThrow(/more than once/);
  expect(() => parse("01-x.patch", diff("x").replace("Breaks", "Maybe"))).toThrow(/must open with/);
});
