// @ts-check
// Counters in the sources: a vite plugin that lets istanbul write one for each statement, function and
// branch into the core, before anything else touches the TypeScript. All of them are laid into one array: a
// counter costs one instruction, and an execution is looked at in a microsecond.
import { createInstrumenter } from "istanbul-lib-instrument";
import { root } from "../../scripts/entries.mjs";

/** How many counters there can be in all: many times what the sources need. Each stops at 255. */
const ROOM = 2 ** 16;

let next = 0;

/**
 * The code of a module, with counters. It registers itself in `globalThis.__fuzzed`, by its path: where in
 * `globalThis.__fuzzCounts` its counters begin, and which are branches.
 * @param {string} code
 * @param {string} path
 */
export function instrument(code, path) {
  const instrumenter = createInstrumenter({ esModules: true, parserPlugins: ["typescript"] });
  const counted = instrumenter.instrumentSync(code, path);
  const { s, f, b, branchMap } = /** @type {any} */ (instrumenter.lastFileCoverage());
  const from = next;
  const functionsFrom = from + Object.keys(s).length;
  next = functionsFrom + Object.keys(f).length;
  /** @type {Record<string, number>} */
  const branchFrom = {};
  /** @type {{ at: number, where: string }[]} */
  const branches = [];
  for (const [name, { type, loc, locations }] of Object.entries(branchMap)) {
    branchFrom[name] = next;
    for (const [way] of b[name].entries()) {
      const line = locations[way]?.start.line ?? loc.start.line;
      branches.push({ at: next++, where: `${path}:${line}, ${type} ${way + 1}` });
    }
  }
  next = 8 * Math.ceil(next / 8);
  if (next > ROOM) throw new Error(`more than ${ROOM} counters`);
  const file = JSON.stringify({ path, from, until: next, branches });
  /**
   * @param {string} _whole
   * @param {string} kind statement, function or branch
   * @param {string} number
   * @param {string | undefined} way
   */
  const counter = (_whole, kind, number, way) => {
    const at = { s: from, f: functionsFrom }[kind];
    const begins = at === undefined ? branchFrom[number] : at + Number(number);
    return `__counts[${Number(begins) + Number(way ?? 0)}]++`;
  };
  const registered =
    `const __counts = (globalThis.__fuzzCounts ??= new Uint8ClampedArray(${ROOM}));` +
    `(globalThis.__fuzzed ??= []).push(${file});`;
  // What istanbul keeps in objects: a function that finds them, its call, and each count.
  const [, name = ""] = /^function (cov_\w+)\(/.exec(counted) ?? [];
  const begins = counted.indexOf(`return actualCoverage;}${name}();`);
  if (begins < 0) throw new Error(`${path}: istanbul writes its counters otherwise`);
  const body = counted
    .slice(counted.indexOf(`${name}();`, begins) + name.length + 3)
    .replaceAll(`${name}().`, "__cov.")
    .replace(/__cov\.([sfb])\[(\d+)\](?:\[(\d+)\])?\+\+/g, counter);
  return registered + body;
}

/**
 * Instruments those sources of the core that are wanted.
 * @param {(path: string) => boolean} wants by the path in `packages/core/src/`
 * @returns {import("vite").Plugin}
 */
export function instrumented(wants) {
  const sources = `${root}/packages/core/src/`;
  return {
    name: "systole:fuzz",
    enforce: "pre",
    transform(code, id) {
      const path = id.startsWith(sources) && id.slice(sources.length);
      if (path && wants(path)) return { code: instrument(code, path), map: null };
      return undefined;
    },
  };
}
