// The figures of docs/performance.md: everything between its two marks is written here.

import { readFileSync, writeFileSync } from "node:fs";

const FROM = "<!-- figures: written by `pnpm bench:speed --write` -->";
const TO = "<!-- end of figures -->";

export function writePage(page, text) {
  const before = readFileSync(page, "utf8");
  const [from, to] = [before.indexOf(FROM), before.indexOf(TO)];
  if (from < 0 || to < from) throw new Error("docs/performance.md lost its marks for the figures");
  writeFileSync(page, `${before.slice(0, from)}${FROM}\n\n${text}\n\n${before.slice(to)}`);
}
