// `crowd-peers.mjs COUNT PORT PREFIX POLICY SEED LOSS`: so many peers of a node, each with an endpoint of its
// own. On command their network loses, doubles and reorders what they say and hear. Some share a
// socket, as devices behind a NAT would share its address: a datagram is for whoever handed out its tag.
import { createSocket } from "node:dgram";
import { createHistogram } from "node:perf_hooks";
import { drive } from "@systole/core";
import { createEndpoint } from "@systole/core/endpoint";
import { systemHost } from "@systole/core/system";

const LOCAL = "127.0.0.1";
/** How many introduce themselves at a time: a node has places for 1,024 newcomers. */
const AT_ONCE = 200;
const PEERS_A_SOCKET = 100;
/** Where a BEAT says which tag its receiver shall use, and any frame says which it uses: docs/wire.md. */
const HANDED_AT = 34;
const TAG_AT = 8;
const BEAT = 1;
const ECHO = 2;
const [count, port, prefix, policyText, seedText, lossText] = process.argv.slice(2);
const policy = JSON.parse(policyText);
const { lost, doubled, overtaken } = JSON.parse(lossText);
const host = systemHost();
let seed = Number(seedText);
let isFaulty = false;
/** Datagrams handed to the kernel. */
let datagrams = 0;
/** Errors of the sockets, by code: they prove nothing. */
const errors = {};
/** How late what was due was done, in µs. */
const late = createHistogram();
let since = begin();

process.on("disconnect", () => process.exit());
process.on("message", ({ type }) => {
  if (type === "spoil") isFaulty = true;
  if (type === "begin") since = begin();
  if (type === "count") process.send({ type: "counted", ...counted() });
});

/** Whose a tag is. Each endpoint hands out one, and another one while its address is asked for. */
const owners = new Map();
let next = 0;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (next < Number(count)) await joinTogether();
  }),
);
process.send({ type: "joined" });

/** One after the other: a place that changes its story has to wait. */
async function joinTogether() {
  const socket = await open();
  for (let n = 0; n < PEERS_A_SOCKET && next < Number(count); n++)
    await join(`${prefix}-${next++}`, socket);
}

async function open() {
  const socket = createSocket({ type: "udp4", recvBufferSize: 4_194_304 });
  await new Promise((resolve) => socket.connect(Number(port), LOCAL, resolve));
  socket.on("error", ({ code }) => {
    errors[code] = (errors[code] ?? 0) + 1;
  });
  socket.on("message", (datagram) => owners.get(wordAt(datagram, TAG_AT))?.(datagram));
  return socket;
}

async function join(id, socket) {
  await new Promise((resolve) => {
    const leave = faulty((datagram) => {
      datagrams += 1;
      socket.send(datagram);
    });
    const endpoint = createEndpoint({
      id,
      host,
      policy,
      transport: "datagram",
      send: (_peer, datagram) => {
        if (datagram[2] === BEAT || datagram[2] === ECHO)
          owners.set(wordAt(datagram, HANDED_AT), arrive);
        leave(datagram);
      },
      emit: (output) => output.type === "changed" && output.to === "alive" && resolve(),
    });
    const observer = endpoint.add("observer");
    const arrive = faulty((datagram) => endpoint.receive(datagram, observer));
    drive(punctual(endpoint), host);
  });
}

/** Enough of a tag to tell them apart: 53 bits. */
function wordAt(bytes, at) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return view.getUint32(at) * 2 ** 21 + (view.getUint32(at + 4) >>> 11);
}

/** One direction of a network. What is overtaken arrives after the next that arrives at all. */
function faulty(deliver) {
  let held = [];
  return (datagram) => {
    const fate = isFaulty ? random() : 0.5;
    if (fate < lost) return;
    if (fate < lost + overtaken) return void held.push(datagram);
    deliver(datagram);
    if (fate > 1 - doubled) deliver(datagram);
    for (const each of held) deliver(each);
    held = [];
  };
}

/** The same endpoint, with a record of how late it is driven. */
function punctual(endpoint) {
  return {
    tick(options) {
      late.record(Math.max(1, Math.round((host.now() - endpoint.nextDeadline()) * 1_000)));
      endpoint.tick(options);
    },
    nextDeadline: () => endpoint.nextDeadline(),
    onEarlier: (callback) => endpoint.onEarlier(callback),
  };
}

function random() {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
  return (seed >>> 0) / 2 ** 32;
}

function begin() {
  late.reset();
  return { at: performance.now(), cpu: process.cpuUsage(), datagrams };
}

function counted() {
  const { user, system } = process.cpuUsage(since.cpu);
  return {
    cpuPercent: (user + system) / 10 / (performance.now() - since.at),
    megabytes: process.memoryUsage.rss() / 2 ** 20,
    lateMs: late.percentile(99) / 1_000,
    lateMostMs: late.max / 1_000,
    datagrams: datagrams - since.datagrams,
    socketErrors: errors,
  };
}
