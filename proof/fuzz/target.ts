// What is fuzzed: something that takes bytes and must keep its promises whatever they are.
import type { Shape } from "./mutator.ts";

export interface Target extends Shape {
  readonly name: string;
  /** In one line, what must hold. */
  readonly promise: string;
  /** The sources whose branches count: beginnings of paths in `packages/core/src/`. */
  readonly sources: readonly string[];
  /** So many inputs one after the other share what `begin` made; 1 where nothing is kept. */
  readonly lifetime: number;
  /** What to begin with. */
  seeds(): readonly Uint8Array[];
  /** Makes everything anew. What it returns takes an input, and throws where a promise is broken. */
  begin(): (input: Uint8Array) => void;
}

/** A promise is broken. */
export class Broken extends Error {
  override readonly name = "Broken";
}

/** @throws Broken unless it is so. */
export function must(isSo: boolean, what: () => string): void {
  if (!isSo) throw new Broken(what());
}

/** Inputs that were given to a target one after the other, from `begin` on. Throws as it does. */
export function play(target: Target, inputs: readonly Uint8Array[]): void {
  const run = target.begin();
  for (const input of inputs) run(input);
}

export function toHex(inputs: readonly Uint8Array[]): string {
  return inputs.map((input) => Buffer.from(input).toString("hex") || "-").join(",");
}

/** Hexadecimal inputs, separated by commas or line breaks; `-` is the empty one. */
export function fromHex(text: string): Uint8Array[] {
  return text
    .split(/[\s,]+/)
    .filter((part) => part !== "")
    .map((part) => Uint8Array.from(Buffer.from(part.replace("-", ""), "hex")));
}
