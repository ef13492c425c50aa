// One peer lives, falls silent and dies in virtual time, and two endpoints find each other and part.
// The smallest proof that a built core works:
// every runtime, the browser and the packed tarballs run this same file. It imports nothing and is
// handed the modules, however they were loaded.

export function scenario(core, testing, endpoint) {
  onePeer(core, testing);
  twoEndpoints(endpoint, testing);
}

function onePeer({ createMonitor, drive }, { ManualHost }) {
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

function twoEndpoints({ createEndpoint }, { ManualHost }) {
  const seen = [];
  const ends = {};
  const pathToA = {};
  const end = (id, seed, send) =>
    createEndpoint({
      id,
      host: new ManualHost({ seed }),
      send: (_peer, frame) => send(frame),
      accept: () => true,
      emit(output) {
        if (output.type === "changed") seen.push(`${id}: ${output.id} ${output.to}`);
      },
    });
  ends.a = end("a", 1, (frame) => ends.b.receive(frame, pathToA));
  ends.b = end("b", 2, (frame) => ends.a.receive(frame, ends.toB));
  ends.toB = ends.a.add("b");
  ends.a.dial(ends.toB, { name: "the path to b" });
  expect(seen, ["b: a alive", "a: b alive"]);
}

function expect(seen, wanted) {
  if (seen.join() !== wanted.join()) throw new Error(`saw ${seen}, wanted ${wanted}`);
}
