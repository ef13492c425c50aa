// What is done now and then: add, remove, suspect and recover; and finding peers by their ids.

import { livingMonitor } from "./contenders.mjs";
import { median, shuffled, timeMs } from "./measuring.mjs";

export function measure({ peers }) {
  const ns = (ms) => (ms * 1e6) / peers;
  let set;
  const addMs = timeMs(() => {
    set = livingMonitor(peers, { ids: true });
  });
  const { clock, monitor } = set;
  const lookups = byId(monitor, peers);
  monitor.tick();
  clock.at += 3_000;
  const suspectMs = timeMs(() => monitor.tick());
  const order = shuffled(peers);
  const recoverMs = timeMs(() => {
    for (const ref of order) monitor.heard(ref);
  });
  const recovered = monitor.stats().alive;
  const removeMs = timeMs(() => {
    for (const ref of order) monitor.remove(ref);
  });
  return {
    addNs: ns(addMs),
    suspectNs: ns(suspectMs),
    recoverNs: ns(recoverMs),
    recovered,
    removeNs: ns(removeMs),
    ...lookups,
  };
}

/** Ids as they come off the wire: equal strings, but not the very same objects. */
function byId(monitor, peers) {
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
