// What a heard beat costs, in random order, and how much memory a watched peer takes.

import { CONTENDERS } from "./contenders.mjs";
import { median, shuffled, timeMs, usedBytes } from "./measuring.mjs";

const PASSES = 5;
const CHUNK = 20_000;
const WARM_PEERS = 1_000;
const WARM_ROUNDS = 20;
const LOOKS = 20;

/** `inOrder`: by ascending slot instead, to see what the caches cost. */
export async function measure({ name, peers, passMs, inOrder = false }) {
  const { make, npm } = CONTENDERS.find((contender) => contender.name === name);
  const order = inOrder ? Int32Array.from({ length: peers }, (_, n) => n) : shuffled(peers);
  // Its code, and what the engine makes of it, is not memory a peer takes.
  if (npm !== undefined) await import(npm);
  for (let round = 0; round < WARM_ROUNDS; round++) {
    const other = await make(WARM_PEERS);
    for (let n = 0; n < 100; n++) other.hear(shuffled(WARM_PEERS));
  }
  // Of few peers several times as many are weighed, or the collector's own would tip the scales.
  const copies = Math.min(20, Math.ceil(100_000 / peers));
  const before = usedBytes();
  const weighed = [];
  for (let copy = 0; copy < copies; copy++) weighed.push(await make(peers));
  const bytesPerPeer = (usedBytes() - before) / (copies * peers);
  const [contender] = weighed;
  const chunks = [];
  for (let at = 0; at < peers; at += CHUNK) chunks.push(order.subarray(at, at + CHUNK));
  let next = 0;
  // Goes round and round through all peers, so that nobody's row stays in the cache for free.
  const pass = () => {
    let beats = 0;
    let spentMs = 0;
    while (spentMs < passMs) {
      const repeats = Math.ceil(CHUNK / chunks[next].length);
      const chunk = chunks[next];
      spentMs += timeMs(() => {
        for (let n = 0; n < repeats; n++) contender.hear(chunk);
      });
      beats += repeats * chunk.length;
      next = (next + 1) % chunks.length;
    }
    return (spentMs * 1e6) / beats;
  };
  pass();
  const nsPerBeat = median(Array.from({ length: PASSES }, pass));
  contender.check?.();
  const looks = () => Array.from({ length: LOOKS }, () => timeMs(contender.look));
  // The first are for the engine.
  if (contender.look) for (let n = 0; n < 1e6 / peers; n++) looks();
  const lookMs = contender.look && median(looks());
  return { nsPerBeat, bytesPerPeer, lookMs };
}
