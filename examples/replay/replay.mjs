// `pnpm replay`: records an incident in virtual time, replays its log, tells what happened and draws it.
// `node examples/replay/replay.mjs some.jsonl` tells the story of a log of yours.

import { readFileSync, writeFileSync } from "node:fs";
import { recordIncident } from "./incident.mjs";
import { storyOf } from "./story.mjs";
import { incidentSvg } from "./timeline.mjs";

const given = process.argv[2];
const path = given ?? "incident.jsonl";
const recorded = [];
if (given === undefined) {
  const lines = [];
  recordIncident(
    (line) => lines.push(line),
    (output) => recorded.push(JSON.stringify(output)),
  );
  const log = `${lines.join("\n")}\n`;
  writeFileSync(path, log);
  const perLine = Math.round(log.length / lines.length);
  console.log(`recorded ${lines.length} lines, ${perLine} bytes each: ${path}\n`);
}

const story = storyOf(readFileSync(path, "utf8"));
for (const { at, text } of story.told) {
  console.log(`${(at / 1_000).toFixed(2).padStart(7)} s  ${text}`);
}
if (story.problem !== undefined) console.log(`\n${story.problem}`);

const picture = path.replace(/(\.\w+)?$/, ".svg");
writeFileSync(picture, incidentSvg(story));
console.log(`\nPicture: ${picture}`);

if (given === undefined) {
  const isSame =
    recorded.join("\n") === story.outputs.map((each) => JSON.stringify(each)).join("\n");
  const verdict = isSame ? "byte for byte what was" : "NOT what was";
  console.log(`The replay said ${verdict} said live: ${story.outputs.length} outputs.`);
  process.exitCode = isSame ? 0 : 1;
}
