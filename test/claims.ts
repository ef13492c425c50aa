// Pages that claim tests by name, as `file`: "title", and the tests that there really are.
import { readdirSync, readFileSync } from "node:fs";

const root = new URL("../", import.meta.url);

export interface Claim {
  readonly path: string;
  /** Undefined where the whole file is meant. */
  readonly title: string | undefined;
}

/** A file of the repository, by its path in it. */
export function read(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}

/** The tests that a text names: a file, and after a colon the titles of those that are meant. */
export function claimsIn(text: string): readonly Claim[] {
  const claims = text.matchAll(
    /`((?:packages|test|proof)\/[^`]+\.(?:ts|txt))`(?:: ((?:"[^"]+"(?:, )?)+))?/g,
  );
  return [...claims].flatMap(([, path = "", titles]) =>
    titles === undefined
      ? [{ path, title: undefined }]
      : [...titles.matchAll(/"([^"]+)"/g)].map(([, title]) => ({ path, title })),
  );
}

/** Titles of tests: a text that is the first argument of a call with more than one. */
export function titlesIn(code: string): readonly string[] {
  const texts = code.matchAll(/\(\s*("(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`),/g);
  return [...texts].map(([, text = ""]) => text.slice(1, -1).replaceAll("\\`", "`"));
}

/** Every file of TypeScript in a folder of tests. */
export function testFiles(): readonly string[] {
  const packages = readdirSync(new URL("packages/", root)).map((name) => `packages/${name}/test`);
  return ["test", ...packages].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}/${name.replaceAll("\\", "/")}`),
  );
}
