// The excuses of mutants: what each was said of is still there. To change such a line is to look at its excuse again,
// which a run of `pnpm mutate`, twenty minutes long, would otherwise be the first to ask for.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { equivalents } from "../proof/mutate/equivalents.mjs";

const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();

function sourceOf(file: string): string {
  return oneLine(readFileSync(new URL(`../packages/core/src/${file}`, import.meta.url), "utf8"));
}

type Excuse = (typeof equivalents)[number];

test("every excuse is of text that is in the sources, changes it, and says why", () => {
  const files = [...new Set(equivalents.map(({ file }) => file))];
  const sources = new Map(files.map((file) => [file, sourceOf(file)]));
  const isThere = ({ file, was = "" }: Excuse) => was !== "" && sources.get(file)?.includes(was);
  expect(equivalents.filter((each) => !isThere(each))).toEqual([]);
  const saysWhy = ({ was, becomes, because }: Excuse) => was !== becomes && because !== "";
  expect(equivalents.filter((each) => !saysWhy(each))).toEqual([]);
  expect(equivalents.length).toBeGreaterThan(100);
});
