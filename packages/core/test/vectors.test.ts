// The published test vectors: what another implementation is checked against is what this one does.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { root } from "../../../scripts/entries.mjs";
import { asText, VECTORS_FILE, wireVectors } from "../../../scripts/wire-vectors.mjs";
import { decodeFrame } from "../src/endpoint/decode.ts";
import { encodeFrame } from "../src/endpoint/encode.ts";
import type { Frame, FrameFault } from "../src/endpoint/frame.ts";

interface Vectors {
  readonly accepted: readonly { name: string; hex: string; frame: Record<string, unknown> }[];
  readonly rejected: readonly { name: string; hex: string; fault: FrameFault }[];
}

const text = readFileSync(`${root}/${VECTORS_FILE}`, "utf8");
const { accepted, rejected } = JSON.parse(text) as Vectors;

test("the committed file is what `pnpm docs:wire-vectors` writes", () => {
  expect(text).toBe(asText(wireVectors({ encodeFrame, decodeFrame })));
});

describe("accepted", () => {
  test.each(accepted)("$name", ({ hex, frame }) => {
    const read = fromPlain(frame);
    expect(decodeFrame(bytes(hex))).toEqual({ ok: true, frame: read });
    expect(Buffer.from(encodeFrame(read)).toString("hex")).toBe(hex);
  });
});

describe("rejected", () => {
  test.each(rejected)("$name: $fault", ({ hex, fault }) => {
    expect(decodeFrame(bytes(hex))).toEqual({ ok: false, fault });
  });
});

/** Reads a vector as somebody in another language would: by the names of its fields. */
function fromPlain({ boot, id, ...fields }: Record<string, unknown>): Frame {
  const read = Object.entries(fields).map(([name, value]) => {
    if (["tag", "handed", "aboutBoot"].includes(name)) return [name, word(value)];
    if (["extra", "payload"].includes(name)) return [name, bytes(value)];
    return [name, value];
  });
  const identity = id === undefined ? {} : { identity: { boot: word(boot), id } };
  return { ...Object.fromEntries(read), ...identity } as Frame;
}

function word(hex: unknown): { hi: number; lo: number } {
  const [hi, lo] = [String(hex).slice(0, 8), String(hex).slice(8)];
  return { hi: Number.parseInt(hi, 16), lo: Number.parseInt(lo, 16) };
}

function bytes(hex: unknown): Uint8Array {
  return Uint8Array.from(Buffer.from(String(hex), "hex"));
}
