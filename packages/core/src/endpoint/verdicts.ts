// What follows from what the monitor says: frames for beats, and the end of conversations and pairs.

import type { MonitorOutput } from "../monitor/outputs.ts";
import { endContest } from "./contests.ts";
import { type Hub, isDead, pathOf } from "./hub.ts";
import { DEFAULTS } from "./options.ts";
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
    if (pair && output.from === "dead") hub.tombstones.delete(pair);
    if (pair && output.to === "dead") {
      died(hub, pair, output);
      bury(hub, pair);
    }
  } else {
    if (pair && type === "forget") forget(hub, pair);
    hub.turn.push(output);
  }
}

/** Forgets a pair and everything said in it. */
export function forget(hub: Hub, pair: Pair): void {
  endContest(hub, pair);
  hub.departures.delete(pair);
  hub.sessions.close(pair.current);
  if (pair.previous) hub.sessions.close(pair.previous);
  hub.pairs.delete(pair.ref);
  hub.tombstones.delete(pair);
}

/** Who came by itself and died is remembered for a while, up to a limit. Those added by hand are kept until they are removed. */
function bury(hub: Hub, pair: Pair): void {
  if (pair.byHand) return;
  hub.tombstones.add(pair);
  if (hub.tombstones.size > (hub.options.limits?.tombstones ?? DEFAULTS.peers)) forgetOldest(hub);
}

/** Whether there is room for one more peer, or somebody dead who could give way. */
export function hasRoom(hub: Hub): boolean {
  return !isFull(hub) || hub.tombstones.size > 0;
}

/** Where there is no room, forgets whoever has been dead for longest. False where nobody is. */
export function makeRoom(hub: Hub): boolean {
  return !isFull(hub) || forgetOldest(hub);
}

function isFull({ pairs, options }: Hub): boolean {
  return pairs.size >= (options.limits?.peers ?? DEFAULTS.peers);
}

function forgetOldest(hub: Hub): boolean {
  for (const pair of hub.tombstones) {
    const { ref: peer, id } = pair;
    hub.monitor.remove(peer);
    forget(hub, pair);
    hub.counts.forgottenEarly += 1;
    hub.turn.push({ type: "forget", peer, id });
    return true;
  }
  return false;
}

function sendDueBeat(hub: Hub, pair: Pair, isProbe: boolean): void {
  if (!isProbe && !isForgotten(hub, pair)) return beat(hub, pair);
  // A probe with our tag is our beat, too; one without it also reaches a peer that forgot us.
  const isKnown = !hub.trustsPaths && pair.current.claim && !isDead(hub, pair);
  if (isKnown) beat(hub, pair, { asks: isProbe });
  beat(hub, pair, { asks: true, untagged: true });
}

/**
 * Whoever only sends never suspects anybody, and so never probes. But where its receiver was started anew, each
 * of its frames bears a tag that nobody knows any more: before it has heard anything, and after a silence of D,
 * it says who it is.
 */
function isForgotten({ trustsPaths, turn }: Hub, { role, beacon, current }: Pair): boolean {
  if (role !== "send" || trustsPaths || beacon) return false;
  const { heardSeq, heardAt, negotiation } = current;
  return heardSeq === 0 || turn.now - heardAt > negotiation.inForce.deadAfterMs;
}
