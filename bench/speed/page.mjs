// The figures of a page in docs/: everything between its two marks is written here.

import { readFileSync, writeFileSync } from "node:fs";

const TO = "<!-- end of figures -->";

/** `command` is the script that writes them, as in `pnpm bench:speed --write`. */
export function writePage(page, command, text) {
  const from = `<!-- figures: written by \`pnpm ${command} --write\` -->`;
  const before = readFileSync(page, "utf8");
  const [fromAt, toAt] = [before.indexOf(from), before.indexOf(TO)];
  if (fromAt < 0 || toAt < fromAt) throw new Error(`${page} lost its marks for the figures`);
  writeFileSync(page, `${before.slice(0, fromAt)}${from}\n\n${text}\n\n${before.slice(toAt)}`);
}
