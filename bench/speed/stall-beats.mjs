// The watched peers, in a thread of their own: they beat on, whatever happens to who watches them.

import { parentPort, workerData } from "node:worker_threads";

const { peers, killed, intervalMs, killAtMs, largestGapMs } = workerData;
const startedAt = performance.now();
let beatAt = startedAt;

setInterval(() => {
  const now = performance.now();
  largestGapMs[0] = Math.max(largestGapMs[0], now - beatAt);
  beatAt = now;
  const isOver = now - startedAt >= killAtMs;
  // The first ones are killed. A message each, as each would be a datagram.
  for (let peer = isOver ? killed : 0; peer < peers; peer++) parentPort.postMessage(peer);
}, intervalMs);
