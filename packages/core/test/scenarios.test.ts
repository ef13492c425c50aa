// Stories of the machine as readable text; begin with scenarios/README.txt.
//
// SCENARIOS=rewrite writes what the monitor says now into the files. Read the diff before you commit.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { playScenario } from "./scenario-runner.ts";

const directory = new URL("scenarios/", import.meta.url);
const files = readdirSync(directory).filter((name) => /^\d.*\.txt$/.test(name));

test.each(files)("%s", (name) => {
  const file = new URL(name, directory);
  const text = readFileSync(file, "utf8");
  const played = playScenario(text);
  if (process.env["SCENARIOS"] === "rewrite") writeFileSync(file, played);
  else expect(played).toBe(text);
});

test("a scenario that says something else fails, and so does a misspelt command", () => {
  const [first = ""] = files;
  const text = readFileSync(new URL(first, directory), "utf8");
  expect(playScenario(text.replace("alive → suspect", "alive → dead"))).not.toContain(
    "alive → dead",
  );
  expect(() => playScenario("At 0 add worker")).toThrow("a scenario has no command At");
  expect(() => playScenario("at 0 ad worker")).toThrow("nothing is called ad at 0");
});
