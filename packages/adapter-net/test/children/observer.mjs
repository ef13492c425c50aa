// `observer.mjs tcp|udp`: judges whoever comes, can be told to block, and counts what it then says of
// its peers. Beside it runs the watchdog that everybody writes, on the same beats.
import { createSocket } from "node:dgram";
import { subscribe } from "node:diagnostics_channel";
import { createNode } from "@systole/adapter-dgram";
import { createServer } from "@systole/adapter-net";

const POLICY = { intervalMs: 500, suspectAfterMs: 1_000, deadAfterMs: 2_000 };
/** So many fresh beats of every peer must arrive before a round is over. */
const FRESH_BEATS = 2;
/** What lay unread is read long before that; what comes later is fresh. */
const BACKLOG_MS = 100;

const [transport] = process.argv.slice(2);
const say = (message) => process.send(message);
const living = new Set();
const counts = { suspicions: 0, deaths: 0, stalls: 0, naive: new Set() };
/** Beats to come by peer; what the peers still owe us. */
const owed = new Map();
let expected = Number.POSITIVE_INFINITY;

const judge = transport === "tcp" ? createServer({ id: "observer", policy: POLICY }) : udpNode();
judge.on("alive", ({ id }) => {
  living.add(id);
  if (living.size === expected) say({ type: "all-alive" });
});
judge.on("suspect", () => {
  counts.suspicions += 1;
});
judge.on("dead", ({ id }) => {
  counts.deaths += 1;
  living.delete(id);
});
judge.on("stalled", () => {
  counts.stalls += 1;
});

const timers = new Map();
subscribe("systole:beat", ({ id, direction }) => {
  if (direction !== "received") return;
  clearTimeout(timers.get(id));
  timers.set(
    id,
    setTimeout(() => counts.naive.add(id), POLICY.deadAfterMs),
  );
  settle(id);
});

const blocks = {
  timer: (ms) => setTimeout(block, 1, ms),
  io: (ms) => {
    // One datagram to ourselves: its handler runs in the same phase as those of the peers.
    const socket = createSocket("udp4", () => {
      socket.close();
      block(ms);
    });
    socket.bind(0, "127.0.0.1", () => socket.send("now", socket.address().port, "127.0.0.1"));
  },
};

process.on("message", ({ type, ...message }) => {
  if (type === "expect") expected = message.peers;
  if (type === "block") blocks[message.how](message.ms);
  if (type === "watch") watch();
});
process.on("disconnect", () => process.exit());

if (transport === "tcp") await judge.listen(0, "127.0.0.1");
else await judge.bind(0, "127.0.0.1");
say({ type: "listening", port: judge.address().port });

function udpNode() {
  return createNode({ id: "observer", policy: POLICY, accept: () => true });
}

function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  watch();
}

/** Soon every peer owes us beats; when all have paid, the round is over. */
function watch() {
  setTimeout(() => {
    for (const id of living) owed.set(id, FRESH_BEATS);
  }, BACKLOG_MS);
}

function settle(id) {
  const left = (owed.get(id) ?? 0) - 1;
  if (left > 0) owed.set(id, left);
  else if (owed.delete(id) && owed.size === 0) {
    const { naive, ...rest } = counts;
    say({ type: "settled", ...rest, naivelyKilled: naive.size, alive: living.size });
    Object.assign(counts, { suspicions: 0, deaths: 0, stalls: 0 });
    naive.clear();
  }
}
