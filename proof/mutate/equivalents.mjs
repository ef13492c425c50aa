// Mutants that no test can tell from the original, each with the reason. A mutant is known by its file and the
// text before and after, whatever the line. One that is killed, or is gone, fails the run: delete it here.

/** @type {readonly { file: string, was: string, becomes: string, because: string }[]} */
export const equivalents = [
  {
    file: "policy.ts",
    was: "const others = variants.get(policy) ?? [];",
    becomes: 'const others = variants.get(policy) ?? ["Stryker was here"];',
    because: "what is no policy is never equal to one, and is pushed out like any other variant",
  },
];
