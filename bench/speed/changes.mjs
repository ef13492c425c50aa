// What is done now and then: add, first sign of life, suspect, recover, remove; finding peers by id.

import { createMonitor } from "@systole/core";
import { livingMonitor, POLICY, SteppedClock } from "./contenders.mjs";
import { median, shuffled, timeMs } from "./measuring.mjs";

/** So many peers are changed in all, in as many rounds as that takes; before, the code is warmed up. */
const ENOUGH = 200_000;
const WARM = 20_000;

export function measure({ peers }) {
  for (let warm = 0; warm < WARM; warm += Math.min(peers, WARM)) round(Math.min(peers, WARM));
  const rounds = Array.from({ length: Math.ceil(ENOUGH / peers) }, () => round(peers));
  const ns = (name) => (median(rounds.map((found) => found[name])) * 1e6) / peers;
  return {
    addNs: ns("addMs"),
    aliveNs: ns("aliveMs"),
    suspectNs: ns("suspectMs"),
    recoverNs: ns("recoverMs"),
    removeNs: ns("removeMs"),
    ...byId(peers),
  };
}

/** A whole life of everybody, in random order where the order is ours. */
function round(peers) {
  const clock = new SteppedClock();
  const monitor = createMonitor({ host: clock, policy: POLICY, emit() {}, seed: 1 });
  const ids = Array.from({ length: peers }, (_, n) => `peer-${n}`);
  const order = shuffled(peers);
  globalThis.gc();
  const refs = [];
  const addMs = timeMs(() => {
    for (const id of ids) refs.push(monitor.add(id, { role: "listen" }));
  });
  const each = (call) =>
    timeMs(() => {
      for (const n of order) call(refs[n]);
    });
  const aliveMs = each((ref) => monitor.heard(ref));
  monitor.tick();
  clock.at += 3_000;
  const suspectMs = timeMs(() => monitor.tick());
  expect(monitor.stats().suspect, peers, "suspected");
  const recoverMs = each((ref) => monitor.heard(ref));
  expect(monitor.stats().alive, peers, "alive again");
  const removeMs = each((ref) => monitor.remove(ref));
  return { addMs, aliveMs, suspectMs, recoverMs, removeMs };
}

function expect(found, wanted, what) {
  if (found !== wanted) throw new Error(`${found} of ${wanted} are ${what}`);
}

/** Ids as they come off the wire: equal strings, but not the very same objects. */
function byId(peers) {
  const { monitor } = livingMonitor(peers, { ids: true });
  const order = shuffled(peers).subarray(0, 100_000);
  const ids = Array.from(order, (n) => `peer-${n}`);
  const map = new Map(Array.from({ length: peers }, (_, n) => [`peer-${n}`, n]));
  const cases = {
    mapGetNs: () => {
      let sum = 0;
      for (const id of ids) sum += map.get(id);
      return sum;
    },
    findNs: () => {
      let sum = 0;
      for (const id of ids) sum += monitor.find(id);
      return sum;
    },
    heardByIdNs: () => {
      for (const id of ids) monitor.heard(monitor.find(id));
      return 0;
    },
  };
  const rounds = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
  const passes = Math.ceil(100_000 / ids.length);
  for (let round = 0; round < 6; round++) {
    for (const [name, run] of Object.entries(cases)) {
      const spentMs = timeMs(() => {
        for (let pass = 0; pass < passes; pass++) run();
      });
      if (round > 0) rounds[name].push((spentMs * 1e6) / (passes * ids.length));
    }
  }
  return Object.fromEntries(Object.entries(rounds).map(([name, all]) => [name, median(all)]));
}
