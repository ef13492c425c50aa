// docs/trust.md says what the tools found, and nothing else; the tests, files and commands that it names exist.
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { root } from "../scripts/entries.mjs";
import { page, render, results, slug } from "../scripts/trust.mjs";
import { claimsIn, read, titlesIn } from "./claims.ts";

const text = read(page);
const all = results();

test("docs/trust.md is what `pnpm docs:trust` writes", () => {
  expect(text).toBe(render(text, all));
});

test("a figure that was typed, or a result that nobody shows, would be noticed", () => {
  const result = {
    command: "pnpm nothing --seed 7",
    figures: { seed: 1234567, runs: 1234567 },
    machine: "a machine",
    seconds: 300,
  };
  const marked = (body: string) => `<!-- result: it | pnpm nothing -->\n${body}<!-- /result -->`;
  const shown = render(marked("by hand\n"), { it: result });
  expect(shown).toBe(
    marked(
      "`pnpm nothing --seed 7` (a machine; 5 min)\n\n| | |\n|---|---:|\n| seed | 1234567 |\n| runs | 1,234,567 |\n",
    ),
  );
  expect(render(shown, {})).toBe(marked("*Not run yet:* `pnpm nothing`\n"));
  expect(() => render("", { it: result })).toThrow("no place for it");
});

test.each(claimsIn(text))("$path: $title", ({ path, title }) => {
  const code = read(path);
  const titles = title === undefined ? [title] : titlesIn(code);
  expect(titles.some((each) => title === undefined || each?.includes(title))).toBe(true);
});

test("every link leads somewhere", () => {
  const headings = text
    .split("\n")
    .filter((line) => line.startsWith("#"))
    .map((line) => `#${slug(line.replace(/^#+ /, ""))}`);
  for (const [, target = ""] of text.matchAll(/\]\(([^)]+)\)/g)) {
    const [file = "", anchor] = target.split("#");
    if (file === "") expect(headings).toContain(target);
    else expect(existsSync(`${root}/docs/${file}`), target).toBe(true);
    if (file !== "" && anchor !== undefined) {
      const there = read(file.replace(/^\.\.\//, "")).split("\n");
      const anchors = there
        .map((line) => /^#+ (.+)/.exec(line)?.[1])
        .map((each = "") => slug(each));
      expect(anchors).toContain(anchor);
    }
  }
});

test("every command is a script, or its result says that it was not run yet", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const coming = [...text.matchAll(/\*Not run yet:\* `pnpm ([\w:]+)/g)].map(([, name]) => name);
  const named = [...text.matchAll(/\bpnpm ([\w:]+)/g)].map(([, name = ""]) => name);
  expect(named.filter((name) => !(name in scripts) && !coming.includes(name))).toEqual([]);
});
