// Mutants of area `peer` that no test can tell from the original: see ../equivalents.mjs.

export const peer = [
  {
    file: "peer/arriving.ts",
    because: "writes a 0 where a 0 is: the condition saves the write",
    mutants: [
      [
        "else if (cells[row + STALE]) cells[row + STALE] = 0;",
        "else if (true) cells[row + STALE] = 0;",
      ],
    ],
  },
  {
    file: "peer/arriving.ts",
    because: "RECEIVED is 0",
    mutants: [["cells[at + RECEIVED] = received + 1;", "cells[at - RECEIVED] = received + 1;"]],
  },
  {
    file: "peer/arriving.ts",
    because: "the general path behind it says the same, more slowly",
    mutants: [
      [
        "if (seq === highestSeq + 1 && recent === ALL) return 0;",
        "if (false) return 0;",
        "if (seq === highestSeq - 1 && recent === ALL) return 0;",
      ],
    ],
  },
  {
    file: "peer/arriving.ts",
    because: "a shift by 32 is one by 0, and the newest frame is always in the window",
    mutants: [
      [
        "if (by >= WINDOW || (recent >>> by) & 1) return;",
        "if (by > WINDOW || (recent >>> by) & 1) return;",
      ],
    ],
  },
  {
    file: "peer/arriving.ts",
    because: "every field is set before a detector sees it; this is the object's shape",
    mutants: [
      [
        "const beat: { -readonly [Name in keyof Beat]: Beat[Name] } = { at: 0.5, sentAtMs: 0.5, gapMs: 0.5, skipped: 0, declaredMs: 0.5, stalledMs: 0.5, spoilt: false, };",
        "const beat: { -readonly [Name in keyof Beat]: Beat[Name] } = {};",
      ],
      ["spoilt: false,", "spoilt: true,"],
    ],
  },
  {
    file: "peer/state.ts",
    because: "whoever makes a peer gives it its role; this only says what kind of field it is",
    mutants: [['role: Role = "both";', 'role: Role = "";']],
  },
  {
    file: "peer/tally.ts",
    because:
      "goes on into the counts only where nothing is behind them, which is undefined either way",
    mutants: [
      [
        "while (end > COUNTS && this.#cell(end - 1) === 0) end -= 1;",
        "while (end >= COUNTS && this.#cell(end - 1) === 0) end -= 1;",
      ],
    ],
  },
  {
    file: "peer/transition.ts",
    because: "a row with more room than it needs: what stays empty is left out of the state",
    mutants: [
      ["const isTimed = (event as Partial<Sign>).sentAtMs !== undefined;", "const isTimed = true;"],
    ],
  },
  {
    file: "peer/transition.ts",
    because: "an empty list of its own in the place of the empty one that all share",
    mutants: [
      [
        "return [changed ? freeze(peer) : state, outputs.length === 0 ? NOTHING : Object.freeze(outputs)];",
        "return [changed ? freeze(peer) : state, false ? NOTHING : Object.freeze(outputs)];",
      ],
    ],
  },
  {
    file: "peer/deadlines.ts",
    because: "differs only where a bundler shortened the names of functions",
    mutants: [
      [
        'evidence.detector = policy.detector === fixed ? "fixed" : policy.detector.name;',
        'evidence.detector = false ? "fixed" : policy.detector.name;',
      ],
    ],
  },
];
