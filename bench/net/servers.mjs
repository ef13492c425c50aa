// Who is compared: the side that has all the connections. Each moves the same beats; what it does with
// them differs.

import { createServer as createNetServer } from "node:net";
import { createServer, createWatcher } from "@systole/adapter-net";
import { BEAT, policyFor, startBeating, stepFor } from "./traffic.mjs";

/** By name: what it does, who its clients are, and how it is started. */
export const SERVERS = {
  "bare node:net": {
    does: "reads and writes the same bytes at the same pace, judges nobody",
    clients: "bare",
    start: (intervalMs) => plain(intervalMs, () => () => {}),
  },
  "setTimeout a socket": {
    does: "the same, and a timer a socket, refreshed by every read",
    clients: "bare",
    start: (intervalMs) =>
      plain(intervalMs, (socket) => {
        const timer = setTimeout(() => socket.destroy(), 10 * intervalMs);
        socket.on("close", () => clearTimeout(timer));
        return () => timer.refresh();
      }),
  },
  "Systole watch": {
    does: "byte counters looked at in every tick, beats by a function; judges",
    clients: "bare",
    start: watched,
  },
  "Systole server": {
    does: "frames, echoes, sequence numbers, negotiation, `trustedUntil`; judges",
    clients: "systole",
    start: framed,
  },
};

export const BARE = "bare node:net";

/** What `onRead` returns is called with every read. */
async function plain(intervalMs, onRead) {
  const sockets = [];
  const counts = { received: 0, sent: 0 };
  const server = createNetServer({ noDelay: true }, (socket) => {
    sockets.push(socket);
    const read = onRead(socket);
    socket.on("data", (bytes) => {
      counts.received += bytes.length / BEAT.length;
      read();
    });
    socket.on("error", () => {});
  });
  const port = await listening(server);
  startBeating(sockets, intervalMs, stepFor(intervalMs), (socket) => {
    socket.write(BEAT);
    counts.sent += 1;
  });
  return { port, counts: () => ({ ...counts, connections: sockets.length }) };
}

async function watched(intervalMs) {
  const watcher = createWatcher({ policy: policyFor(intervalMs) });
  const counts = { received: 0, sent: 0, connections: 0, suspected: 0 };
  const server = createNetServer({ noDelay: true }, (socket) => {
    counts.connections += 1;
    socket.on("data", (bytes) => {
      counts.received += bytes.length / BEAT.length;
    });
    socket.on("error", () => {});
    const beat = () => {
      socket.write(BEAT);
      counts.sent += 1;
    };
    watcher.watch(socket, { beat }).on("suspect", () => {
      counts.suspected += 1;
    });
  });
  const port = await listening(server);
  return { port, counts: () => ({ ...counts }) };
}

async function framed(intervalMs) {
  let suspected = 0;
  const server = createServer({ id: "server", policy: policyFor(intervalMs) });
  server.on("suspect", () => {
    suspected += 1;
  });
  await server.listen(0, "127.0.0.1");
  return {
    port: server.address().port,
    counts() {
      const { framesReceived, framesSent } = server.stats();
      const connections = server.peers.length;
      return { received: framesReceived, sent: framesSent, connections, suspected };
    },
  };
}

async function listening(server) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", 4_096, resolve));
  return server.address().port;
}
