// `attacker.mjs PORT PEERS [SECRET]`: healthy peers of a node, and somebody on the way between them who
// reads everything, passes it on, and on command sends random, mutated, truncated, replayed and reflected
// datagrams as well: from the peers' own addresses and from another one.
import { randomFillSync } from "node:crypto";
import { createSocket } from "node:dgram";
import { createNode } from "@systole/adapter-dgram";

const LOCAL = "127.0.0.1";
const KEPT = 500;
const BATCH = 256;
const [nodePort, peers, secret] = process.argv.slice(2);
const keys = secret && { sign: "k", accept: { k: Buffer.from(secret) } };
const POLICY = { intervalMs: 200, suspectAfterMs: 5_000, deadAfterMs: 20_000 };
const say = (message) => process.send(message);

let seed = 1;
let forwarded = 0;
const randomness = randomFillSync(Buffer.alloc(300));
const noise = Array.from({ length: 2_000 }, randomBytes);
/** What the peers said, and what the node said. */
const recorded = [];
const answers = [];
const elsewhere = await bound();
const relays = await Promise.all(Array.from({ length: Number(peers) }, (_, n) => relay(n)));
process.on("message", ({ datagrams, perSecond }) => attack(datagrams, perSecond));
process.on("disconnect", () => process.exit());
say({ type: "ready" });

async function bound() {
  const socket = createSocket({ type: "udp4", recvBufferSize: 2 ** 22, sendBufferSize: 2 ** 22 });
  await new Promise((resolve) => socket.bind(0, LOCAL, resolve));
  return socket;
}

async function relay(n) {
  const socket = await bound();
  const node = createNode({ id: `healthy-${n}`, policy: POLICY, keys });
  await node.bind(0, LOCAL);
  const home = node.address().port;
  socket.on("message", (bytes, { port }) => {
    const isAnswer = port === Number(nodePort);
    remember(isAnswer ? answers : recorded, bytes);
    if (!isAnswer) forwarded += 1;
    socket.send(bytes, isAnswer ? home : Number(nodePort), LOCAL);
  });
  node.add("observer", { address: LOCAL, port: socket.address().port });
  return socket;
}

function remember(list, bytes) {
  if (list.length < KEPT) list.push(bytes);
  else list[below(KEPT)] = bytes;
}

/** As many as that, at that pace; what the peers say goes through all the while. */
async function attack(datagrams, perSecond) {
  const startedAt = performance.now();
  let sent = 0;
  while (sent < datagrams) {
    const due = Math.ceil(((performance.now() - startedAt) / 1_000) * perSecond);
    const many = Math.min(BATCH, datagrams - sent, due - sent);
    for (let n = 0; n < many; n++)
      (sent++ % 2 ? elsewhere : pick(relays)).send(hostile(sent), Number(nodePort), LOCAL);
    await new Promise((resolve) => (many < BATCH ? setTimeout(resolve, 1) : setImmediate(resolve)));
  }
  // Through everything that is queued.
  for (const socket of [elsewhere, ...relays])
    while (socket.getSendQueueCount() > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  say({ type: "attacked", sent, forwarded });
}

function hostile(n) {
  switch (n % 5) {
    case 0:
      return pick(noise);
    case 1:
      return mutated(pick(recorded));
    case 2: {
      const frame = pick(recorded);
      return frame.subarray(0, below(frame.length));
    }
    case 3:
      return pick(recorded);
    default:
      return pick(answers);
  }
}

/** Half of them look like frames at first sight. */
function randomBytes() {
  const bytes = randomness.subarray(0, below(300)).map((byte) => byte ^ below(256));
  const head = [0x53, 1, 1 + below(4), 0, 0, 0, bytes.length >> 8, bytes.length & 255];
  if (below(2)) bytes.set(head.slice(0, bytes.length));
  return bytes;
}

/** Without keys somebody who reads along can say what it likes, so there the tag is wrong as well. */
function mutated(frame) {
  const bytes = Buffer.from(frame);
  for (let n = 1 + below(4); n > 0; n--) bytes[below(bytes.length)] ^= 1 << below(8);
  if (!keys) for (let at = 8; at < 16; at++) bytes[at] = below(256);
  return bytes;
}

function pick(list) {
  return list[below(list.length)];
}

function below(limit) {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
  return Math.floor(((seed >>> 0) / 2 ** 32) * limit);
}
