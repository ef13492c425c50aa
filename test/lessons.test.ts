// docs/lessons.md lists what went wrong elsewhere, and the tests that carry the reports' names: each of
// them must exist and name its report, and no test may name a report that the page does not have.
import { expect, test } from "vitest";
import { claimsIn, read, testFiles, titlesIn } from "./claims.ts";

/** The reports that a text names: `owner/name#1, #2` are two of one repository. */
function reportsIn(text: string): readonly string[] {
  const ofRepositories = [...text.matchAll(/([\w-]+\/[\w.-]+)((?:(?:, )?#\d+)+)/g)].flatMap(
    ([, repository, numbers = ""]) =>
      [...numbers.matchAll(/#\d+/g)].map(([number]) => `${repository}${number}`),
  );
  return [...ofRepositories, ...OTHERS.filter((name) => text.includes(name))];
}

/** Reports that have no number in a repository. */
const OTHERS = [
  "CVE-2019-9512",
  "gRPC keepalive strikes",
  "RFC 6520 / Heartbleed",
  "nodejs mock timers",
  "npm timer-wheel 1.0.0",
];

const rows = read("docs/lessons.md")
  .split("\n")
  .filter((line) => /^\| (?!report|---)/.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .map(([, report = "", , shown = ""]) => ({
    report,
    reports: reportsIn(report),
    shown: claimsIn(shown),
  }));

test("every row names a report and a test", () => {
  expect(rows.length).toBe(30);
  for (const { report, reports, shown } of rows) {
    expect(reports, report).not.toEqual([]);
    expect(shown, report).not.toEqual([]);
  }
});

test.each(rows)("$report: its tests exist, and carry its name", ({ reports, shown }) => {
  const named = shown.flatMap(({ path, title }) => {
    const text = read(path);
    if (title === undefined) return reportsIn(text);
    const titles = titlesIn(text).filter((each) => each.includes(title));
    const here = reportsIn(titles.join()).filter((report) => reports.includes(report));
    expect(here, `${path}: no test "${title}" that names ${reports}`).not.toEqual([]);
    return here;
  });
  expect(reports.filter((report) => !named.includes(report))).toEqual([]);
});

test("no test with a report's name is missing on the page", () => {
  const listed = rows.flatMap(({ reports, shown }) =>
    shown.flatMap(({ path, title = "" }) =>
      titlesIn(read(path))
        .filter((each) => each.includes(title))
        .flatMap((each) => reports.map((report) => `${path}: ${each} (${report})`)),
    ),
  );
  const named = testFiles().flatMap((path) =>
    titlesIn(read(path)).flatMap((title) =>
      reportsIn(title).map((report) => `${path}: ${title} (${report})`),
    ),
  );
  expect(named.filter((each) => !listed.includes(each))).toEqual([]);
});
