// Everybody falls silent at one instant: what the verdicts cost in one tick, and in slices; and what
// it costs to look at everybody where nobody is due, which is the part before the first verdict.

import { livingMonitor } from "./contenders.mjs";
import { median, timeMs } from "./measuring.mjs";

const TIMEOUT_MS = 3_000;
const WARM = 20_000;
const LOOKS = 6;

export function measure({ peers, detects }) {
  for (const slice of [false, true]) {
    expire(WARM, { slice, detects });
    expire(WARM, { slice, detects, counts: true });
  }
  look(WARM, detects);
  const [unheard, told, sliced] = [
    expire(peers, { slice: false, detects }),
    expire(peers, { slice: false, detects, counts: true }),
    expire(peers, { slice: true, detects, counts: true }),
  ];
  return {
    ...look(peers, detects),
    unheardMs: unheard.totalMs,
    wholeMs: told.totalMs,
    slicesMs: sliced.totalMs,
    slices: sliced.calls,
    longestMs: sliced.longestMs,
  };
}

/** `counts`: whether the sink looks at what it is told; it costs what a sink costs. */
function expire(peers, { slice, detects, counts }) {
  let suspects = 0;
  const count = (output) => {
    if (output.type === "changed" && output.to === "suspect") suspects += 1;
  };
  const { clock, monitor } = livingMonitor(peers, { emit: counts ? count : () => {}, detects });
  monitor.tick();
  clock.at += TIMEOUT_MS;
  globalThis.gc();
  let calls = 0;
  let totalMs = 0;
  let longestMs = 0;
  while (monitor.stats().suspect < peers) {
    const spentMs = timeMs(() => monitor.tick({ slice }));
    totalMs += spentMs;
    longestMs = Math.max(longestMs, spentMs);
    calls += 1;
    if (calls > peers) throw new Error(`${monitor.stats().suspect} of ${peers} were suspected`);
  }
  if (counts && suspects !== peers) throw new Error(`told of ${suspects} of ${peers}`);
  return { totalMs, longestMs, calls };
}

/** All were heard after the instant for which their deadlines were noted: a tick looks at everybody, once and again. */
function look(peers, detects) {
  const { clock, monitor } = livingMonitor(peers, { detects });
  monitor.tick();
  const looksMs = [];
  for (let seq = 2; seq < 2 + LOOKS; seq++) {
    clock.at += TIMEOUT_MS / 2;
    for (const ref of monitor) {
      if (detects) monitor.heardBeat(ref, seq);
      else monitor.heard(ref);
    }
    clock.at += TIMEOUT_MS / 2;
    globalThis.gc();
    looksMs.push(timeMs(() => monitor.tick()));
    if (monitor.stats().alive !== peers) throw new Error("somebody was due");
  }
  return { lookMs: looksMs[0], lookAgainMs: median(looksMs.slice(1)) };
}
