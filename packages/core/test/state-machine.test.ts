// The page in the docs is generated from the table of the machine, and is up to date.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { root } from "../../../scripts/entries.mjs";
import { page, render } from "../../../scripts/state-machine.mjs";
import { NEEDS_PROOF, TRANSITIONS } from "../src/peer/transition.ts";

const written = readFileSync(`${root}/${page}`, "utf8");

test("docs/state-machine.md is what `pnpm docs:state-machine` writes", () => {
  expect(written).toBe(render({ TRANSITIONS, NEEDS_PROOF }));
});

test("the diagram has an arrow for every change in the table, and no other", () => {
  const arrows = [...written.matchAll(/^ {4}(\w+) --> (\w+): (.+)$/gm)].flatMap(
    ([, from, to, causes = ""]) =>
      causes.split(", ").map((cause) => `${from} ${cause.replace("¹", "")} ${to}`),
  );
  const changes = Object.entries(TRANSITIONS).flatMap(([from, row]) =>
    Object.entries(row).flatMap(([trigger, to]) => (to === from ? [] : `${from} ${trigger} ${to}`)),
  );
  expect(arrows.toSorted()).toEqual(changes.toSorted());
});

test("a status that the page does not describe is an error, not a blank", () => {
  const more = { ...TRANSITIONS, zombie: TRANSITIONS.dead };
  expect(() => render({ TRANSITIONS: more, NEEDS_PROOF })).toThrow(/has the statuses .*zombie/);
});
