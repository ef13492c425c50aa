// The published test vectors as a place to begin, and the numbers of the layout as words to try.
import { readFileSync } from "node:fs";

interface Vectors {
  readonly accepted: readonly { readonly hex: string }[];
  readonly rejected: readonly { readonly hex: string }[];
}

/** Every accepted and rejected frame of the vectors. Relative to where every script of the repository runs. */
export function vectors(): readonly Uint8Array[] {
  const text = readFileSync("packages/core/test/vectors/frames.json", "utf8");
  const { accepted, rejected } = JSON.parse(text) as Vectors;
  return [...accepted, ...rejected].map(({ hex }) => Uint8Array.from(Buffer.from(hex, "hex")));
}

const hex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));

/** Headers, lengths at their bounds, numbers at the ends of their ranges, texts that are no ids. */
export const WIRE_WORDS: readonly Uint8Array[] = [
  ...["530101000000004e", "53010103000000d7", "5301020400000057", "5301030000000027"],
  ...["530104000000003d", "530105000000000a", "5301050000000102", "0000000000000008"],
  // 78, 87, 215, 216, 1200, 1201; the lengths of DATA around what is allowed.
  ...[
    "0000004e",
    "00000057",
    "000000d7",
    "000000d8",
    "000004b0",
    "000004b1",
    "00000027",
    "0000003d",
  ],
  ...["00000102", "00000103", "7fffffff", "ffffffff"],
  ...["ffffffffffff", "fffffffffffe", "000000000000", "000000000001", "0000000000000000"],
  // A byte order mark, an overlong A, a surrogate, the last code point and the one after it.
  ...["efbbbf", "c181", "eda080", "f48fbfbf", "f4908080", "80", "8062", "0161"],
].map(hex);
