// What follows from what the monitor says: frames for beats, and the end of conversations and pairs.

import type { MonitorOutput } from "../monitor/outputs.ts";
import { endContest, prolongContests } from "./contests.ts";
import { type Hub, pathOf } from "./hub.ts";
import { beat, died } from "./pairs.ts";
import type { Pair } from "./session.ts";

export function onMonitor(hub: Hub, output: MonitorOutput): void {
  const pair = "peer" in output ? hub.pairs.get(output.peer) : undefined;
  switch (output.type) {
    case "beat":
      if (pair !== undefined) onBeatDue(hub, pair, output.probe);
      return;
    case "changed":
      hub.turn.push({ ...output, path: pathOf(pair?.current.place) });
      if (output.to === "dead" && pair !== undefined) died(hub, pair);
      return;
    case "forget":
      if (pair !== undefined) forget(hub, pair);
      break;
    case "stalled":
      hub.lastStallMs = output.stallMs;
      prolongContests(hub, output.stallMs);
  }
  hub.turn.push(output);
}

/** Forgets a pair and everything said in it. */
export function forget(hub: Hub, pair: Pair): void {
  const { current, previous, ref } = pair;
  endContest(hub, pair);
  hub.sessions.close(current);
  if (previous !== undefined) hub.sessions.close(previous);
  hub.pairs.delete(ref);
}

function onBeatDue(hub: Hub, pair: Pair, probe: boolean): void {
  if (!probe) return beat(hub, pair);
  // A probe with our tag is our beat, too; one without it also reaches a peer that forgot us.
  const isKnown = !hub.trustsPaths && hub.monitor.status(pair.ref) !== "dead";
  if (isKnown && pair.current.claim !== undefined) beat(hub, pair, { asks: true });
  beat(hub, pair, { asks: true, untagged: true });
}
