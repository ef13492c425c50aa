// What follows from what the monitor says: frames for beats, and the end of conversations and pairs.

import type { MonitorOutput } from "../monitor/outputs.ts";
import { endContest } from "./contests.ts";
import { type Hub, isDead, pathOf } from "./hub.ts";
import { beat, died } from "./pairs.ts";
import type { Pair } from "./session.ts";

export function onMonitor(hub: Hub, output: MonitorOutput): void {
  const { type } = output;
  if (type === "stalled") {
    hub.lastStallMs = output.stallMs;
    hub.stalledMs += output.stallMs;
  }
  const pair = "peer" in output && hub.pairs.get(output.peer);
  if (type === "beat") {
    if (pair) sendDueBeat(hub, pair, output.probe);
  } else if (type === "changed") {
    hub.turn.push({ ...output, path: pathOf(pair ? pair.current.place : undefined) });
    if (pair && output.to === "dead") died(hub, pair);
  } else {
    if (pair && type === "forget") forget(hub, pair);
    hub.turn.push(output);
  }
}

/** Forgets a pair and everything said in it. */
export function forget(hub: Hub, pair: Pair): void {
  endContest(hub, pair);
  hub.sessions.close(pair.current);
  if (pair.previous) hub.sessions.close(pair.previous);
  hub.pairs.delete(pair.ref);
}

function sendDueBeat(hub: Hub, pair: Pair, isProbe: boolean): void {
  if (!isProbe) return beat(hub, pair);
  // A probe with our tag is our beat, too; one without it also reaches a peer that forgot us.
  const isKnown = !hub.trustsPaths && pair.current.claim && !isDead(hub, pair);
  if (isKnown) beat(hub, pair, { asks: true });
  beat(hub, pair, { asks: true, untagged: true });
}
