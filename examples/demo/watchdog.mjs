// The watchdog that everybody writes: one timer a peer, reset by every beat. It sees the same beats
// as Systole does, in the same process, and is here to show what it does when that process stutters.

import { subscribe } from "node:diagnostics_channel";

/** Calls `onKill(id)` when no beat of a peer came for `deadAfterMs`, as far as timers can tell. */
export function startNaiveWatchdog(deadAfterMs, onKill) {
  const timers = new Map();
  subscribe("systole:beat", ({ id, direction }) => {
    if (direction !== "received") return;
    clearTimeout(timers.get(id));
    timers.set(
      id,
      setTimeout(() => onKill(id), deadAfterMs),
    );
  });
}
