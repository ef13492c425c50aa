// One peer lives, falls silent and dies in virtual time. The smallest proof that a built core works:
// every runtime, the browser and the packed tarballs run this same file. It imports nothing and is
// handed the modules, however they were loaded.

export function scenario({ createMonitor, drive }, { ManualHost }) {
  const host = new ManualHost();
  const seen = [];
  const monitor = createMonitor({
    host,
    policy: { intervalMs: 1000, suspectAfterMs: 3000, deadAfterMs: 6000 },
    emit(output) {
      if (output.type === "changed") seen.push(`${output.from} > ${output.to}`);
    },
  });
  const driving = drive(monitor, host);

  const peer = monitor.add("a");
  monitor.heard(peer);
  expect(seen, ["connecting > alive"]);
  host.advance(3000);
  expect(seen, ["connecting > alive", "alive > suspect"]);
  host.advance(3200);
  expect(seen, ["connecting > alive", "alive > suspect", "suspect > dead"]);

  driving[Symbol.dispose]();
}

function expect(seen, wanted) {
  if (seen.join() !== wanted.join()) throw new Error(`saw ${seen}, wanted ${wanted}`);
}
