// `pnpm demo`: one observer with a TCP server and a UDP node, a child process for each peer, and
// every fault for real. Ends with a table, a picture, and exit code 0 only if all was seen right.

import { fork } from "node:child_process";
import { stat, writeFileSync } from "node:fs";
import { createNode } from "@systole/adapter-dgram";
import { createServer, explain } from "@systole/adapter-net";
import { Record, verdicts } from "./record.mjs";
import { Screen, verdictTable } from "./screen.mjs";
import { BLOCK, END_AT, OBSERVER, STORY } from "./story.mjs";
import { timelineSvg } from "./timeline.mjs";
import { startNaiveWatchdog } from "./watchdog.mjs";

const record = new Record(STORY);
const screen = new Screen();
const children = new Map();
const tcpPeers = new Map();
let footer = "starting the children …";
let begun = false;

const server = createServer({ id: "observer", policy: OBSERVER });
const node = createNode({ id: "observer", policy: OBSERVER, accept: () => true });

function seen(change) {
  record.changed(change.id, change);
  if (begun && !record.ended) screen.line(record.now(), explain(change));
}

server.on("peer", (peer) => tcpPeers.set(peer.id, peer));
server.on("change", seen);
node.on("change", seen);
startNaiveWatchdog(OBSERVER.deadAfterMs, (id) => record.naivelyKilled(id));

await server.listen(0, "127.0.0.1");
await node.bind(0, "127.0.0.1");
const ports = { tcp: server.address().port, udp: node.address().port };

const actions = {
  start: ({ id, transport }) => {
    const args = [transport, id, ports[transport]].map(String);
    children.set(id, fork(new URL("child.mjs", import.meta.url), args));
  },
  kill: ({ id }) => children.get(id).kill("SIGKILL"),
  stop: ({ id }) => children.get(id).kill("SIGSTOP"),
  continue: ({ id }) => children.get(id).kill("SIGCONT"),
  leave: ({ id }) => children.get(id).send("leave"),
};

for (const peer of STORY) actions.start(peer);
const drawing = setInterval(() => screen.draw(record, measure, footer), 200);
await until(() => [...record.lanes.values()].every(({ status }) => status === "alive"), 30_000);

begun = true;
record.begin();
footer = "everybody is alive; faults follow";
screen.line(0, `${STORY.length} peers are alive; faults follow`);
for (const peer of STORY) {
  for (const [at, action] of peer.does) {
    setTimeout(() => act(peer, action), at);
  }
}
// In an I/O callback, as a request handler would that computes for too long.
setTimeout(() => stat(new URL(import.meta.url), blockTheLoop), BLOCK.at);
await new Promise((resolve) => setTimeout(resolve, END_AT));
clearInterval(drawing);
screen.draw(record, measure, footer);
record.end();

for (const child of children.values()) child.kill("SIGKILL");
await Promise.all([server.close(), node.close()]);
process.exitCode = report() ? 0 : 1;
// What keeps the process alive now is only the naive watchdog's timers.
process.exit();

function act(peer, action) {
  actions[action](peer);
  record.acted(peer.id, action);
  footer = `${peer.id}: ${action}`;
  screen.line(record.now(), `→ ${action} ${peer.id}`);
}

/** The observer itself stands still, as in a long garbage collection or a busy computation. */
function blockTheLoop() {
  screen.line(record.now(), "→ the observer blocks its own event loop for 3 s");
  footer = "the observer blocks its own event loop for 3 s";
  screen.draw(record, measure, footer);
  const until = performance.now() + BLOCK.forMs;
  while (performance.now() < until);
  footer = "the observer is back";
}

function measure(id) {
  const state = tcpPeers.get(id)?.state() ?? node.peer(id)?.state();
  if (state === undefined || state.status === "dead") return {};
  const silenceMs = state.heardAt === undefined ? undefined : performance.now() - state.heardAt;
  return { silenceMs, rttMs: state.arrivals.rttMs };
}

function report() {
  const lanes = [...record.lanes.values()];
  const rows = verdicts(STORY, record.lanes);
  const living = lanes.filter((lane) => isHealthyAt(lane, BLOCK.at));
  const afterBlock = ({ at }) => at >= BLOCK.at && at < END_AT;
  const ourKills = living.filter((lane) => lane.changes.some(afterBlock)).length;
  const naive = living.filter((lane) => lane.kills.some(afterBlock)).length;
  const stall = `Observer blocked for 3 s: Systole doubted ${ourKills} of ${living.length} healthy peers, a setTimeout watchdog killed ${naive}.`;
  const picture = "demo-timeline.svg";
  writeFileSync(picture, timelineSvg(lanes, { endAt: END_AT, block: BLOCK, naiveKills: stall }));
  const ok = rows.every((row) => row.ok) && ourKills === 0;
  process.stdout.write(`\n${verdictTable(rows)}\n\n${stall}\n`);
  process.stdout.write(
    `${ok ? "Every fault was seen as it must be." : "NOT everything was seen as it must be."} Picture: ${picture}\n`,
  );
  return ok;
}

function isHealthyAt({ changes }, at) {
  const before = changes.filter((change) => change.at < at);
  return (before.at(-1)?.to ?? "alive") === "alive";
}

async function until(condition, timeoutMs) {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("the children did not all come alive");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
