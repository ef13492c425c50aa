// How the words of a scenario are read. What makes no sense throws, and is told with the number of its line.

import type { Detector } from "../detectors/detector.ts";
import type { EndedOptions, HeardSign } from "../monitor/options.ts";
import { END_REASONS, type EndReason, type Role } from "../peer/state.ts";
import { type PolicyOptions, relaxed, standard, strict } from "../policy.ts";

const PRESETS: Readonly<Record<string, PolicyOptions>> = { strict, standard, relaxed };
const ROLES: readonly Role[] = ["both", "send", "listen"];

/** What a frame tells; `next` is the number behind the last one. */
export interface Sighting {
  readonly seq: number | "next" | undefined;
  readonly sign: HeardSign;
}

/** An instant or a duration, in ms. */
export function instantOf(word: string | undefined): number {
  const at = word === undefined || word === "" ? Number.NaN : Number(word);
  if (at >= 0 && Number.isFinite(at)) return at;
  throw new Error(`${word ?? "nothing"} is no time in ms`);
}

/** `strict deadAfterMs=9000 detector=mine`: a preset, and what differs. */
export function policyOf(
  words: readonly string[],
  base: PolicyOptions,
  detectors: Readonly<Record<string, Detector>>,
): PolicyOptions {
  const [first = ""] = words;
  const preset = Object.hasOwn(PRESETS, first) ? PRESETS[first] : undefined;
  const options: Record<string, unknown> = { ...(preset ?? base) };
  for (const [name, value] of settings(preset === undefined ? words : words.slice(1))) {
    const isDetector = name === "detector" || name === "shadow";
    options[name] = isDetector ? oneOf(detectors, value, "detector") : readJson(value);
  }
  return options;
}

export function roleOf(words: readonly string[]): Role | undefined {
  const { role } = only(words, ["role"]);
  if (role === undefined || ROLES.includes(role as Role)) return role as Role | undefined;
  throw new Error(`there is no role ${role}: ${ROLES.join(", ")}`);
}

export function sightingOf(words: readonly string[]): Sighting {
  const isNumbered = words.includes("numbered");
  const { seq, nonce, ...rest } = only(
    words.filter((word) => word !== "numbered"),
    ["seq", "nonce", "rttMs", "heldMs", "sentAtMs", "gapMs", "declaredMs"],
  );
  const numbers = Object.entries(rest).map(([name, value]) => [name, instantOf(value)]);
  const proof = nonce !== undefined && { proof: true, nonceAt: instantOf(nonce) };
  const number = seq === undefined ? undefined : instantOf(seq);
  return {
    seq: isNumbered ? "next" : number,
    sign: { ...Object.fromEntries(numbers), ...proof },
  };
}

export function endingOf([reason, ...words]: readonly string[]): {
  readonly reason: EndReason;
  readonly options: EndedOptions;
} {
  if (!END_REASONS.includes(reason as EndReason)) {
    throw new Error(`${reason ?? "nothing"} is no reason: ${END_REASONS.join(", ")}`);
  }
  const { returnInMs } = only(words, ["returnInMs"]);
  const options = returnInMs === undefined ? {} : { returnInMs: instantOf(returnInMs) };
  return { reason: reason as EndReason, options };
}

/** `name=value`, word by word. */
function settings(words: readonly string[]): readonly (readonly [name: string, value: string])[] {
  return words.map((word) => {
    const at = word.indexOf("=");
    if (at > 0) return [word.slice(0, at), word.slice(at + 1)];
    throw new Error(`${word} is no setting: name=value`);
  });
}

function only(words: readonly string[], names: readonly string[]): Partial<Record<string, string>> {
  const found = settings(words);
  for (const [name] of found) {
    if (!names.includes(name)) throw new Error(`nothing is called ${name}: ${names.join(", ")}`);
  }
  return Object.fromEntries(found);
}

/** A number, or JSON: `0.5`, `true`, `"round-trip"`. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${text} is neither a number nor JSON`);
  }
}

function oneOf<Thing>(things: Readonly<Record<string, Thing>>, name: string, what: string): Thing {
  const thing = Object.hasOwn(things, name) ? things[name] : undefined;
  if (thing !== undefined) return thing;
  const known = Object.keys(things).join(", ") || "none was given";
  throw new Error(`there is no ${what} ${name}: ${known}`);
}
