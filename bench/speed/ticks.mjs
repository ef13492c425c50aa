// What a tick costs under steady traffic: every peer beats once a second, in random order, and the
// monitor is ticked every millisecond. Also a tick that finds nothing to do, and `nextDeadline`.

import { livingMonitor } from "./contenders.mjs";
import { median, percentile, shuffled, timeMs } from "./measuring.mjs";

// Long enough for everybody's first timeout to be over, and with few peers for the engine to have done.
const WARM_MS = 3_500;
const WARM_FEW_MS = 60_000;
const ARRIVE_OVER_MS = 2_000;
const CALLS = 200_000;

export function measure({ peers, role, ms, detects = false }) {
  let beats = 0;
  let lost = 0;
  const emit = (output) => {
    if (output.type === "beat") beats += 1;
    if (output.type === "changed" && output.to !== "alive") lost += 1;
  };
  const { clock, monitor } = livingMonitor(peers, {
    ...{ role, emit, detects },
    arriveOverMs: ARRIVE_OVER_MS,
  });
  const warmMs = peers < 100_000 ? WARM_FEW_MS : WARM_MS;
  const order = shuffled(peers);
  const overheadMs = median(Array.from({ length: 1_000 }, () => timeMs(() => {})));
  const ticksMs = [];
  let wantedMs = 0;
  let next = 0;
  let heard = 0;
  for (let elapsed = 0; elapsed < warmMs + ms; elapsed++) {
    clock.at += 1;
    const until = Math.floor(((elapsed + 1) * peers) / 1_000);
    for (; next < until; next++) {
      if (detects) monitor.heardBeat(order[next % peers], 2 + Math.floor(next / peers));
      else monitor.heard(order[next % peers]);
    }
    const isWanted = monitor.nextDeadline() <= clock.at;
    const tickMs = timeMs(() => monitor.tick());
    if (elapsed < warmMs) continue;
    heard += peers / 1_000;
    ticksMs.push(tickMs);
    // A driver would have slept over the others.
    if (isWanted) wantedMs += Math.max(0, tickMs - overheadMs);
  }
  if (lost > 0) throw new Error(`${lost} changes of peers that were heard all the time`);
  return {
    ticks: ticksMs.length,
    p50Ms: percentile(ticksMs, 0.5),
    p99Ms: percentile(ticksMs, 0.99),
    p999Ms: percentile(ticksMs, 0.999),
    maxMs: percentile(ticksMs, 1),
    tickNsPerBeat: (wantedMs * 1e6) / heard,
    beatsSent: beats,
    idleTickNs: idle(() => monitor.tick()),
    nextDeadlineNs: idle(() => monitor.nextDeadline()),
  };
}

/** Nothing is due at this instant any more: everything was done by the tick before. */
function idle(call) {
  const run = () => {
    for (let n = 0; n < CALLS / 10; n++) call();
  };
  run();
  const figures = Array.from({ length: 10 }, () => timeMs(run));
  return (percentile(figures, 0.5) * 1e6) / (CALLS / 10);
}
