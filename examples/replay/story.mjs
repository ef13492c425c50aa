// From the log of a monitor to what happened: a line for each change, a lane for each peer.

import { explain } from "@systole/core";
import { replay } from "@systole/core/replay";

/** So many peers that do the same within half a second are told in one line. */
const CROWD = 4;
const TOGETHER_MS = 500;

/**
 * Replays a log. `lanes` has for each peer what was heard of it and what was concluded, `told` what to
 * tell, `outputs` everything the monitor said, `problem` why the log ends early; instants count from the
 * start of the log.
 */
export function storyOf(log, detectors) {
  const lanes = new Map();
  const told = [];
  const freezes = [];
  const outputs = [];
  const incident = replay(log, { detectors });
  let startAt;
  let endAt = 0;
  let calls = 0;
  const take = (step) => {
    calls += 1;
    startAt ??= step.at;
    endAt = Math.max(endAt, (step.at ?? startAt) - startAt);
    for (const output of step.outputs) {
      outputs.push(output);
      const at = (output.at ?? step.at) - startAt;
      if (output.type === "changed") {
        const lane = laneOf(lanes, output);
        lane.changes.push({ at, to: output.to, reason: output.reason });
        told.push({
          at,
          kind: `${output.from} → ${output.to}`,
          id: lane.id,
          text: explain(output),
        });
      }
      if (output.type === "stalled") {
        const naivelyKilled = killedByTimeouts(incident.monitor, lanes, output, startAt);
        freezes.push({ at: at - output.stallMs, forMs: output.stallMs, naivelyKilled });
        told.push({ at, text: frozen(output, naivelyKilled) });
      }
      if (output.type === "health") told.push({ at, text: health(output) });
    }
    if (step.call === "add") added(lanes, step, endAt);
    for (const { call, args } of [step, ...step.answers]) {
      if (call === "heard" || call === "heardBeat") lanes.get(args[0])?.heard.push(endAt);
    }
  };
  let problem;
  try {
    for (const step of incident) take(step);
    if (incident.isCutOff) problem = "The log ends in the middle of a line: no more was written.";
  } catch (error) {
    // What stands before a broken line is a story, too.
    if (!String(error.code).startsWith("ERR_SYSTOLE_")) throw error;
    problem = error.message;
  }
  const sum = { calls, peers: lanes.size, endAt, problem };
  return { ...sum, lanes: [...lanes.values()], told: inCrowds(told), freezes, outputs };
}

function laneOf(lanes, { peer, id }) {
  const lane = lanes.get(peer) ?? { id: id ?? `peer ${peer}`, changes: [], heard: [] };
  lanes.set(peer, lane);
  return lane;
}

/** A peer that was added connects, until something is heard of it. */
function added(lanes, { args: [id], result: peer }, at) {
  if (peer === undefined || lanes.has(peer)) return;
  laneOf(lanes, { peer, id }).changes.push({ at, to: "connecting" });
}

/** Whom a timeout for each peer would have killed when we came back: their beats lay unread. */
function killedByTimeouts(monitor, lanes, { at }, startAt) {
  return [...lanes].filter(([peer, lane]) => {
    const { deadAfterMs } = monitor.policy(peer) ?? { deadAfterMs: Number.POSITIVE_INFINITY };
    const isJudged = lane.changes.at(-1)?.to !== "dead";
    return isJudged && at - startAt - (lane.heard.at(-1) ?? 0) > deadAfterMs;
  }).length;
}

function frozen({ stallMs }, naivelyKilled) {
  const time = `${(stallMs / 1_000).toFixed(1)} s`;
  const alternative =
    naivelyKilled > 0 ? `; a timeout for each would have killed ${naivelyKilled}` : "";
  return `we stood still for ${time}: held against nobody${alternative}`;
}

function health({ from, to }) {
  const what = to > from ? "we trust our own judgement less" : "we trust our own judgement more";
  return `${what}: health ${to}/7 (0 is well)`;
}

/** A crowd that does the same is one line. */
function inCrowds(told) {
  const lines = [];
  for (let from = 0; from < told.length; ) {
    const { kind, at } = told[from];
    let until = from + 1;
    const isSame = (each) => each && kind && each.kind === kind && each.at - at <= TOGETHER_MS;
    while (isSame(told[until])) until += 1;
    const crowd = told.slice(from, until);
    if (crowd.length < CROWD) lines.push(...crowd);
    else lines.push({ at, text: `${crowd.length} peers: ${kind}` });
    from = until;
  }
  return lines;
}
