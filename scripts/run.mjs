// @ts-check
// `node scripts/run.mjs FILE.ts [arguments]`: runs one TypeScript program on the sources, with their public
// names as the tests see them. Node 20 cannot read TypeScript, and a module runner makes every call between
// files an access to an object, so the program is first bundled into one file, in a fraction of a second.
import { mkdirSync, rmSync } from "node:fs";
import { builtinModules } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "vite";
import { entries, root } from "./entries.mjs";

/** The bundle of a program, as a path. `plugins` see each source module before it is bundled. */
export async function bundle(file, plugins = []) {
  // Inside the repository, so that packages are found as from the sources; one each, for runs side by side.
  const outDir = `${root}/node_modules/.cache/run/${process.pid}`;
  mkdirSync(outDir, { recursive: true });
  process.once("exit", () => rmSync(outDir, { recursive: true, force: true }));
  const { output } = /** @type {any} */ (
    await build({
      root,
      configFile: false,
      logLevel: "error",
      plugins,
      resolve: {
        alias: entries.map(({ name, source }) => ({
          find: new RegExp(`^${name}$`),
          replacement: `${root}/${source}`,
        })),
      },
      ssr: { noExternal: [/^@systole\//] },
      build: {
        ssr: true,
        outDir,
        emptyOutDir: false,
        minify: false,
        sourcemap: "inline",
        target: "node20",
        rolldownOptions: {
          input: resolve(file),
          external: [/^node:/, ...builtinModules],
          output: { entryFileNames: "[name].mjs" },
        },
      },
    })
  );
  return `${outDir}/${output[0].fileName}`;
}

const [, , file, ...rest] = process.argv;
if (import.meta.filename === process.argv[1]) {
  if (file === undefined) throw new Error("node scripts/run.mjs FILE.ts [arguments]");
  process.setSourceMapsEnabled(true);
  const program = await bundle(file);
  process.argv.splice(1, process.argv.length - 1, program, ...rest);
  await import(pathToFileURL(program).href);
}
