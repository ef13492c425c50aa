// Stories of the machine as readable text; begin with scenarios/README.txt.
//
// SCENARIOS=rewrite writes what the monitor says now into the files. Read the diff before you commit.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { LearningDetector } from "../src/detectors/detector.ts";
import { playScenario } from "../src/testing/scenario.ts";

const directory = new URL("scenarios/", import.meta.url);
const files = readdirSync(directory).filter((name) => /^\d.*\.txt$/.test(name));

test.each(files)("%s", (name) => {
  const file = new URL(name, directory);
  const text = readFileSync(file, "utf8");
  const played = playScenario(text);
  if (process.env["SCENARIOS"] === "rewrite") writeFileSync(file, played);
  else expect(played).toBe(text);
});

test("a scenario that says something else comes back as it really is", () => {
  const [first = ""] = files;
  const text = readFileSync(new URL(first, directory), "utf8");
  expect(playScenario(text.replace("alive → suspect", "alive → dead"))).toBe(text);
});

/** Suspects after twice the longest gap seen. */
const longestGap: LearningDetector = {
  name: "longestGap",
  size: 3,
  learn(memory, from, { at, stalledMs }) {
    const [limit = 0, beats = 0, before = 0] = memory.subarray(from, from + 3);
    const gapMs = beats > 0 ? at - before - stalledMs : 0;
    memory.set([Math.max(limit, 2 * gapMs), beats + 1, at], from);
  },
};

test("a detector of one's own is tried in a few lines", () => {
  const text = `policy strict detector=longestGap
at 0 add worker role=listen
from 0 to 4000 every 500 heard worker numbered
  > 0 connecting → alive: worker is alive (session 1)
at 6000 wait
  > 5000 alive → suspect: worker silent for 1000 ms: 1 beat missed, loss 0 %
at 6100 heard worker seq=10
  > 6100 suspect → alive: worker is back after 2100 ms of silence: 2 beats missed, loss 0 %
`;
  expect(playScenario(text, { detectors: { longestGap } })).toBe(text);
});

test.each([
  ["At 0 add worker", "nothing is called At here: policy, hand-ticked, show-beats, at, from"],
  ["at 0 ad worker", /nothing is called "ad": add, heard, sent, .*, wait$/],
  ["at 0 toString", /nothing is called "toString": add/],
  ["at 0", /nothing is called "": add/],
  ["at soon add worker", "soon is no time in ms"],
  ["at -1 add worker", "-1 is no time in ms"],
  ["at 9 add worker\nat 8 wait", "it is 9 already"],
  ["at 0 add", "which peer?"],
  ["at 0 sent", "which peer?"],
  ["at 0 heard wrker", "there is no peer wrker"],
  ["at 0 add worker role=watch", "there is no role watch: both, send, listen"],
  ["at 0 add worker listen", "listen is no setting: name=value"],
  ["at 0 add worker rule=listen", "nothing is called rule: role"],
  ["at 0 add worker\nat 0 add worker", /A peer with the id "worker"/],
  ["at 0 add worker\nat 0 heard worker seq=x", "x is no time in ms"],
  ["at 0 add worker\nat 0 ended worker tired", /tired is no reason: closed, left/],
  ["policy stricter", "stricter is no setting: name=value"],
  ["policy strict deadAfterMs=soon", "soon is neither a number nor JSON"],
  ["policy strict detector=mine", "there is no detector mine: none was given"],
  ["policy deadAfterMs=1\nat 0 add worker", /deadAfterMs must exceed suspectAfterMs/],
  ["at 0 wait\npolicy strict", "policy stands before the first instant"],
  ["from 1 to 2 heard worker", "it is: from … to … every … and what"],
  ["from 1 to 2 every 0 wait", "every 0 ms is for ever"],
])("%j is no scenario, and the error says which line and why", (text, why) => {
  const lines = text.split("\n");
  const error = caught(() => playScenario(`# A comment.\n${text}`));
  expect(error).toMatchObject({ code: "ERR_SYSTOLE_SCENARIO", value: lines.at(-1) });
  const where = `Line ${1 + lines.length} of the scenario, ${JSON.stringify(lines.at(-1))}: `;
  expect(error.message.slice(0, where.length)).toBe(where);
  expect(error.message.slice(where.length)).toMatch(why);
});

function caught(body: () => unknown): Error {
  try {
    body();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
