// @ts-check
// What users can import, read from the packages' own `exports`, so that the tests' aliases, the size
// budgets, the package checks and the browser page cannot disagree with what is published.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The repository's directory, without a trailing slash. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");

/**
 * One importable name, with the built file and the source file behind it (relative to `root`).
 * @typedef {{ name: string, built: string, source: string }} Entry
 */

/** @type {readonly Entry[]} */
export const entries = readdirSync(`${root}/packages`).flatMap((directory) => {
  const { name, exports } = JSON.parse(
    readFileSync(`${root}/packages/${directory}/package.json`, "utf8"),
  );
  return Object.entries(exports)
    .filter(([subpath]) => subpath !== "./package.json")
    .map(([subpath, target]) => {
      const file = target.default.replace(/^\.\/dist\/(.+)\.js$/, "$1");
      return {
        name: name + subpath.slice(1),
        built: `packages/${directory}/dist/${file}.js`,
        source: `packages/${directory}/src/${file}.ts`,
      };
    });
});
