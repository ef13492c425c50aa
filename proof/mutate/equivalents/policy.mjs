// Mutants of area `policy` that no test can tell from the original: see ../equivalents.mjs.

export const policy = [
  {
    file: "policy-variants.ts",
    because: "what is no policy is never equal to one, and is pushed out like any other variant",
    mutants: [
      [
        "const others = variants.get(policy) ?? [];",
        'const others = variants.get(policy) ?? ["Stryker was here"];',
      ],
    ],
  },
];
