// What the tests import from vitest where they run in place: each is collected once and called as often as there
// are mutants. The expectations are vitest's own.
import { format } from "node:util";
import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";
import * as chai from "chai";

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);

/** All tests that a body registers, each with its whole name and what runs it. */
export async function collect(body) {
  tests = [];
  await body();
  return tests;
}

let tests = [];
let path = [];

/** Opens a file, or a group: whatever is registered next belongs to it. */
export function within(name, body) {
  const outer = path;
  path = [...path, name];
  const left = () => {
    path = outer;
  };
  const result = body();
  // Only files are loaded asynchronously, one after another.
  if (result instanceof Promise) return result.finally(left);
  left();
}

function test(name, ...rest) {
  const run = rest.find((each) => typeof each === "function");
  const title = [...path, name].join(" › ");
  const alike = tests.filter((each) => each.title === title).length;
  tests.push({ title, id: alike === 0 ? title : `${title} (${alike + 1})`, run });
}

/** Rows as arguments, where all of them are arrays; else each is the only argument. */
function each(register) {
  return (rows) => (name, body) => {
    const areLists = rows.every(Array.isArray);
    for (const row of rows) {
      const args = areLists ? row : [row];
      register(titled(name, args), () => body(...args));
    }
  };
}

/** As many of the arguments as the name has places for. */
function titled(name, args) {
  const places = name.match(/%[sdifjoO]/g)?.length ?? 0;
  return format(name, ...args.slice(0, places));
}

/** The part of vitest that the tests use. A test that uses more fails at once, and loudly. */
export const vitest = {
  expect: chai.expect,
  test: Object.assign(test, { each: each(test) }),
  describe: Object.assign(within, { each: each(within) }),
};
