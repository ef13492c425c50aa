// What a datagram costs that is sent: a node whose clock is moved from beat to beat of all its peers, and
// a bare socket that sends as many bytes to the same places. The other side reads nothing meanwhile, and all
// of it between the rounds, in which it also answers.

import { median } from "../speed/measuring.mjs";
import { bareSocket, Clock, disband, hearOf, LOCAL, nodeWithCrowd, turn } from "./measured.mjs";

const WARM_ROUNDS = 20;

export async function measure({ kind, peers, sockets, rounds, keys }) {
  const clock = new Clock();
  const crowd = await nodeWithCrowd({ peers, sockets, keys, clock, intervalMs: 100 });
  const { node } = crowd;
  const sentSoFar = () => node.stats();
  const before = sentSoFar();
  const figures = [];
  const weights = [];
  const contender = kind === "bare" ? await bare(crowd, peers, keys) : ours();
  for (let round = -WARM_ROUNDS; round < rounds; round++) {
    hearOf(crowd);
    for (let turns = 0; turns * 32 < 2 * peers; turns++) await turn();
    const heapBefore = process.memoryUsage().heapUsed;
    const from = process.cpuUsage();
    const sent = contender.round();
    // What the system took at once is called back in the next turn.
    await turn();
    await turn();
    const { user, system } = process.cpuUsage(from);
    const weight = process.memoryUsage().heapUsed - heapBefore;
    if (round < 0) continue;
    figures.push(((user + system) * 1_000) / sent);
    // A collection in between says nothing about either.
    if (weight > 0) weights.push(weight / sent);
  }
  const { framesSent, bytesSent, sendFailures } = sentSoFar();
  const bytesEach = (bytesSent - before.bytesSent) / (framesSent - before.framesSent);
  await disband(crowd);
  return { ns: median(figures), bytes: median(weights), bytesEach, sendFailures };

  function ours() {
    return {
      round() {
        const { framesSent } = node.stats();
        // Everybody's next beat is due by then, and hardly anybody's second one.
        clock.advance(100);
        return node.stats().framesSent - framesSent;
      },
    };
  }
}

/** As many bytes as a beat has, to the same ports. */
async function bare({ ports }, peers, keys) {
  const socket = await bareSocket();
  const length = BEAT_BYTES + (keys ? 20 : 0);
  return {
    round() {
      for (let n = 0; n < peers; n++) {
        const datagram = Buffer.allocUnsafe(length);
        socket.send(datagram, 0, length, ports[n % ports.length], LOCAL, sent);
      }
      return peers;
    },
  };
}

const BEAT_BYTES = 78;
const sent = () => {};
