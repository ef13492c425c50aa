// What forty million heard beats leave on the heap, and what a full collection costs with all peers. `learns`:
// with `adaptive`, from frames that bear their sender's timestamp.

import { PerformanceObserver } from "node:perf_hooks";
import { adaptive } from "@systole/core/detectors";
import { livingMonitor } from "./contenders.mjs";
import { median, shuffled, timeMs } from "./measuring.mjs";

const BEATS = 40_000_000;

export async function measure({ peers, learns, numbered = learns, detects, beats = BEATS }) {
  const { clock, monitor } = livingMonitor(peers, {
    numbered,
    detects: learns ? adaptive() : detects,
  });
  const sign = learns ? { sentAtMs: 0.5, gapMs: 1_000 } : undefined;
  const order = shuffled(peers);
  let seq = 1;
  const hear = (count) => {
    for (let done = 0; done < count; done += peers) {
      clock.at += 0.25;
      seq += 1;
      if (sign) sign.sentAtMs = clock.at - 5.5;
      if (numbered) for (let n = 0; n < peers; n++) monitor.heardBeat(order[n], seq, sign);
      else for (let n = 0; n < peers; n++) monitor.heard(order[n]);
    }
  };
  hear(3_000_000);
  const bytes = await allocated(() => hear(beats));
  const collectionMs = median(Array.from({ length: 5 }, () => timeMs(() => globalThis.gc())));
  return { bytesPerBeat: Math.max(0, bytes) / beats, collectionMs };
}

/** Heap in use after it less before; what scavenges took away meanwhile is counted, too. */
async function allocated(body) {
  let scavenges = 0;
  const observer = new PerformanceObserver((list) => {
    scavenges += list.getEntries().length;
  });
  globalThis.gc();
  await new Promise((resolve) => setTimeout(resolve, 50));
  observer.observe({ entryTypes: ["gc"] });
  const before = process.memoryUsage().heapUsed;
  body();
  const after = process.memoryUsage().heapUsed;
  await new Promise((resolve) => setTimeout(resolve, 50));
  observer.disconnect();
  return after - before + scavenges * SCAVENGE_BYTES;
}

/** The children run with semi-spaces of 1 MiB: a scavenge is the end of that much. */
const SCAVENGE_BYTES = 2 ** 20;
