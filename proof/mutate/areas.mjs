// What is mutated, by which tests it is judged, and which score is demanded of it.

const core = "packages/core/src";
const test = "packages/core/test";

/**
 * The tests of an area stand in the order in which they run: the quick and sharp ones first, because the
 * first that fails ends a mutant.
 */
export const areas = {
  peer: {
    least: 95,
    mutate: [`${core}/peer/*.ts`],
    tests: [
      "transition",
      "table",
      "evidence",
      "suspicion",
      "policy",
      "scenarios",
      "rules.property",
      "tally.property",
      "beats.property",
      "machine.property",
      "monitor",
      "phi",
      "stalls.property",
    ],
  },
  policy: {
    least: 95,
    mutate: [`${core}/policy.ts`],
    tests: ["policy", "suspicion", "negotiation", "negotiation.property", "transition"],
  },
};

export const testFiles = (area) => areas[area].tests.map((name) => `${test}/${name}.test.ts`);
