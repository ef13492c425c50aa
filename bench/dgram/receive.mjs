// What a datagram costs that is received: the socket's buffer is filled while this thread sleeps, and
// then emptied at full speed.

import { median } from "../speed/measuring.mjs";
import {
  bareSocket,
  disband,
  fill,
  nodeWithCrowd,
  RECEIVE_BUFFER_BYTES,
  turn,
} from "./measured.mjs";

const BEATS = 2_048;

export async function measure({ kind, peers, sockets, rounds, keys }) {
  const crowd = await nodeWithCrowd({ peers, sockets, intervalMs: 50_000, keys });
  const { node } = crowd;
  const contender = kind === "bare" ? await bare() : ours(node, crowd.port);
  const figures = [];
  const weights = [];
  let lost = 0;
  for (let round = -WARM_ROUNDS; round < rounds; round++) {
    const before = contender.count();
    fill(crowd, contender.port, BEATS);
    const heapBefore = process.memoryUsage().heapUsed;
    const from = process.cpuUsage();
    // Node reads at most 32 datagrams in a turn.
    for (let left = BEATS / 32 + 1; left > 0; left--) await turn();
    const weight = process.memoryUsage().heapUsed - heapBefore;
    const { user, system } = process.cpuUsage(from);
    const received = contender.count() - before;
    if (round < 0) continue;
    lost += BEATS - received;
    figures.push(((user + system) * 1_000) / received);
    weights.push(weight / received);
  }
  await disband(crowd);
  return { ns: median(figures), bytes: median(weights), lost, ...contender.check() };
}

const WARM_ROUNDS = 40;

async function bare() {
  const socket = await bareSocket();
  socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  let received = 0;
  socket.on("message", () => {
    received += 1;
  });
  return { port: socket.address().port, count: () => received, check: () => ({}) };
}

function ours(node, port) {
  const at = node.stats().framesReceived;
  return {
    port,
    count: () => node.stats().framesReceived,
    check: () => ({ dropped: node.stats().dropped, received: node.stats().framesReceived - at }),
  };
}
