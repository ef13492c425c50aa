// Everybody falls silent at one instant: what the verdicts cost in one tick, and in slices.

import { livingMonitor } from "./contenders.mjs";
import { timeMs } from "./measuring.mjs";

export function measure({ peers }) {
  // A round before, so that nothing measured is still interpreted.
  all(20_000, false);
  all(20_000, true);
  const whole = all(peers, false);
  const sliced = all(peers, true);
  return { wholeMs: whole.totalMs, slicesMs: sliced.totalMs, slices: sliced.calls, ...sliced };
}

function all(peers, slice) {
  let suspects = 0;
  const emit = (output) => {
    if (output.type === "changed" && output.to === "suspect") suspects += 1;
  };
  const { clock, monitor } = livingMonitor(peers, { emit });
  monitor.tick();
  clock.at += 3_000;
  globalThis.gc();
  let calls = 0;
  let totalMs = 0;
  let longestMs = 0;
  while (suspects < peers) {
    const spentMs = timeMs(() => monitor.tick({ slice }));
    totalMs += spentMs;
    longestMs = Math.max(longestMs, spentMs);
    calls += 1;
    if (calls > peers) throw new Error(`only ${suspects} of ${peers} peers were suspected`);
  }
  return { totalMs, longestMs, calls };
}
