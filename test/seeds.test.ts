// docs/seeds.md claims tests and examples by name: they must exist. And two of them live here.

import { existsSync, readFileSync } from "node:fs";
import { deadAtMostMs, definePolicy, relaxed, standard, strict } from "@systole/core";
import { expect, test } from "vitest";

const root = new URL("../", import.meta.url);
const page = readFileSync(new URL("docs/seeds.md", root), "utf8");
const rows = page.split("\n").filter((line) => /^\| (?!what|---)/.test(line));
const claims = rows.flatMap((row) => {
  const shown = row.split("|")[2]?.trim() ?? "";
  if (shown === "*open*") return [];
  const [, path = shown, title] = /^`([^`]+)`(?:: "(.+)")?$/.exec(shown) ?? [];
  return [{ path, title }];
});

test("every row claims something, or is marked open", () => {
  expect(rows.length).toBeGreaterThan(20);
  expect(claims.length).toBeGreaterThan(15);
});

test.each(claims)("$path $title", ({ path, title }) => {
  const file = new URL(path, root);
  expect(existsSync(file)).toBe(true);
  if (title !== undefined) expect(readFileSync(file, "utf8")).toContain(title);
});

test("five beats of three seconds are a policy", () => {
  const policy = definePolicy({ intervalMs: 3_000, suspectAfterMs: 9_000, deadAfterMs: 15_000 });
  expect(policy.deadAfterMs).toBe(5 * policy.intervalMs);
});

test("presets keep what their names promise", () => {
  expect(deadAtMostMs(definePolicy(strict))).toBeLessThanOrEqual(6_000);
  expect(deadAtMostMs(definePolicy(standard))).toBeLessThanOrEqual(10_000);
  expect(deadAtMostMs(definePolicy(relaxed))).toBeLessThanOrEqual(30_000);
});
