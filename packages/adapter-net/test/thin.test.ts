// The adapters move bytes. Time, verdicts and frames are the core's: what would have to be right in
// two places is wrong in one of them. So none of it may even be spelt in their sources.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const packages = new URL("../../", import.meta.url);

const FORBIDDEN: Readonly<Record<string, RegExp>> = {
  "a timer": /\bset(?:Timeout|Interval|Immediate|Timer)\b|\btimers\b|\.defer\(/g,
  "a clock": /\bnow\s*\(|\bperformance\s*\.|\bDate\b|\bhrtime\b/g,
  "a deadline":
    /\bnextDeadline\b|\btick\s*\(|\b\w+(?:At|Ms|Until)\b\s*(?:[<>]=?|[+*/-])\s|[<>]=?\s*[\w.]+(?:At|Ms|Until)\b/g,
  "frame parsing":
    /\b(?:de|en)codeFrame\b|\bDataView\b|\bread(?:U?Int|BigU?Int)\w*\(|\b(?:bytes|frame|datagram|chunk)\s*(?:\[|\.subarray|\.slice)/g,
  "a status of its own": /\bstatus\s*=[^=]|\bstatus\s*:\s*"|#(?:alive|suspect|dead|status)\b/g,
};

/** Comments may speak of anything. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

const sources = ["adapter-net", "adapter-dgram"].flatMap((name) =>
  readdirSync(new URL(`${name}/src/`, packages)).map((file) => ({
    file: `${name}/src/${file}`,
    code: withoutComments(readFileSync(new URL(`${name}/src/${file}`, packages), "utf8")),
  })),
);

test.each(sources)("$file is thin", ({ code }) => {
  for (const [what, pattern] of Object.entries(FORBIDDEN)) {
    expect
      .soft(
        [...code.matchAll(pattern)].map(([found]) => found),
        what,
      )
      .toEqual([]);
  }
});

test("and this test would notice", () => {
  const samples: Readonly<Record<string, string>> = {
    "a timer": "setTimeout(check, 1)",
    "a clock": "const t = performance.now()",
    "a deadline": "if (heardAt + deadAfterMs < t) return",
    "frame parsing": "const type = bytes[2]",
    "a status of its own": 'peer.status = "dead"',
  };
  for (const [what, pattern] of Object.entries(FORBIDDEN)) {
    expect(samples[what]?.match(pattern), what).not.toBeNull();
  }
});
