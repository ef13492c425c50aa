// An incident in virtual time, with its monitor recorded: forty workers, of which two die, one starts
// anew and one stutters; and our own process stands still for 3 s. Same log each time.

import { drive } from "@systole/core";
import { recordMonitor } from "@systole/core/replay";
import { ManualHost } from "@systole/core/testing";

const WORKERS = 40;
const POLICY = { intervalMs: 500, suspectAfterMs: 1_000, deadAfterMs: 2_500 };
const END_AT = 24_000;
const FREEZE = { at: 10_000, forMs: 3_000 };
const RESTART = { worker: 31, at: 16_000, forMs: 700 };
/** Nothing of these arrives from then, until then. */
const SILENCES = [
  { worker: 7, from: 5_000, to: END_AT },
  { worker: 23, from: 11_200, to: END_AT },
  { worker: 12, from: 18_000, to: 19_700 },
  { worker: RESTART.worker, from: RESTART.at, to: RESTART.at + RESTART.forMs },
];

/** Plays it; `write` gets the log line by line, `emit` what the monitor says meanwhile. */
export function recordIncident(write, emit) {
  const host = new ManualHost();
  const sink = (output) => {
    emit(output);
    if (output.type === "beat") monitor.sent(output.peer);
  };
  const monitor = recordMonitor({ host, policy: POLICY, emit: sink }, write);
  const driving = drive(monitor, host);
  const refs = Array.from({ length: WORKERS }, (_, index) => monitor.add(nameOf(index + 1)));
  for (const { at, happens } of everything(host, monitor, refs)) {
    if (at > host.now()) host.advance(at - host.now());
    happens();
  }
  host.advance(END_AT - host.now());
  driving[Symbol.dispose]();
}

/** All that comes from outside, by its instant. What comes while we stand still is read late. */
function everything(host, monitor, refs) {
  const restarts = () => monitor.ended(refs[RESTART.worker - 1], "restarted");
  return [
    ...refs.flatMap((ref, index) =>
      beatsOf(index + 1, host).map((at) => ({ at, happens: () => monitor.heard(ref) })),
    ),
    { at: FREEZE.at, happens: () => host.freeze(FREEZE.forMs) },
    { at: RESTART.at + RESTART.forMs, happens: restarts },
  ].sort((a, b) => a.at - b.at);
}

/** When the beats of a worker arrive: each up to an eighth early, and up to 40 ms under way. */
function beatsOf(worker, host) {
  const chance = () => host.entropy() / 2 ** 32;
  const isSilent = (at) =>
    SILENCES.some((silence) => silence.worker === worker && at > silence.from && at < silence.to);
  const arrivals = [];
  for (let at = 500 * chance(); at < END_AT; at += 500 * (1 - chance() / 8)) {
    arrivals.push(at + 40 * chance());
  }
  return arrivals.filter((at) => !isSilent(at));
}

function nameOf(worker) {
  return `worker-${String(worker).padStart(2, "0")}`;
}
