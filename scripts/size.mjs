// What an application ships for each subpath: minified and gzipped bytes. Every subpath of core is
// measured with what it pulls in beyond the root, other packages without core; the monitor alone is
// what is left of the root for who imports nothing but `createMonitor`. Says whether the target is met, and
// fails above a limit, so that nothing grows unnoticed. `--files` says in which source modules the bytes are.
import { gzipSync } from "node:zlib";
import { build, minify } from "vite";
import { entries, root } from "./entries.mjs";

const MONITOR_ALONE = "createMonitor alone";
const RULES_ALONE = "transition alone";
/** What somebody imports who needs no more of the root. */
const alone = {
  [MONITOR_ALONE]: "createMonitor",
  [RULES_ALONE]: "definePolicy, initialPeer, transition",
};

/** Gzipped bytes: where we want to be, and what must not be exceeded on the way. */
const budgets = {
  "@systole/core": { target: 8_192, limit: 15_040 },
  [MONITOR_ALONE]: { target: 5_120, limit: 13_376 },
  "@systole/core/system": { target: 1_024, limit: 1_024 },
  "@systole/core/endpoint": { target: 8_192, limit: 15_872 },
};

const core = entries.find(({ name }) => name === "@systole/core");
const coreFile = `${root}/${core.built}`;
const virtual = {
  name: "alone",
  resolveId: (id) => (id in alone ? id : undefined),
  load: (id) =>
    id in alone ? `export { ${alone[id]} } from ${JSON.stringify(coreFile)};` : undefined,
};

/** The chunks of an entry, without what it shares with the root of core. */
async function chunksOf(file, isMinified) {
  const isAlone = file === coreFile || file in alone;
  const { output } = await build({
    root,
    configFile: false,
    logLevel: "error",
    plugins: [virtual],
    build: {
      write: false,
      minify: isMinified,
      target: "es2022",
      rolldownOptions: {
        input: isAlone ? [file] : [coreFile, file],
        preserveEntrySignatures: "strict",
        external: [/^node:/, /^@systole\//],
      },
    },
  });
  return isAlone ? output : output.filter(({ facadeModuleId }) => facadeModuleId === file);
}

/** Each module minified by itself: good for comparing, though their names are not shortened. */
async function printFiles(file) {
  const chunks = await chunksOf(file, false);
  const sizes = chunks.flatMap(({ modules }) =>
    Object.entries(modules).map(async ([path, { code }]) => {
      const bytes = code ? (await minify(path, code)).code.length : 0;
      return [path.replace(/.*\/dist\//, ""), bytes];
    }),
  );
  const largestFirst = (await Promise.all(sizes)).sort(([, a], [, b]) => b - a);
  for (const [path, bytes] of largestFirst) {
    if (bytes > 0) console.log(`  ${String(bytes).padStart(6)} B minified  ${path}`);
  }
}

const measured = entries.map(({ name, built }) => [name, `${root}/${built}`]);
const afterCore = measured.findIndex(([name]) => name === core.name) + 1;
measured.splice(afterCore, 0, ...Object.keys(alone).map((name) => [name, name]));

for (const [name, file] of measured) {
  const chunks = await chunksOf(file, true);
  const bytes = gzipSync(chunks.map(({ code }) => code).join(""), { level: 9 }).length;
  const { target, limit } = budgets[name] ?? {};
  const met = bytes > target ? `MISSED by ${bytes - target} B` : "met";
  const verdict = target === undefined ? "no target" : `target ${target}: ${met}`;
  console.log(`${name.padEnd(24)} ${String(bytes).padStart(6)} B gzip  ${verdict}`);
  if (process.argv.includes("--files")) await printFiles(file);
  if (bytes <= (limit ?? bytes)) continue;
  console.log(`  above its limit of ${limit} B`);
  process.exitCode = 1;
}
