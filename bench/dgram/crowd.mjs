// The other side of both contenders: a worker with many peers that introduce themselves to a node and
// then send ordinary beats, as fast as it can, to whatever socket is measured. So both get the same
// packets. While it fills a socket the measured thread sleeps, and while that works this one does.

import { createSocket } from "node:dgram";
import { parentPort, workerData } from "node:worker_threads";
import { createEndpoint } from "@systole/core/endpoint";
import { ManualHost } from "@systole/core/testing";
import { Seals } from "../../packages/adapter-dgram/dist/seal.js";

const { peers, sockets: count, nodePort, signals, keys } = workerData;
const LOCAL = "127.0.0.1";
/** They never judge, so that their time may run ahead of everybody else's. */
const POLICY = { intervalMs: 1_000 };

const sealing = keys && new Seals(keys);
let port = nodePort;
let unsent = 0;
const sockets = await Promise.all(Array.from({ length: count }, open));
const crowd = Array.from({ length: peers }, (_, n) => join(`peer-${n}`, sockets[n % count], n));
let next = 0;

parentPort.on("message", async (order) => {
  if (order.type === "end") {
    for (const socket of sockets) socket.close();
    return parentPort.close();
  }
  if (order.type === "fill") {
    port = order.port;
    for (let n = 0; n < order.beats; n++) oneMore();
    await idle();
  }
  if (order.type === "introduce") await introduce();
  if (order.type === "answer") await answer();
  Atomics.store(signals, 1, 0);
  Atomics.store(signals, 0, 1);
  Atomics.notify(signals, 0);
  // Whoever is sent to reads nothing of it meanwhile: only the sender is measured.
  if (order.type === "answer") Atomics.wait(signals, 1, 0);
});

async function open() {
  const socket = createSocket({ type: "udp4", recvBufferSize: 2 ** 20 });
  socket.members = [];
  socket.on("message", (bytes) => {
    for (const { endpoint, node } of socket.members) endpoint.receive(bytes, node);
  });
  await new Promise((resolve) => socket.bind(0, LOCAL, resolve));
  parentPort.postMessage(socket.address().port);
  return socket;
}

function join(id, socket, seed) {
  const host = new ManualHost({ seed });
  const member = { host };
  member.endpoint = createEndpoint({
    id,
    host,
    transport: "datagram",
    role: "send",
    policy: POLICY,
    sealing,
    emit() {},
    send(_peer, frame) {
      unsent += 1;
      socket.send(frame, port, LOCAL, () => {
        unsent -= 1;
      });
    },
  });
  member.node = member.endpoint.add("node");
  socket.members.push(member);
  return member;
}

/** One of each socket at a time: a place has one conversation that begins. */
async function introduce() {
  for (let at = 0; at < crowd.length; at += count) {
    let connecting = crowd.slice(at, at + count);
    while (connecting.length > 0) {
      for (const each of connecting) beat(each);
      await new Promise((resolve) => setTimeout(resolve, 5));
      connecting = connecting.filter(({ endpoint, node }) => !isKnown(endpoint, node));
    }
  }
}

/** Reads what came, and beats: so the node hears that its beats arrived, as ever. */
async function answer() {
  // Each socket has a few datagrams at most.
  for (let turns = 0; turns < 4; turns++) await new Promise((resolve) => setImmediate(resolve));
  for (const each of crowd) beat(each);
  await idle();
}

/** The node counts us: from now on our beats are short. */
function isKnown(endpoint, node) {
  return endpoint.state(node).status === "alive" && endpoint.trustedUntil(node) > 0;
}

function oneMore() {
  beat(crowd[next]);
  next = (next + 1) % crowd.length;
}

/** Its time moves to its next beat. */
function beat({ host, endpoint }) {
  host.freeze(Math.max(0, endpoint.nextDeadline() - host.now()));
  endpoint.tick();
}

async function idle() {
  while (unsent > 0) await new Promise((resolve) => setImmediate(resolve));
}
