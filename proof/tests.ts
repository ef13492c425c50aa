// How many tests there are, and how much of core they cover: told from the reports of the last `pnpm check` and
// `pnpm test:system`, and with `--write` kept for docs/trust.md. Only whole runs that passed are worth telling.
import { readdirSync, readFileSync } from "node:fs";
import { argv } from "node:process";
import { keepResult, type Row } from "./results.ts";

interface Report {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

type Share = { readonly total: number; readonly covered: number; readonly pct: number };
type Coverage = Readonly<Record<string, Readonly<Record<"lines" | "branches", Share>>>>;

const tiers = [
  { tier: "hermetic", report: "test", isOfIt: /(?<!\.system|\.soak)\.test\.ts$/ },
  { tier: "system", report: "system", isOfIt: /\.system\.test\.ts$/ },
];

const packages = readdirSync("packages").map((name) => `packages/${name}/test`);
const files = ["test", ...packages].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
);

const rows = tiers.map(({ tier, report, isOfIt }): Row => {
  const { success, testResults } = read<Report>(`reports/vitest-${report}.json`);
  const missing = files
    .filter((file) => isOfIt.test(file))
    .filter((file) => !testResults.some(({ name }) => name.endsWith(`/${file}`)));
  if (!success || missing.length > 0)
    throw new Error(`the last run of the ${tier} tier failed, or left out: ${missing}`);
  const statuses = testResults.flatMap((file) => file.assertionResults.map((each) => each.status));
  const seconds =
    (Math.max(...testResults.map(({ endTime }) => endTime)) -
      Math.min(...testResults.map(({ startTime }) => startTime))) /
    1_000;
  const count = (status: string) => statuses.filter((each) => each === status).length;
  return {
    tier,
    files: testResults.length,
    passed: count("passed"),
    skipped: statuses.length - count("passed"),
    seconds: Math.round(seconds),
  };
});

const { lines, branches } = read<Coverage>("coverage/coverage-summary.json")["total"] ?? {};
const figures = {
  "lines of core covered": `${lines?.covered} of ${lines?.total} (${lines?.pct} %)`,
  "branches of core covered": `${branches?.covered} of ${branches?.total} (${branches?.pct} %)`,
};
console.table(rows);
console.log(figures);
if (argv.includes("--write")) {
  const command = "pnpm check && pnpm test:system && node scripts/run.mjs proof/tests.ts --write";
  const seconds = rows.reduce((sum, row) => sum + Number(row["seconds"]), 0);
  keepResult("tests", { command, figures, tables: { tiers: rows }, seconds });
}

function read<T>(path: string): T {
  return JSON.parse(readFileSync(path, "utf8")) as T;
}
