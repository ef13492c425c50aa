// Sums the tiers' reports into the closing line of CI and fails unless every tier ran, passed and,
// in the system tier, skipped nothing but what SYSTOLE_ALLOW_SKIP names: full test names or file
// names, separated by commas.
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { root } from "./entries.mjs";

const allowed = (process.env.SYSTOLE_ALLOW_SKIP ?? "").split(",").map((name) => name.trim());
const counts = { passed: 0, failed: 0, skipped: 0 };
const faults = [];

for (const tier of ["test", "system"]) {
  const path = `${root}/reports/vitest-${tier}.json`;
  if (!existsSync(path)) {
    faults.push(`no report of the ${tier} tier`);
    continue;
  }
  const report = JSON.parse(readFileSync(path, "utf8"));
  if (!report.success) faults.push(`the ${tier} tier failed`);
  const passedBefore = counts.passed;
  for (const file of report.testResults) count(tier, file);
  if (counts.passed === passedBefore) faults.push(`no test of the ${tier} tier passed`);
}

function count(tier, file) {
  // A file that does not load has no tests to fail: it counts as one.
  if (file.status === "failed" && file.assertionResults.length === 0) counts.failed += 1;
  for (const { status, fullName } of file.assertionResults) {
    if (status === "passed" || status === "failed") {
      counts[status] += 1;
      continue;
    }
    counts.skipped += 1;
    const excused = allowed.includes(fullName) || allowed.includes(basename(file.name));
    if (tier === "system" && !excused) faults.push(`skipped system test: ${fullName}`);
  }
}

for (const fault of faults) console.log(`report: ${fault}`);
console.log(`tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
if (faults.length > 0 || counts.failed > 0) process.exitCode = 1;
