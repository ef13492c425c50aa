// The figures of a page: everything between its two marks is written here.

import { readFileSync, writeFileSync } from "node:fs";

const TO = "<!-- end of figures -->";

export function writePage(page, text, command = "bench:speed") {
  const mark = `<!-- figures: written by \`pnpm ${command} --write\` -->`;
  const before = readFileSync(page, "utf8");
  const [from, to] = [before.indexOf(mark), before.indexOf(TO)];
  if (from < 0 || to < from) throw new Error(`${page} lost its marks for the figures`);
  writeFileSync(page, `${before.slice(0, from)}${mark}\n\n${text}\n\n${before.slice(to)}`);
}
