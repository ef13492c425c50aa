// A worker: `worker.mjs ID PORT LEDGER`. What it does cannot be undone, so it does it only while nobody
// can have given its job to somebody else.

import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@systole/adapter-net";
import { decode, encode } from "./messages.mjs";

const UNITS = 5;
const UNIT_MS = 50;

const [id, port, ledger] = process.argv.slice(2);
const peer = connect({ host: "127.0.0.1", port: Number(port), id, reconnect: true });
/** The job that was left alone last; said again in the next session, for the connection may be gone. */
let left;
/** Until when the scheduler could not have declared us dead, as far as we knew last. */
let trustedUntil = 0;

peer.on("alive", ({ from }) => {
  if (from === "connecting") say({ type: "ready", left });
});
peer.on("message", (bytes) => work(decode(bytes).job));
process.on("disconnect", () => process.exit());

async function work(job) {
  left = undefined;
  say({ type: "started", job });
  for (let unit = 0; unit < UNITS; unit++) {
    if (!isTrusted()) return leaveAlone(job);
    await sleep(UNIT_MS);
  }
  if (!isTrusted()) return leaveAlone(job);
  // One step right behind the question: no two workers believe in one job at the same time. What a
  // crash or a freeze between two lines could still do, only the world itself can refuse, if each step
  // brings it the number of its session.
  appendFileSync(ledger, `${job} ${id}\n`);
  say({ type: "done", job });
}

function isTrusted() {
  const until = peer.trustedUntil();
  if (until <= performance.now()) return false;
  trustedUntil = until;
  return true;
}

function leaveAlone(job) {
  left = { job, lateMs: performance.now() - trustedUntil };
  say({ type: "ready", left });
}

function say(message) {
  peer.send(encode(message));
}
