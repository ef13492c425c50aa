// The tables: what was measured, beside its target.

const K = (peers) => (peers >= 1e6 ? `${peers / 1e6}M` : `${peers / 1e3}k`);

/** Every target of the core: what was found, what was wanted, and whether it was met. */
export function judged({ beats, monitor }) {
  const rows = [];
  const most = (what, found, target, unit) => {
    if (found !== undefined) rows.push({ what, found, target, unit, met: found <= target });
  };
  const cell = (name, peers) => beats.find((c) => c.name === name && c.peers === peers) ?? {};
  for (const peers of [1e3, 1e4, 1e5, 1e6]) {
    const [plain, numbered] = peers < 1e6 ? [12.5, 25] : [50, 111];
    most(`heard, ${K(peers)} peers`, cell("Systole heard", peers).nsPerBeat, plain, "ns");
    most(`heardBeat, ${K(peers)}`, cell("Systole heardBeat", peers).nsPerBeat, numbered, "ns");
  }
  for (const peers of [1e5, 1e6]) {
    const bytes = (name) => cell(name, peers).bytesPerPeer;
    most(`memory without ids, ${K(peers)}`, bytes("Systole heard"), 100, "bytes/peer");
    most(`memory with ids, ${K(peers)}`, bytes("Systole, with ids"), 200, "bytes/peer");
  }
  for (const { peers, judging, beating, expiry, garbage, garbageNumbered, changes } of monitor) {
    const size = K(peers);
    most(`tick, judging ${size}, p99`, judging.p99Ms, 0.15, "ms");
    most(`tick, judging ${size}, max`, judging.maxMs, 0.5, "ms");
    most(`tick, judging and beating ${size}, p99`, beating.p99Ms, 0.15, "ms");
    most(`idle tick, ${size}`, judging.idleTickNs, 10, "ns");
    most(`nextDeadline, ${size}`, judging.nextDeadlineNs, 10, "ns");
    most(`${size} expire at one instant, one tick`, expiry.wholeMs, (20 * peers) / 1e6, "ms");
    most(`garbage, heard, ${size}`, garbage.bytesPerBeat, 0.01, "bytes/beat");
    most(`garbage, heardBeat, ${size}`, garbageNumbered.bytesPerBeat, 0.01, "bytes/beat");
    most(`full collection, ${size}`, garbage.collectionMs, 5, "ms");
    most(`heard by string id, ${size}`, changes.heardByIdNs / changes.mapGetNs, 1.3, "× Map.get");
  }
  return rows;
}

/** All of it as Markdown: readable in a terminal, and on a page. */
export function report(results, rows) {
  const { machine, beats, stalls, monitor } = results;
  const sizes = [...new Set(beats.map(({ peers }) => peers))];
  const names = [...new Set(beats.map(({ name }) => name))];
  const load = `${machine.loadBefore.toFixed(1)} before, ${machine.loadAfter.toFixed(1)} after`;
  const of = (name) => beats.filter((cell) => cell.name === name);
  return [
    `Node ${machine.node}, ${machine.cpu}, ${machine.cpus} CPUs, load average ${load}; ${machine.rounds} interleaved round(s) of 5 passes, a process each, ${machine.seconds} s${machine.quick ? " (`--quick`)" : ""}.`,
    heading("A heard beat, in ns: median (least–most), random order"),
    table(
      ["", ...sizes.map(K)],
      names.map((name) => [name, ...of(name).map(beatCell)]),
    ),
    heading("Memory a peer, in bytes: heap and outside; one look at all of them"),
    table(
      ["", ...sizes.map(K), `a look at ${K(sizes.at(-1))}, ms`],
      names.map((name) => [
        name,
        ...of(name).map(({ bytesPerPeer }) => fixed(bytesPerPeer, 0)),
        fixed(of(name).at(-1).lookMs, 2),
      ]),
    ),
    heading("Real time: 50 of 500 peers killed; later the watcher blocked for 3 s, timeout 1.5 s"),
    table(
      ["", "peers lost, noticed", "healthy peers killed by the stall"],
      stalls.map((s) => [
        s.name,
        `${s.noticed} of ${s.killed}`,
        `${s.healthyKilled} of ${s.healthy}`,
      ]),
    ),
    heading("Changes, in ns a peer; finding one by its id"),
    table(
      ["peers", "add + alive", "suspect", "recover", "remove", "Map.get", "find", "heard by id"],
      monitor.map(({ peers, changes: c }) => [
        K(peers),
        ...[c.addNs, c.suspectNs, c.recoverNs, c.removeNs].map((ns) => fixed(ns, 0)),
        ...[c.mapGetNs, c.findNs, c.heardByIdNs].map((ns) => fixed(ns, 0)),
      ]),
    ),
    heading("Ticks of 1 ms under steady traffic, and everybody expiring at one instant"),
    table(
      [
        "peers",
        "judging p50 / p99 / max, ms",
        "and beating",
        "one tick, ms",
        "in slices: all / longest, ms",
      ],
      monitor.map(({ peers, judging, beating, expiry }) => [
        K(peers),
        ticks(judging),
        ticks(beating),
        fixed(expiry.wholeMs, 1),
        `${fixed(expiry.slicesMs, 1)} / ${fixed(expiry.longestMs, 1)}`,
      ]),
    ),
    heading("Targets"),
    table(
      ["", "found", "target", ""],
      rows.map(({ what, found, target, unit, met }) => [
        what,
        `${figure(found)} ${unit}`,
        `≤ ${figure(target)}`,
        met ? "met" : "missed",
      ]),
    ),
  ].join("\n\n");
}

function beatCell({ skipped, nsPerBeat, least, most }) {
  if (nsPerBeat === undefined) return skipped;
  return `${figure(nsPerBeat)} (${figure(least)}–${figure(most)})`;
}

function ticks({ p50Ms, p99Ms, maxMs }) {
  return [p50Ms, p99Ms, maxMs].map((ms) => fixed(ms, 3)).join(" / ");
}

function heading(text) {
  return `### ${text}`;
}

function table(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, at) => Math.max(3, ...all.map((row) => row[at].length)));
  const line = (row) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join(" | ")} |`;
  const rule = widths.map((width, at) =>
    at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

function fixed(value, digits) {
  return value === undefined ? "" : value.toFixed(digits);
}

/** Three digits are as many as a shared machine is good for. */
function figure(value) {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
