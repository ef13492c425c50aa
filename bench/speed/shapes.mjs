// Whether what the monitor hands out are objects that engines read fast, or dictionaries. Needs
// `--allow-natives-syntax`; run by profile.mjs.

import { livingMonitor } from "./contenders.mjs";

const hasFastProperties = new Function("object", "return %HasFastProperties(object)");

export function measure() {
  const found = {};
  const note = (what, object) => {
    found[what] = hasFastProperties(object) ? "fast" : "DICTIONARY";
  };
  const emit = (output) => {
    note(`output ${output.type}${output.to ? ` to ${output.to}` : ""}`, output);
    if (output.evidence) note(`evidence of ${output.to}`, output.evidence);
  };
  const { clock, monitor } = livingMonitor(10, { role: "both", emit });
  const states = () => {
    for (const ref of monitor) {
      const state = monitor.state(ref);
      note(`state ${state.status}`, state);
      note(`arrivals of ${state.status}`, state.arrivals);
    }
  };
  for (const waitMs of [0, 500, 3_000, 9_000, 9_000]) {
    clock.at += waitMs;
    monitor.tick();
    states();
  }
  for (const ref of monitor) monitor.heardBeat(ref, 1, { rttMs: 3 });
  states();
  return found;
}
