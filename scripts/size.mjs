// What an application ships for each subpath: minified and gzipped bytes. Every subpath of core is
// measured with what it pulls in beyond the root, other packages without core. Prints the target
// beside the figure, and fails above the limit, so that nothing grows unnoticed.
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { entries, root } from "./entries.mjs";

/** Where we want to be, and what must not be exceeded on the way. */
const budgets = {
  "@systole/core": { targetBytes: 8_192, limitBytes: 12_288 },
  "@systole/core/system": { targetBytes: 1_024, limitBytes: 1_024 },
  "@systole/core/endpoint": { targetBytes: 8_192, limitBytes: 11_264 },
};

const core = entries.find(({ name }) => name === "@systole/core");

/** The bytes of `entry`, without those it shares with the root of core. */
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
        input: [...new Set([core.built, entry.built])].map((built) => `${root}/${built}`),
        preserveEntrySignatures: "strict",
        external: [/^node:/, /^@systole\//],
      },
    },
  });
  const isOwn = ({ facadeModuleId }) => facadeModuleId?.endsWith(entry.built);
  const own = entry === core ? output : output.filter(isOwn);
  return gzipSync(own.map(({ code }) => code).join(""), { level: 9 }).length;
}

for (const entry of entries) {
  const bytes = await gzippedBytes(entry);
  const { targetBytes, limitBytes } = budgets[entry.name] ?? {};
  const met = targetBytes && (bytes <= targetBytes ? "met" : `MISSED by ${bytes - targetBytes} B`);
  const verdict = targetBytes ? `target ${targetBytes}: ${met}` : "no target";
  console.log(`${entry.name.padEnd(24)} ${String(bytes).padStart(6)} B gzip  ${verdict}`);
  if (bytes > limitBytes) {
    console.log(`  above its limit of ${limitBytes} B`);
    process.exitCode = 1;
  }
}
