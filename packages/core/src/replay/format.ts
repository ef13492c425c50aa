// What one line of a log can say, and how values are written so that they come back as they were.
// docs/replay.md says the same for people. Nothing here writes or reads a line.

/** The version of the format; the header of every log names it. */
export const LOG_VERSION = 1;

/** What the header calls a log of a monitor. */
export const MONITOR_LOG = "monitor log";

/** Every call that moves a monitor. `withdraw` is a call of what `onEarlier` returned. */
export const CALLS = [
  "add",
  "remove",
  "heard",
  "heardBeat",
  "sent",
  "ended",
  "dial",
  "setPolicy",
  "pause",
  "resume",
  "tick",
  "onEarlier",
  "withdraw",
  "stalled",
  "observedNow",
  "suspicion",
] as const;

/** The name of a recorded call. */
export type CallName = (typeof CALLS)[number];

/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/** Values that JSON does not have, by the text behind `$`. */
const TAGGED: ReadonlyMap<unknown, unknown> = new Map<string, unknown>([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["-0", -0],
  ["null", null],
]);

/**
 * A single value as JSON; null stands for undefined, which is by far more common. What no call takes
 * (a symbol, say) becomes the null of JavaScript: refused by all that refuses either.
 */
export function written(value: unknown): Json {
  if (value === undefined) return null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value !== "number") return { $: "null" };
  if (Number.isFinite(value) && !Object.is(value, -0)) return value;
  return { $: value === 0 ? "-0" : String(value) };
}

/** The named options of an object that has them, without those that are undefined. */
export function writtenOptions(options: unknown, names: readonly string[]): Json {
  if (!isRecord(options)) return options === undefined ? null : { $: "null" };
  const given = names.filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, written(options[name])]));
}

/** The opposite of both. */
export function read(json: Json): unknown {
  if (json === null) return undefined;
  if (!isRecord(json)) return json;
  if ("$" in json && TAGGED.has(json["$"])) return TAGGED.get(json["$"]);
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [name, read(value as Json)]),
  );
}

/** Anything with named properties. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
