// Planted bugs as they are kept: a unified diff, with the thought and the broken rule above it. Applied by
// what the diff says and not by where: lines may have moved, but what is replaced must be there, once.
import { readdirSync, readFileSync } from "node:fs";

export interface Hunk {
  /** Lines that must be in the source, one after the other; and what takes their place. */
  readonly before: string;
  readonly after: string;
}

export interface FilePatch {
  /** Relative to the repository. */
  readonly path: string;
  readonly hunks: readonly Hunk[];
}

export interface Bug {
  /** Two digits; what it is asked for by. */
  readonly number: string;
  readonly name: string;
  /** What somebody tired might have thought. */
  readonly thought: string;
  /** The rule that is broken by it. */
  readonly rule: string;
  readonly files: readonly FilePatch[];
}

const NAME = /^(\d\d)-([a-z0-9-]+)\.patch$/;
const BREAKS = "Breaks: ";

/** All bugs of a directory, in the order of their numbers. */
export function readBugs(directory: string): readonly Bug[] {
  const files = readdirSync(directory).filter((file) => file.endsWith(".patch"));
  return files.sort().map((file) => {
    const [, number, name] = NAME.exec(file) ?? [];
    if (number === undefined || name === undefined)
      throw new Error(`${file} is not called NN-name.patch`);
    return { number, name, ...parse(file, readFileSync(`${directory}/${file}`, "utf8")) };
  });
}

/** `file` is what errors call it. */
export function parse(file: string, text: string): Omit<Bug, "number" | "name"> {
  const [head = "", ...diffs] = text.split(/^--- /m);
  const [thought = "", rule = ""] = head.split("\n\n").map((part) => part.replaceAll("\n", " "));
  if (thought === "" || !rule.startsWith(BREAKS) || diffs.length === 0)
    throw new Error(`${file} must open with a thought, then "${BREAKS}…", then a unified diff`);
  return { thought, rule: rule.slice(BREAKS.length), files: diffs.map((diff) => one(file, diff)) };
}

/** The part of a diff that is about one file. */
function one(file: string, diff: string): FilePatch {
  const path = /^\+\+\+ b\/(.+)$/m.exec(diff)?.[1];
  const [, ...hunks] = diff.split(/^@@.*@@.*\n/m);
  if (path === undefined || hunks.length === 0)
    throw new Error(`${file} has a diff that says nothing`);
  return {
    path,
    hunks: hunks.map((hunk) => ({ before: side(hunk, "-"), after: side(hunk, "+") })),
  };
}

/** The lines of a hunk that are on one side of it. */
function side(hunk: string, sign: "-" | "+"): string {
  const lines = hunk.split("\n").filter((line) => line.startsWith(sign) || line.startsWith(" "));
  return lines.map((line) => `${line.slice(1)}\n`).join("");
}

/** The source with the bug in it. Throws where a hunk is not found exactly once. */
export function apply(source: string, { path, hunks }: FilePatch): string {
  let patched = `\n${source}`;
  for (const { before, after } of hunks) {
    const at = patched.indexOf(`\n${before}`) + 1;
    const isThere = at > 0;
    if (!isThere || patched.indexOf(`\n${before}`, at) >= 0) {
      const found = isThere ? "is there more than once" : "is not there";
      throw new Error(`no longer applies to ${path}: this ${found}:\n${before}`);
    }
    patched = patched.slice(0, at) + after + patched.slice(at + before.length);
  }
  return patched.slice(1);
}
