// Three tiers, one at a time: `vitest run` is the hermetic one, `--mode system` and `--mode soak`
// are the two that use real sockets, processes and time.
import { existsSync } from "node:fs";
import { configDefaults, defineConfig } from "vitest/config";
import { entries, root } from "./scripts/entries.mjs";

const SYSTEM = "**/*.system.test.ts";
const SOAK = "**/*.soak.test.ts";

const minutes = (n: number) => n * 60_000;

// Time limits only end a hung test; they say nothing about speed.
const tiers = {
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, SYSTEM, SOAK],
    // All cores: nothing in here looks at a clock.
    maxWorkers: "100%",
    // Nothing is kept between calls in what is tested here, so files may share what they import: half the time.
    isolate: false,
    testTimeout: minutes(1),
    hookTimeout: minutes(1),
  },
  system: {
    include: [SYSTEM],
    exclude: configDefaults.exclude,
    fileParallelism: false,
    // Two of those that run side by side wait for a slow wire all the time.
    maxConcurrency: 8,
    testTimeout: minutes(2),
    hookTimeout: minutes(1),
  },
  soak: {
    include: [SOAK],
    exclude: configDefaults.exclude,
    fileParallelism: false,
    testTimeout: minutes(60),
    hookTimeout: minutes(1),
  },
};

// The rules, the settings and the wire format are covered line by line, the rest of core to 97 %.
const core = "packages/core/src";
const complete = [
  "peer/**",
  "policy.ts",
  "define-policy.ts",
  "policy-variants.ts",
  "bounds.ts",
  "endpoint/frame.ts",
  "endpoint/layout.ts",
  "endpoint/encode.ts",
  "endpoint/decode.ts",
];
const thresholds = Object.fromEntries([
  ...complete.map((path) => [`${core}/${path}`, { lines: 100 }]),
  [`${core}/!(${complete.join("|")})`, { lines: 97 }],
]);

export default defineConfig(({ mode }) => {
  const tier = tiers[mode as keyof typeof tiers];
  if (tier === undefined) throw new Error(`no tier "${mode}": ${Object.keys(tiers).join(", ")}`);
  if (process.argv.includes("--coverage")) {
    // A threshold whose files were renamed would pass in silence.
    const gone = complete.filter(
      (path) => !existsSync(`${root}/${core}/${path.replace("/**", "")}`),
    );
    if (gone.length > 0) throw new Error(`coverage thresholds for nothing: ${gone.join(", ")}`);
  }
  return {
    root,
    resolve: {
      // Tests run on the sources: no build first.
      alias: entries.map(({ name, source }) => ({
        find: new RegExp(`^${name}$`),
        replacement: `${root}/${source}`,
      })),
    },
    test: {
      ...tier,
      name: mode,
      setupFiles: [`${root}/vitest.setup.ts`],
      reporters: ["default", ["json", { outputFile: `reports/vitest-${mode}.json` }]],
      coverage: {
        provider: "v8",
        // The adapters are exercised by the system tier only.
        include: ["packages/core/src/**/*.ts"],
        reporter: ["text", "json-summary", "lcov"],
        thresholds,
      },
    },
  };
});
