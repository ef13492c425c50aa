// Policies in a log. Two equal policies need not be the same one to a monitor (`setPolicy` with the one
// in force does nothing), so both sides number them alike: each one that is spelt out gets the next
// number, and where it is given again the number stands for it.

import { definePolicy } from "../define-policy.ts";
import type { Detector } from "../detectors/detector.ts";
import { fixed } from "../detectors/fixed.ts";
import { SystoleTypeError } from "../errors.ts";
import type { Policy, PolicyOptions } from "../policy.ts";
import { derivePolicy } from "../policy-variants.ts";
import { isRecord, type Json, type JsonObject, read, written } from "./format.ts";

/** Detectors by the names that a log has for them. */
export type Detectors = Readonly<Record<string, Detector>>;

const NAMES: readonly string[] = [...Object.keys(definePolicy()), "forgetAfterMs", "shadow"];

/** What is a detector, and stands in a log by its name. */
const JUDGES = ["detector", "shadow"] as const;

/** A policy on its way into the log and into the monitor. */
export interface Given {
  readonly json: Json;
  /** What the monitor gets instead: the same, defined already; wrong ones as they are. */
  readonly policy: PolicyOptions;
}

/** The recorder's side. */
export class PolicyWriter {
  readonly #names: ReadonlyMap<Detector, string>;
  /** Holds nobody's policy: what nobody else has can never be given again. */
  readonly #numbers: WeakMap<Policy, number> = new WeakMap();
  #count = 0;

  constructor(detectors: Detectors) {
    this.#names = new Map(Object.entries(detectors).map(([name, detector]) => [detector, name]));
  }

  take(options: PolicyOptions | undefined): Given {
    let policy: Policy;
    try {
      policy = definePolicy(options);
    } catch {
      return { json: this.#spelt(options), policy: options as PolicyOptions };
    }
    const number = this.#numbers.get(policy);
    if (number !== undefined) return { json: number, policy };
    this.#numbers.set(policy, this.#count++);
    const json = this.#spelt(options);
    // One that was defined elsewhere: perhaps stretched beyond what may be written by hand.
    return { json: policy === options ? { $: "policy", ...(json as JsonObject) } : json, policy };
  }

  #spelt(options: unknown): Json {
    if (!isRecord(options)) return options === undefined ? null : { $: "null" };
    // A name that does not exist is refused even where it says nothing.
    const own = Object.keys(options);
    const names = NAMES.filter((name) => !own.includes(name) && options[name] !== undefined);
    return Object.fromEntries(
      [...own, ...names].map((name) => {
        const value = options[name];
        if (!JUDGES.includes(name as "detector") || value === undefined) {
          return [name, written(value)];
        }
        // A text in place of a detector would come back as the detector of that name.
        const isNamed = typeof value === "function" || isRecord(value);
        return [name, isNamed ? this.#nameOf(value as unknown as Detector) : { $: "null" }];
      }),
    );
  }

  #nameOf(detector: Detector): string {
    return detector === fixed ? "fixed" : (this.#names.get(detector) ?? `${detector.name}`);
  }
}

/** The replayer's side. */
export class PolicyReader {
  readonly #detectors: ReadonlyMap<string, Detector>;
  readonly #policies: Policy[] = [];

  constructor(detectors: Detectors) {
    this.#detectors = new Map(Object.entries({ fixed, ...detectors }));
  }

  /**
   * @throws TypeError `ERR_SYSTOLE_DETECTOR` where nobody knows the detector, Error for what cannot have
   * been recorded.
   */
  take(json: Json): PolicyOptions {
    if (typeof json === "number") {
      const known = this.#policies[json];
      if (known === undefined) throw new Error(`there is no policy ${json} before it`);
      return known;
    }
    const isDefined = isRecord(json) && json["$"] === "policy";
    const options = this.#options(json);
    try {
      const policy = isDefined ? derive(options as PolicyOptions) : definePolicy(options);
      this.#policies.push(policy);
      return policy;
    } catch (error) {
      if (isDefined) throw error;
      // A wrong one: the monitor refuses it as it did.
      return options as PolicyOptions;
    }
  }

  #options(json: Json): PolicyOptions | undefined {
    if (!isRecord(json)) return read(json) as PolicyOptions | undefined;
    const options = read(json as JsonObject) as Record<string, unknown>;
    for (const judge of JUDGES) {
      const name = json[judge];
      if (typeof name === "string") options[judge] = this.#detector(name);
    }
    return options as PolicyOptions;
  }

  #detector(name: string): Detector {
    const detector = this.#detectors.get(name);
    if (detector !== undefined) return detector;
    const known = [...this.#detectors.keys()].join(", ");
    throw new SystoleTypeError(
      "ERR_SYSTOLE_DETECTOR",
      `the detector ${JSON.stringify(name)} is unknown (known: ${known}).\nGive it: replay(log, { detectors: { ${JSON.stringify(name)}: … } }).`,
      name,
    );
  }
}

/** Of what the default policy does not have. */
const TYPES: Readonly<Record<string, string>> = { forgetAfterMs: "number", shadow: "function" };

/** A policy that was defined when it was recorded, with all its numbers. */
function derive(options: PolicyOptions): Policy {
  const base = definePolicy();
  const { $: _, ...given } = options as Record<string, unknown>;
  for (const [name, value] of Object.entries(given)) {
    if (JUDGES.includes(name as "detector") && value !== null && typeof value === "object")
      continue;
    const type = TYPES[name] ?? typeof base[name as keyof Policy];
    if (typeof value !== type) throw new Error(`a policy cannot have ${name} ${String(value)}`);
  }
  return derivePolicy(base, given as Partial<Policy>);
}
