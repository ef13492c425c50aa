// The code blocks of our documents, run as they stand: a comment above a block gives it a name, and a
// test gives it the names it takes for granted.

import { readFileSync } from "node:fs";
import * as threads from "node:worker_threads";
import * as core from "@systole/core";
import * as endpoint from "@systole/core/endpoint";
import * as quality from "@systole/core/quality";
import * as replay from "@systole/core/replay";
import * as system from "@systole/core/system";
import * as testing from "@systole/core/testing";
import * as arbitraries from "@systole/core/testing/arbitraries";
import * as fastCheck from "fast-check";
import { transformWithOxc } from "vite";
import * as vitest from "vitest";

const root = new URL("../", import.meta.url);

/** What blocks may import. Tests add what they stub. */
const modules: Record<string, object> = {
  "@systole/core": core,
  "@systole/core/endpoint": endpoint,
  "@systole/core/quality": quality,
  "@systole/core/replay": replay,
  "@systole/core/system": system,
  "@systole/core/testing": testing,
  "@systole/core/testing/arbitraries": arbitraries,
  "fast-check": fastCheck,
  "node:worker_threads": threads,
  vitest,
};

export type Scope = Record<string, unknown>;

/** A document whose blocks are run. */
export class Document {
  readonly #blocks: ReadonlyMap<string, string>;
  readonly #left: Set<string>;

  constructor(path: string) {
    this.#blocks = examplesOf(path);
    this.#left = new Set(this.#blocks.keys());
  }

  block(name: string): string {
    return this.#blocks.get(name) ?? "";
  }

  /** What a block says it prints, in comments that are lines of their own. */
  shown(name: string): readonly string[] {
    return [...this.block(name).matchAll(/^\/\/ (.*)$/gm)].map(([, line = ""]) => line);
  }

  /** Runs a block; see `runExample`. */
  async run(
    name: string,
    scope: Scope,
    wanted: readonly string[] = [],
    imports: Record<string, object> = {},
  ): Promise<Scope> {
    this.#left.delete(name);
    return await runExample(this.block(name), scope, wanted, imports);
  }

  /** Blocks that were not run. */
  get left(): readonly string[] {
    return [...this.#left];
  }
}

/** The named code blocks of a document. Blocks of code without a name are an error. */
export function examplesOf(document: string): ReadonlyMap<string, string> {
  const text = readFileSync(new URL(document, root), "utf8");
  const blocks = [...text.matchAll(/(?:<!-- example: ([\w-]+) -->\n+)?```[jt]s\n([\s\S]*?)```/g)];
  return new Map(
    blocks.map(([block, name, code = ""]) => {
      if (name === undefined) throw new Error(`${document}: a block without a name:\n${block}`);
      return [name, code];
    }),
  );
}

/**
 * Runs a block with `scope` as its surroundings, and returns what it defined under `wanted` names.
 * Imports become look-ups, so a block sees the sources under test, or what `imports` puts in their place.
 */
export async function runExample(
  code: string,
  scope: Scope,
  wanted: readonly string[] = [],
  imports: Record<string, object> = {},
): Promise<Scope> {
  const known = { ...modules, ...imports };
  const { code: script } = await transformWithOxc(code, "example.ts", { sourcemap: false });
  const body = script
    .replaceAll(/^import \{(.+)\} from "(.+)";$/gm, (_line, names: string, from: string) => {
      if (known[from] === undefined) throw new Error(`an example imports ${from}`);
      const bindings = names.replaceAll(/ as /g, ": ");
      return `const {${bindings}} = imports[${JSON.stringify(from)}];`;
    })
    .replaceAll(/^import (\w+) from "(.+)";$/gm, (_line, name: string, from: string) => {
      if (known[from] === undefined) throw new Error(`an example imports ${from}`);
      return `const ${name} = imports[${JSON.stringify(from)}].default;`;
    })
    .replaceAll(/^export (?=function|const|class)/gm, "");
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
  const run = new AsyncFunction(
    "imports",
    ...Object.keys(scope),
    `"use strict";\n${body}\nreturn { ${wanted.join(", ")} };`,
  );
  return (await run(known, ...Object.values(scope))) as Scope;
}
