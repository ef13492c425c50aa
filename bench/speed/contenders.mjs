// Who is compared, on the same work: `make(peers)` builds that many watched peers, `hear(order)` says
// that each peer of `order` was heard. All get the index of a peer, as a frame would carry it.

import { createMonitor } from "@systole/core";

const TIMEOUT_MS = 3_000;
export const POLICY = { intervalMs: 1_000, suspectAfterMs: TIMEOUT_MS, deadAfterMs: 6_000 };

/** A clock that moves only by hand, and never by whole milliseconds, as real ones do. */
export class SteppedClock {
  at = 1_000.125;

  now() {
    return this.at;
  }
}

/** A monitor whose peers are all alive; refs of fresh peers are their slots, and so their indices. */
export function livingMonitor(peers, { ids = false, role = "listen", emit = () => {} } = {}) {
  const clock = new SteppedClock();
  const monitor = createMonitor({ host: clock, policy: POLICY, emit, seed: 1 });
  for (let n = 0; n < peers; n++) monitor.add(ids ? `peer-${n}` : undefined, { role });
  for (const ref of monitor) monitor.heard(ref);
  return { clock, monitor };
}

const MILLION = 1_000_000;

/** `most`: the largest number of peers it is asked to watch, and why not more. */
export const CONTENDERS = [
  { name: "f64[i] = now", make: bare, tells: "nothing: an array of instants" },
  { name: "Systole heard", make: systole },
  { name: "Systole heardBeat", make: systoleNumbered },
  { name: "Systole, with ids", make: (peers) => systole(peers, { ids: true }) },
  { name: "scan all objects", make: scanAll },
  { name: "timeout.refresh()", make: refresh },
  { name: "clear + setTimeout", make: timers },
  { name: "npm heartbeats", make: heartbeats, npm: "heartbeats", tells: "ticks, not time" },
  { name: "npm timer-wheel", make: timerWheel, npm: "timer-wheel" },
  {
    name: "npm xstate",
    make: xstate,
    npm: "xstate",
    most: MILLION / 10,
    why: "about 5 GB at a million",
  },
];

function bare(peers) {
  const heardAt = new Float64Array(peers);
  let now = 1_000.125;
  return {
    hear(order) {
      now += 0.25;
      for (let n = 0; n < order.length; n++) heardAt[order[n]] = now;
    },
  };
}

function systole(peers, options) {
  const { clock, monitor } = livingMonitor(peers, options);
  return {
    hear(order) {
      clock.at += 0.25;
      for (let n = 0; n < order.length; n++) monitor.heard(order[n]);
    },
  };
}

function systoleNumbered(peers) {
  const { clock, monitor } = livingMonitor(peers);
  let seq = 0;
  for (const ref of monitor) monitor.heardBeat(ref, 1);
  return {
    hear(order) {
      clock.at += 0.25;
      seq += 1;
      for (let n = 0; n < order.length; n++) monitor.heardBeat(order[n], seq);
    },
  };
}

function scanAll(peers) {
  const all = Array.from({ length: peers }, (_, id) => ({
    id,
    status: "alive",
    session: 1,
    sinceAt: 0.5,
    heardAt: 0.5,
    seq: 0,
  }));
  let now = 1_000.125;
  let seq = 0;
  return {
    hear(order) {
      now += 0.25;
      seq += 1;
      for (let n = 0; n < order.length; n++) {
        const peer = all[order[n]];
        if (peer.status === "dead" || seq <= peer.seq) continue;
        peer.seq = seq;
        peer.heardAt = now;
        if (peer.status !== "alive") peer.status = "alive";
      }
    },
    /** What it takes to find out who is silent. */
    look() {
      let silent = 0;
      for (const peer of all) {
        if (peer.status === "alive" && now - peer.heardAt >= TIMEOUT_MS) silent += 1;
      }
      return silent;
    },
  };
}

function refresh(peers) {
  const all = Array.from({ length: peers }, () => setTimeout(() => {}, TIMEOUT_MS).unref());
  return {
    hear(order) {
      for (let n = 0; n < order.length; n++) all[order[n]].refresh();
    },
  };
}

function timers(peers) {
  const all = Array.from({ length: peers }, () => setTimeout(() => {}, TIMEOUT_MS).unref());
  return {
    hear(order) {
      for (let n = 0; n < order.length; n++) {
        clearTimeout(all[order[n]]);
        all[order[n]] = setTimeout(() => {}, TIMEOUT_MS).unref();
      }
    },
  };
}

async function heartbeats(peers) {
  const { default: hearts } = await import("heartbeats");
  const heart = hearts.createHeart(100);
  const all = Array.from({ length: peers }, () => heart.createPulse());
  return {
    hear(order) {
      for (let n = 0; n < order.length; n++) all[order[n]].beat();
    },
    look() {
      let silent = 0;
      for (const pulse of all) if (pulse.missedBeats > TIMEOUT_MS / 100) silent += 1;
      return silent;
    },
  };
}

async function timerWheel(peers) {
  const { default: wheels } = await import("timer-wheel");
  const wheel = new wheels.ReschedulingTimerWheel();
  const all = Array.from({ length: peers }, (_, id) => ({ id }));
  for (const peer of all) wheel.schedule(peer, TIMEOUT_MS);
  return {
    hear(order) {
      for (let n = 0; n < order.length; n++) wheel.schedule(all[order[n]], TIMEOUT_MS);
    },
  };
}

async function xstate(peers) {
  const { createActor } = await import("xstate");
  const machine = await watchdogMachine(TIMEOUT_MS);
  const all = Array.from({ length: peers }, () => createActor(machine).start());
  const HEARD = { type: "HEARD" };
  return {
    hear(order) {
      for (let n = 0; n < order.length; n++) all[order[n]].send(HEARD);
    },
  };
}

/** Alive until nothing was heard for so long. */
export async function watchdogMachine(timeoutMs) {
  const { createMachine } = await import("xstate");
  return createMachine({
    initial: "alive",
    states: {
      alive: {
        after: { [timeoutMs]: "dead" },
        on: { HEARD: { target: "alive", reenter: true } },
      },
      dead: { type: "final" },
    },
  });
}
