// Mutants of area `frames` that no test can tell from the original: see ../equivalents.mjs.

export const frames = [
  {
    file: "endpoint/decode.ts",
    because: "an empty array of its own in the place of the empty one that all share",
    mutants: [
      [
        "if (extraAt < lengthBytes) frame.extra = new Uint8Array(bytes.subarray(extraAt, lengthBytes));",
        "if (extraAt <= lengthBytes) frame.extra = new Uint8Array(bytes.subarray(extraAt, lengthBytes));",
        "if (true) frame.extra = new Uint8Array(bytes.subarray(extraAt, lengthBytes));",
      ],
    ],
  },
  {
    file: "endpoint/encode.ts",
    because: "setting nothing sets nothing: the condition saves the call",
    mutants: [
      [
        "if (rest.length) bytes.set(rest, lengthBytes - rest.length);",
        "if (true) bytes.set(rest, lengthBytes - rest.length);",
      ],
    ],
  },
  {
    file: "endpoint/layout.ts",
    because: "DATA has no fields: nobody looks at what writing them gives back",
    mutants: [["fields: (_pass, _bytes, frame) => frame,", "fields: () => undefined,"]],
  },
  {
    file: "endpoint/text.ts",
    because: "a function that just ends gives undefined back",
    mutants: [["} catch { return undefined; }", "} catch {}"]],
  },
];
