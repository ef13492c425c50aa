// What is let loose on a planted bug: the commands that everybody else runs too, each with its share of CI. A
// tool finds a bug by ending with another code than 0.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Tool {
  readonly name: string;
  /** Whether what is in this file runs when it does: who never runs a bug cannot find it. */
  readonly sees: (path: string) => boolean;
  /** One after the other, until one of them finds it. */
  readonly commands: readonly Command[];
  /** What was found, in its own words, for whoever doubts that it was this bug. */
  readonly finding: (output: string, root: string) => string | undefined;
}

export interface Command {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** As soon as it says this it has found something, and what follows (a smaller case) is not waited for. */
  readonly says?: RegExp;
  /** It hangs if it is not done by then; CI would give up on it. */
  readonly limitSeconds: number;
}

/** The environment variable that tells vitest.config.ts which files a bug is in. */
export const PLANTED_IN = "PLANTED_IN";

const VITEST = [
  "node_modules/vitest/vitest.mjs",
  "run",
  "--config=proof/planted/vitest.config.ts",
  "--bail=1",
  "--maxWorkers=1",
];

/** What a bug must pass to be planted at all: nobody commits what does not compile. */
export const COMPILER: Command = {
  args: ["node_modules/typescript/bin/tsc", "-b", "packages/adapter-net", "packages/adapter-dgram"],
  limitSeconds: 300,
};

const VIOLATION = /^ {2}step \d+, at .+$/m;
const VIOLATED = /^(\S.+?) {2,}.*VIOLATED: (.+)$/m;
const BROKEN_PROMISE = /^\S+: a promise is broken .*$/m;

export const TOOLS: readonly Tool[] = [
  {
    name: "properties",
    sees: () => true,
    // CI runs both, the first as `pnpm test`, which takes a third of the time.
    commands: [
      { args: VITEST, env: { FC_RUNS: "200" }, limitSeconds: 900 },
      { args: VITEST, env: { CI: "true" }, limitSeconds: 1_800 },
    ],
    finding: (_output, root) => failedTest(join(root, "reports/vitest-test.json")),
  },
  {
    name: "simulate",
    sees: isCore,
    // One core for as long as CI gives to each of its two.
    commands: [
      {
        args: ["scripts/run.mjs", "proof/simulate/main.ts", "--seconds", "45", "--workers", "1"],
        says: VIOLATION,
        limitSeconds: 150,
      },
    ],
    finding: (output) => VIOLATION.exec(output)?.[0].trim(),
  },
  {
    name: "explore",
    // Neither detectors that learn, drivers, streams nor moves are in its scopes.
    sees: (path) =>
      /^packages\/core\/src\/(peer|monitor|endpoint|policy)\b/.test(path) &&
      !/\/(stream|inlet|moves|alarms|sealing)\.ts$/.test(path),
    // As in CI: the scopes that are not long, each to closure.
    commands: [
      {
        args: ["scripts/run.mjs", "proof/explore/main.ts", "--workers", "1"],
        says: VIOLATED,
        limitSeconds: 900,
      },
    ],
    finding: (output) => VIOLATED.exec(output)?.slice(1).join(": "),
  },
  {
    name: "fuzz",
    // Where it is led by what runs; what is behind that it only passes through.
    sees: (path) => /^packages\/core\/src\/(endpoint|replay|policy|errors)\b/.test(path),
    commands: [
      {
        args: ["proof/fuzz/fuzz.mjs", "--workers", "1"],
        says: BROKEN_PROMISE,
        limitSeconds: 150,
      },
    ],
    finding: (output) => BROKEN_PROMISE.exec(output)?.[0],
  },
];

/** What a cluster is made of: it knows no adapter. */
function isCore(path: string): boolean {
  return path.startsWith("packages/core/");
}

/** The first test that failed, and how. */
function failedTest(report: string): string | undefined {
  if (!existsSync(report)) return undefined;
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as VitestReport;
  for (const { name, message, assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === "failed");
    const file = name.slice(name.lastIndexOf("/") + 1);
    if (failed) return `${file}: ${failed.fullName}`;
    if (message) return `${file}: ${message.split("\n")[0]}`;
  }
  return undefined;
}

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}
