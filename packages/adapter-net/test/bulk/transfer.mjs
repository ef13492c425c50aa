// @ts-check
// `transfer.mjs MEGABYTES tcp|unix`: sends so much one way, through a proxy that lets 64 KB/s pass. A
// policy of a second judges both sides meanwhile; what it said, what waited and what was kept is told at
// the end. On TCP the kernel takes megabytes at once, on unix sockets next to nothing: all waits here.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { connect as netConnect, createServer as netServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer } from "@systole/adapter-net";
import { bytesKept } from "../matrix/memory.mjs";

const MESSAGE = 1_000_000;
const BYTES_PER_SECOND = 65_536;
const STEP_MS = 50;
const POLICY = { intervalMs: 250, suspectAfterMs: 500, deadAfterMs: 1_000 };

const megabytes = Number(process.argv[2]);
const transport = process.argv[3];
/** @type {string[]} */
const changes = [];
/** Beats by direction, of both ends. @type {Record<string, number>} */
const beats = { "sender sent": 0, "receiver heard": 0, "receiver sent": 0, "sender heard": 0 };

const server = createServer({ id: "receiver", policy: POLICY });
await server.listen(0, "127.0.0.1");
const proxy = throttled(/** @type {import("node:net").AddressInfo} */ (server.address()).port);
const path = join(tmpdir(), `systole-${process.pid}.sock`);
proxy.listen(transport === "unix" ? { path } : { host: "127.0.0.1", port: 0 });
await once(proxy, "listening");
const address = proxy.address();
const where = typeof address === "string" ? { path } : { host: "127.0.0.1", port: address?.port };

/** @type {import("node:net").Socket[]} */
const sockets = [];
const keep = (/** @type {any} */ { socket }) => sockets.push(socket);
subscribe("net.client.socket", keep);
const peer = connect({ id: "sender", policy: POLICY, ...where });
unsubscribe("net.client.socket", keep);
const [socket] = sockets;
for (const [name, side] of /** @type {const} */ ([
  ["sender", peer],
  ["receiver", server],
])) {
  side.on("change", (/** @type {import("@systole/adapter-net").Change} */ { to, reason }) => {
    changes.push([name, to, reason].filter(Boolean).join(" "));
  });
}
subscribe("systole:beat", (message) => {
  const { local, direction } = /** @type {any} */ (message);
  const key = `${local} ${direction === "sent" ? "sent" : "heard"}`;
  beats[key] = (beats[key] ?? 0) + 1;
});
await peer.alive();

let arrived = 0;
let intact = 0;
const all = new Promise((resolve) => {
  server.peer("sender")?.on("message", (bytes) => {
    if (bytes.length === MESSAGE && bytes.every((byte) => byte === arrived % 251)) intact += 1;
    arrived += 1;
    if (arrived === megabytes) resolve(undefined);
  });
});

/** What waits in this process, and what it keeps. */
const most = { queuedBytes: 0, keptBytes: 0 };
const atStart = await bytesKept();
let looks = 0;
const looking = setInterval(async () => {
  most.queuedBytes = Math.max(most.queuedBytes, socket?.writableLength ?? 0);
  looks += 1;
  if (looks % 40 === 0) most.keptBytes = Math.max(most.keptBytes, (await bytesKept()) - atStart);
}, STEP_MS);

const startedAt = performance.now();
for (let n = 0; n < megabytes; n++) {
  if (!peer.send(new Uint8Array(MESSAGE).fill(n % 251))) await once(peer, "drain");
}
const handedMs = performance.now() - startedAt;
await all;
const tookMs = performance.now() - startedAt;
clearInterval(looking);
const during = changes.slice();
await peer.close();
await server.close();
proxy.close();
process.send?.({ type: "transferred", during, changes, intact, beats, most, handedMs, tookMs });
process.disconnect();

/** A server that lets so much pass towards `to`; the other way is free. @param {number} to */
function throttled(to) {
  return netServer({ highWaterMark: 16_384 }, (near) => {
    const far = netConnect(to, "127.0.0.1");
    far.pipe(near);
    let passed = 0;
    let seenAt = performance.now();
    // Reads only what may pass: all the rest waits in the sender, or in its kernel.
    near.on("readable", () => {});
    const passing = setInterval(() => {
      const now = performance.now();
      // What was not used in time is lost, as on any wire.
      passed = Math.max(0, passed - ((now - seenAt) / 1_000) * BYTES_PER_SECOND);
      seenAt = now;
      const room = Math.floor((2 * STEP_MS * BYTES_PER_SECOND) / 1_000 - passed);
      if (room <= 0 || near.readableLength === 0) return;
      const bytes = near.read(Math.min(room, near.readableLength));
      passed += bytes.length;
      far.write(bytes);
    }, STEP_MS);
    for (const end of [near, far]) end.on("error", () => {}); // 'close' follows.
    near.on("end", () => far.end());
    near.on("close", () => {
      clearInterval(passing);
      far.destroy();
    });
  });
}
