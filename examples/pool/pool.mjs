// `pnpm pool`: a scheduler and four workers, each a process of its own. One worker is frozen in the middle
// of a job until somebody else has done that job, one only for a moment, one is killed. Ends with
// exit code 0 only if every job was done exactly once.

import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, explain } from "@systole/adapter-net";
import { decode, encode } from "./messages.mjs";
import { line, summary } from "./screen.mjs";

const JOBS = 40;
const WORKERS = ["worker-1", "worker-2", "worker-3", "worker-4"];
const POLICY = { intervalMs: 200, suspectAfterMs: 600, deadAfterMs: 1_500 };
/** What happens to whom, at the start of which of its jobs. */
const FAULTS = { "worker-2": "freeze", "worker-3": "kill", "worker-4": "hiccup" };
const AT_ITS = 3;

const directory = mkdtempSync(join(tmpdir(), "systole-pool-"));
/** The outside world: whatever is written here has happened, and cannot be taken back. */
const ledger = join(directory, "ledger");
writeFileSync(ledger, "");

const waiting = Array.from({ length: JOBS }, (_, n) => n + 1);
/** Who has which job: a session of a worker, not its name, for that may come back as another one. */
const given = new Map();
const done = new Set();
const started = new Map(WORKERS.map((id) => [id, 0]));
const children = new Map();
const orphans = new Map();
const refused = [];
let frozen;
let isOver = false;
let end;
const ended = new Promise((resolve) => {
  end = resolve;
});

const server = createServer({ id: "scheduler", policy: POLICY });
server.on("peer", (peer) => {
  peer.on("message", (bytes) => said(peer, decode(bytes)));
  peer.on("suspect", (change) => {
    line(explain(change));
    if (FAULTS[peer.id] === "hiccup") thaw(peer.id);
  });
  peer.on("dead", (change) => bury(peer, change));
});
server.on("alive", (change) => line(explain(change)));
await server.listen(0, "127.0.0.1");
line(`${JOBS} jobs, ${WORKERS.length} workers`);
for (const id of WORKERS) {
  const args = [id, server.address().port, ledger].map(String);
  children.set(id, fork(new URL("worker.mjs", import.meta.url), args));
}

await ended;
isOver = true;
for (const child of children.values()) child.kill("SIGKILL");
await server.close();
const entries = readFileSync(ledger, "utf8").trim().split("\n");
const { text, ok } = summary({ jobs: JOBS, workers: WORKERS, entries, refused });
process.stdout.write(text);
rmSync(directory, { recursive: true });
process.exitCode = ok ? 0 : 1;

function said(peer, { type, job, left }) {
  if (type === "ready") {
    if (left !== undefined) takeBack(peer, left);
    if (frozen?.isThawed && frozen.id === peer.id) frozen.isBack = true;
    give(peer);
    endIfDone();
  }
  if (type === "started") fault(peer.id, job);
  if (type === "done") finish(peer, job);
}

function give(peer) {
  const job = waiting.shift();
  if (job === undefined) return;
  given.set(peer, job);
  if (orphans.delete(job)) line(`job ${job} → ${peer.id}`);
  peer.send(encode({ job }));
}

function finish(peer, job) {
  given.delete(peer);
  done.add(job);
  // Somebody else has done what the frozen worker began: now let it wake up and try.
  if (frozen?.job === job && frozen.id !== peer.id) {
    frozen.isThawed = true;
    thaw(frozen.id);
  }
  give(peer);
  endIfDone();
}

/** It noticed in time that it may not go on; a job that is still its own is free at once. */
function takeBack(peer, { job, lateMs }) {
  if (given.get(peer) === job) {
    given.delete(peer);
    waiting.unshift(job);
  }
  if (refused.some((each) => each.id === peer.id && each.job === job)) return;
  refused.push({ id: peer.id, job, wasDone: done.has(job) });
  line(`${peer.id} woke up ${Math.round(lateMs)} ms too late for job ${job}, and left it alone`);
}

/** Its job may be given away once the worker, too, must know: `safeInMs` from now. */
function bury(peer, change) {
  if (isOver) return;
  line(explain(change));
  const job = given.get(peer);
  given.delete(peer);
  if (job === undefined) return;
  const { safeInMs = 0 } = change;
  line(`job ${job} can be given away in ${Math.round(safeInMs)} ms`);
  setTimeout(() => {
    orphans.set(job, peer.id);
    waiting.unshift(job);
    const idle = server.peers.find((each) => each.status === "alive" && !given.has(each));
    if (idle !== undefined) give(idle);
  }, safeInMs);
}

function fault(id, job) {
  started.set(id, started.get(id) + 1);
  const what = FAULTS[id];
  if (what === undefined || started.get(id) !== AT_ITS) return;
  if (what === "freeze") frozen = { id, job };
  const signal = what === "kill" ? "SIGKILL" : "SIGSTOP";
  line(`→ ${signal} ${id}, in the middle of job ${job}`);
  children.get(id).kill(signal);
}

function thaw(id) {
  line(`→ SIGCONT ${id}`);
  children.get(id).kill("SIGCONT");
}

function endIfDone() {
  if (done.size === JOBS && frozen?.isBack) end();
}
