// Who survived: told as soon as it is known, in the words by which `equivalents.mjs` knows it again.
import { readFileSync } from "node:fs";
import { declareValuePlugin, PluginKind } from "@stryker-mutator/api/plugin";
import { equivalents } from "./equivalents.mjs";

const DETECTED = ["Killed", "Timeout"];

/** A result with its text, and with what became of it: detected, excused or neither. */
export function judged(result) {
  const text = asText(result);
  const isDetected = DETECTED.includes(result.status);
  return {
    ...result,
    ...text,
    isDetected,
    isExcused: !isDetected && equivalents.some(sameAs(text)),
  };
}

/** Those of the equivalents that were killed; in a whole area also those that its files do not hold any more. */
export function outOfDate(mutants, isWhole) {
  const tried = new Set(mutants.map(({ file }) => file));
  return equivalents.filter((each) => {
    const found = mutants.filter(sameAs(each));
    const isGone = isWhole && tried.has(each.file) && found.length === 0;
    return isGone || (found.length > 0 && found.every(({ isDetected }) => isDetected));
  });
}

function sameAs(one) {
  return (other) =>
    one.file === other.file && one.was === other.was && one.becomes === other.becomes;
}

/** A mutant as a reader knows it again after lines were added above: its file, and the text before and after. */
function asText({ fileName, location: { start, end }, replacement }) {
  const lines = source(fileName);
  const before = lines[start.line - 1].slice(0, start.column - 1);
  const after = lines[end.line - 1].slice(end.column - 1);
  const file = fileName.replace(/^.*packages\/core\/src\//, "");
  return {
    file,
    at: `${file}:${start.line}`,
    was: oneLine(lines.slice(start.line - 1, end.line).join("\n")),
    becomes: oneLine(`${before}${replacement}${after}`),
  };
}

/** As it was when it was first looked at: somebody may be at work on it meanwhile. */
function source(fileName) {
  let lines = sources.get(fileName);
  if (lines === undefined) {
    lines = readFileSync(fileName, "utf8").split("\n");
    sources.set(fileName, lines);
  }
  return lines;
}

const sources = new Map();

function oneLine(text) {
  return text.replace(/\s+/g, " ").trim();
}

/** Tells of each survivor at once, and every quarter of a minute how far it is. */
const reporter = {
  tested: 0,
  survived: 0,
  planned: 0,
  toldAt: 0,
  onMutationTestingPlanReady({ mutantPlans }) {
    for (const { mutant } of mutantPlans) source(mutant.fileName);
    // One area after the other.
    this.planned += mutantPlans.filter(({ mutant }) => mutant.status !== "Ignored").length;
  },
  onMutantTested(result) {
    if (result.status === "Ignored") return;
    this.tested += 1;
    const { at, was, becomes, isDetected, isExcused } = judged(result);
    if (!isDetected && !isExcused) {
      this.survived += 1;
      console.log(`\nsurvived: ${at}\n- ${was}\n+ ${becomes}`);
    }
    const now = performance.now();
    if (now - this.toldAt < 15_000) return;
    this.toldAt = now;
    const { tested, planned, survived } = this;
    const seconds = Math.round(now / 1_000);
    console.error(`${tested} of ${planned} after ${seconds} s, of which ${survived} survived`);
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Reporter, "survivors", reporter)];
