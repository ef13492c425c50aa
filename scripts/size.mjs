// What an application ships for each subpath: minified and gzipped bytes of everything the subpath
// pulls in, other Systole packages aside. Fails over a budget.
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { entries, root } from "./entries.mjs";

const budgetBytes = {
  "@systole/core": 8192,
  "@systole/core/system": 1024,
  "@systole/core/endpoint": 8192,
};

async function gzippedBytes(entry) {
  const { output } = await build({
    root,
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      minify: true,
      target: "es2022",
      rolldownOptions: {
        input: `${root}/${entry.built}`,
        preserveEntrySignatures: "strict",
        external: [/^node:/, /^@systole\//],
      },
    },
  });
  const code = output.map((chunk) => chunk.code).join("");
  return gzipSync(code, { level: 9 }).length;
}

for (const entry of entries) {
  const bytes = await gzippedBytes(entry);
  const budget = budgetBytes[entry.name];
  const over = bytes > budget;
  if (over) process.exitCode = 1;
  const verdict = budget === undefined ? "no budget" : `budget ${budget}${over ? " EXCEEDED" : ""}`;
  console.log(`${entry.name.padEnd(24)} ${String(bytes).padStart(6)} B gzip  ${verdict}`);
}
