// `timers.mjs tcp|udp|watch`: how many timers there are with nobody judged, with one peer, with two,
// and when all is closed. Then it must end by itself: nothing here calls exit.
import { once } from "node:events";
import { createServer as createNetServer, connect as netConnect } from "node:net";
import { createNode } from "@systole/adapter-dgram";
import { connect, createServer, createWatcher } from "@systole/adapter-net";
import { systemHost } from "@systole/core/system";

const host = systemHost();
/** Ticks under way: a timer has fired, and input has its turn before the next one is set. */
let ticking = 0;
const clock = {
  ...host,
  // Ours are unref'd, and Node lists only what keeps a process alive.
  setTimer: (callback, delayMs) => host.setTimer(callback, delayMs, true),
  defer: (callback) => {
    ticking += 1;
    host.defer(() => {
      ticking -= 1;
      callback();
    });
  },
};
const policy = { intervalMs: 200, suspectAfterMs: 1_000, deadAfterMs: 3_000 };
const steps = { tcp, udp, watch };
const counted = {};

await steps[process.argv[2]]();
await count("closed");
process.send({ type: "counted", ...counted });
process.disconnect();

async function tcp() {
  const server = createServer({ id: "server", policy, clock });
  await server.listen(0, "127.0.0.1");
  await count("nobody");
  const { port } = server.address();
  // The clients' own timers would be counted, too: they get a clock that hides them.
  const hidden = {
    ...host,
    setTimer: (callback, delayMs) => host.setTimer(callback, delayMs, false),
  };
  const clients = [];
  for (const id of ["one", "two"]) {
    const client = connect({ host: "127.0.0.1", port, id, clock: hidden });
    clients.push(client);
    await client.alive();
    await count(id);
  }
  await Promise.all(clients.map((client) => client.close()));
  await server.close();
}

async function udp() {
  const node = createNode({ id: "node", policy, clock });
  await node.bind(0, "127.0.0.1");
  await count("nobody");
  for (const id of ["one", "two"]) {
    node.add(id, { address: "127.0.0.1", port: node.address().port });
    await count(id);
  }
  for (const id of ["one", "two"]) node.remove(id);
  // The timer that is set is not taken back: it comes once more, for nothing.
  while (timers() > 0) await turn();
  await node.close();
}

async function watch() {
  const server = createNetServer((socket) => socket.on("error", () => {}).pipe(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const watcher = createWatcher({ policy, clock });
  await count("nobody");
  const sockets = [];
  for (const id of ["one", "two"]) {
    const socket = netConnect(server.address().port, "127.0.0.1").resume();
    sockets.push(socket);
    await once(watcher.watch(socket, { beat: "ping" }), "alive");
    await count(id);
  }
  for (const socket of sockets) {
    socket.destroy();
    await once(socket, "close");
  }
  while (timers() > 0) await turn();
  watcher.close();
  server.close();
}

async function count(name) {
  do await turn();
  while (ticking > 0);
  counted[name] = timers();
}

function timers() {
  return process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
}

function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}
