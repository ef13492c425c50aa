// The hermetic tests as everybody runs them, in another order: those of the file a bug is in first, and then
// what is cheap. A bug is found as surely, and sooner.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import everybodys from "../../vitest.config.ts";
import { PLANTED_IN } from "./tools.ts";

/** The files a bug is in, as `directory/file.ts`. */
const planted = (process.env[PLANTED_IN] ?? "")
  .split(",")
  .map((path) => path.split("/").slice(-2).join("/"));
/** Single behaviours, then what is drawn at random, then whole networks. */
const KINDS = [
  /(?<!property|simulation)\.test\.ts$/,
  /\.property\.test\.ts$/,
  /\.simulation\.test\.ts$/,
];

/** The less, the earlier: tests of the file, tests of its directory, the others. */
function rank({ moduleId }: TestSpecification): number {
  const source = readFileSync(moduleId, "utf8");
  const distances = planted.map((path) => {
    const [directory = "", file = ""] = path.split("/");
    const isNamed = basename(moduleId).startsWith(`${file.slice(0, -3)}.`);
    if (isNamed || source.includes(`/${file}"`)) return 0;
    return source.includes(`src/${directory}/`) ? 1 : 2;
  });
  return Math.min(...distances) * KINDS.length + KINDS.findIndex((is) => is.test(moduleId));
}

class NearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const ranks = new Map(files.map((file) => [file, rank(file)]));
    const of = (file: TestSpecification) => ranks.get(file) as number;
    return [...files].sort((a, b) => of(a) - of(b) || a.moduleId.localeCompare(b.moduleId));
  }
}

export default defineConfig((env) => {
  const config = everybodys(env);
  return { ...config, test: { ...config.test, sequence: { sequencer: NearestFirst } } };
});
