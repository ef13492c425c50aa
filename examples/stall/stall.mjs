// `pnpm stall`: 200 healthy UDP peers, an observer that blocks its own event loop for 3 s, and two
// judges in that same process: Systole, and the watchdog everybody writes (a setTimeout a peer, reset
// by every beat). Prints what each of them did, and draws it: docs/images/stall.svg.

import { fork } from "node:child_process";
import { mkdirSync, stat, writeFileSync } from "node:fs";
import { createNode } from "@systole/adapter-dgram";
import { startNaiveWatchdog } from "../demo/watchdog.mjs";
import { stallSvg } from "./picture.mjs";

const PEERS = 200;
const POLICY = { intervalMs: 500, suspectAfterMs: 1_000, deadAfterMs: 2_000 };
const BLOCK = { at: 2_000, forMs: 3_000 };
const END_AT = 8_000;

const node = createNode({ id: "observer", policy: POLICY, accept: () => true });
const living = { systole: new Set(), naive: new Set() };
const samples = [];
let startedAt;
let doubts = 0;

node.on("change", ({ id, to }) => {
  if (to === "alive") living.systole.add(id);
  if (to === "suspect" || to === "dead") {
    living.systole.delete(id);
    doubts += 1;
  }
  sample();
});
startNaiveWatchdog(POLICY.deadAfterMs, (id) => {
  living.naive.delete(id);
  sample();
});

await node.bind(0, "127.0.0.1");
const child = fork(new URL("peers.mjs", import.meta.url), [`${PEERS}`, `${node.address().port}`]);
while (living.systole.size < PEERS) await sleep(50);

living.naive = new Set(living.systole);
startedAt = performance.now();
sample();
await sleep(BLOCK.at);
sample();
// In an I/O callback, as a request handler would that computes for too long.
await new Promise((resolve) => stat(new URL(import.meta.url), () => resolve(block(BLOCK.forMs))));
await sleep(END_AT - BLOCK.at - BLOCK.forMs);
sample();

const killed = PEERS - living.naive.size;
const lost = PEERS - living.systole.size;
console.log(
  `${PEERS} healthy peers, observer blocked for ${BLOCK.forMs / 1_000} s, dead after ${POLICY.deadAfterMs / 1_000} s of silence`,
);
console.log(`  setTimeout per peer: killed ${killed} of ${PEERS}`);
console.log(`  Systole:             killed ${lost} of ${PEERS}, doubted ${doubts}`);
const images = new URL("../../docs/images/", import.meta.url);
mkdirSync(images, { recursive: true });
const story = { peers: PEERS, samples, block: BLOCK, endAt: END_AT, killed };
writeFileSync(new URL("stall.svg", images), stallSvg(story));
child.kill("SIGKILL");
await node.close();
process.exit(lost === 0 && doubts === 0 ? 0 : 1);

function sample() {
  if (startedAt === undefined) return;
  const at = performance.now() - startedAt;
  samples.push({ at, systole: living.systole.size, naive: living.naive.size });
}

/** A long garbage collection, a debugger, a busy loop: nothing of this process runs. */
function block(ms) {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
