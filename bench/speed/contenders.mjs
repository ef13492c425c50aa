// Who is compared, on the same work: `make(peers)` builds that many watched peers, `hear(order)` says
// that each peer of `order` was heard. All get the index of a peer, as a frame would carry it, and who
// takes the time from outside reads the same clock, once for each beat; `f64[i] = now` alone reads it
// once for many, because it is the floor.

import { createMonitor } from "@systole/core";
import { adaptive } from "@systole/core/detectors";
import { Oracle } from "./oracle.mjs";

const TIMEOUT_MS = 3_000;
export const POLICY = { intervalMs: 1_000, suspectAfterMs: TIMEOUT_MS, deadAfterMs: 6_000 };

/** A detector as a user would write it: patient with a lossy line. Looks at what `heardBeat` counts. */
export function lossy({ received, lost }, { suspectAfterMs }) {
  return suspectAfterMs * (1 + lost / (received + lost + 1));
}

/** A clock that moves only by hand, and never by whole milliseconds, as real ones do. */
export class SteppedClock {
  at = 1_000.125;

  now() {
    return this.at;
  }
}

/**
 * A monitor whose peers are all alive; refs of fresh peers are their slots, and so their indices.
 * `numbered`: by numbered frames; `detects`: with a detector that looks at what is counted of them, or this one;
 * `arriveOverMs`: not all at one instant, as they would after a crash of everything.
 */
export function livingMonitor(peers, options = {}) {
  const { ids = false, role = "listen", emit = () => {}, detects = false } = options;
  const { numbered = detects !== false, arriveOverMs = 0 } = options;
  const clock = new SteppedClock();
  const detector = detects === true ? lossy : detects;
  const policy = detector ? { ...POLICY, detector } : POLICY;
  const monitor = createMonitor({ host: clock, policy, emit, seed: 1 });
  const from = clock.at;
  for (let n = 0; n < peers; n++) {
    clock.at = from + Math.floor((n / peers) * arriveOverMs);
    const ref = monitor.add(ids ? `peer-${n}` : undefined, { role });
    if (numbered) monitor.heardBeat(ref, 1);
    else monitor.heard(ref);
  }
  return { clock, monitor };
}

const MILLION = 1_000_000;

/** `most`: the largest number of peers it is asked to watch, and `why` not more. `does`: a beat in words. */
export const CONTENDERS = [
  { name: "f64[i] = now", make: bare, does: "a store; tells nobody anything" },
  { name: "Systole heard", make: systole, does: "its promise checked, an instant stored" },
  { name: "Systole heardBeat", make: systoleNumbered, does: "the same, and counts what is lost" },
  {
    name: "Systole, own detector",
    make: (peers) => systoleNumbered(peers, { detects: true }),
    does: "the same, with a deadline from what was counted",
  },
  {
    name: "Systole, adaptive",
    make: (peers) => systoleTimed(peers),
    does: "the same, learning from the sender's timestamp",
  },
  {
    name: "Systole, with ids",
    make: (peers) => systole(peers, { ids: true }),
    does: "as heard: ids are resolved once",
  },
  {
    name: "the rules alone",
    make: oracle,
    most: MILLION / 10,
    why: "every tick looks at all",
    does: "`transition` of a frozen state, kept in a Map",
  },
  { name: "scan all objects", make: scanAll, does: "compares, two stores; every look visits all" },
  { name: "timeout.refresh()", make: refresh, does: "a timer to the end of its list" },
  { name: "clear + setTimeout", make: timers, does: "a timer less, a timer more" },
  {
    name: "npm heartbeats",
    make: heartbeats,
    npm: "heartbeats",
    does: "copies a count of ticks; every tick visits all",
  },
  {
    name: "npm timer-wheel",
    make: timerWheel,
    npm: "timer-wheel",
    does: "`Date.now()`, from one bucket to another",
  },
  {
    name: "npm xstate",
    make: xstate,
    npm: "xstate",
    most: MILLION / 10,
    why: "about 5 GB",
    does: "an event, a macrostep, a timer less, a timer more",
  },
];

function bare(peers) {
  const heardAt = new Float64Array(peers);
  const clock = new SteppedClock();
  return {
    hear(order) {
      clock.at += 0.25;
      const now = clock.now();
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
    check: () => everybodyWasHeard(monitor, peers),
  };
}

function systoleNumbered(peers, options) {
  const { clock, monitor } = livingMonitor(peers, { ...options, numbered: true });
  let seq = 1;
  return {
    hear(order) {
      clock.at += 0.25;
      seq += 1;
      for (let n = 0; n < order.length; n++) monitor.heardBeat(order[n], seq);
    },
    check: () => everybodyWasHeard(monitor, peers),
  };
}

function systoleTimed(peers) {
  const { clock, monitor } = livingMonitor(peers, { detects: adaptive(), numbered: true });
  let seq = 1;
  const sign = { sentAtMs: 0, gapMs: POLICY.intervalMs };
  return {
    hear(order) {
      clock.at += 0.25;
      seq += 1;
      sign.sentAtMs = clock.at - 5;
      for (let n = 0; n < order.length; n++) monitor.heardBeat(order[n], seq, sign);
    },
    check: () => everybodyWasHeard(monitor, peers),
  };
}

/** A ref that means nobody is heard quickly. */
function everybodyWasHeard(monitor, peers) {
  const { alive, staleRefs } = monitor.stats();
  if (alive !== peers || staleRefs > 0) throw new Error(`${alive} alive, ${staleRefs} stale refs`);
}

function oracle(peers) {
  const clock = new SteppedClock();
  const monitor = new Oracle({ host: clock, policy: POLICY, emit() {} });
  for (let n = 0; n < peers; n++) monitor.heard(monitor.add("listen"));
  return {
    hear(order) {
      clock.at += 0.25;
      for (let n = 0; n < order.length; n++) monitor.heard(order[n]);
    },
    look: () => monitor.tick(),
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
  const clock = new SteppedClock();
  let seq = 0;
  return {
    hear(order) {
      clock.at += 0.25;
      seq += 1;
      for (let n = 0; n < order.length; n++) {
        const now = clock.now();
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
      const now = clock.now();
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
