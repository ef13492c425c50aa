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
    const ns = (name) => cell(name, peers).nsPerBeat;
    most(`heard, ${K(peers)} peers`, ns("Systole heard"), plain, "ns");
    most(`heardBeat, ${K(peers)}`, ns("Systole heardBeat"), numbered, "ns");
    most(`heardBeat, own detector, ${K(peers)}`, ns("Systole, own detector"), numbered, "ns");
    most(`heardBeat, adaptive, ${K(peers)}`, ns("Systole, adaptive"), numbered, "ns");
  }
  for (const peers of [1e5, 1e6]) {
    const bytes = (name) => cell(name, peers).bytesPerPeer;
    most(`memory without ids, ${K(peers)}`, bytes("Systole heard"), 100, "bytes/peer");
    most(`memory with ids, ${K(peers)}`, bytes("Systole, with ids"), 200, "bytes/peer");
  }
  for (const found of monitor) judgeMonitor(found, most);
  return rows;
}

function judgeMonitor(found, most) {
  const { peers, judging, judgingArrivals, beating, changes } = found;
  const size = K(peers);
  const kinds = { judging, "judging by arrivals": judgingArrivals, "judging and beating": beating };
  for (const [kind, ticks] of Object.entries(kinds)) {
    most(`tick, ${kind} ${size}, p99`, ticks.p99Ms, 0.15, "ms");
    most(`tick, ${kind} ${size}, max`, ticks.maxMs, 0.5, "ms");
  }
  most(`idle tick, ${size}`, judging.idleTickNs, 10, "ns");
  most(`nextDeadline, ${size}`, judging.nextDeadlineNs, 10, "ns");
  const atOnceMs = (20 * peers) / 1e6;
  for (const [kind, expiry] of [
    ["", found.expiry],
    [", by arrivals", found.expiryArrivals],
  ]) {
    most(`${size} at one instant${kind}: a look, nobody due`, expiry.lookMs, atOnceMs, "ms");
    most(`${size} at one instant${kind}: verdicts told`, expiry.wholeMs, atOnceMs, "ms");
  }
  for (const [kind, garbage] of [
    ["heard", found.garbage],
    ["heardBeat", found.garbageNumbered],
    ["heardBeat, own detector", found.garbageArrivals],
  ]) {
    most(`garbage, ${kind}, ${size}`, garbage.bytesPerBeat, 0.01, "bytes/beat");
  }
  most(`full collection, ${size}`, found.garbage.collectionMs, 5, "ms");
  most(`heard by string id, ${size}`, changes.heardByIdNs / changes.mapGetNs, 1.3, "× Map.get");
}

/** All of it as Markdown: readable in a terminal, and on a page. */
export function report(results, rows) {
  const { machine } = results;
  const load = `${machine.loadBefore.toFixed(1)} before, ${machine.loadAfter.toFixed(1)} after`;
  return [
    `Node ${machine.node}, ${machine.cpu}, ${machine.cpus} CPUs, load average ${load}; ${machine.rounds} interleaved round(s) of 5 passes, a process each, ${machine.seconds} s${machine.quick ? " (`--quick`)" : ""}.`,
    ...beatTables(results),
    ...monitorTables(results.monitor),
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

function beatTables({ beats, stalls, contenders }) {
  const sizes = [...new Set(beats.map(({ peers }) => peers))];
  const of = (name) => beats.filter((cell) => cell.name === name);
  const names = [...new Set(beats.map(({ name }) => name))];
  return [
    heading("A heard beat, in ns: median (least–most), random order"),
    table(
      ["", ...sizes.map(K), "peers lost", "healthy killed", "what it does"],
      names.map((name) => [
        name,
        ...of(name).map(beatCell),
        ...stallCells(stalls.find((each) => each.name === name)),
        contenders[name],
      ]),
    ),
    stallCaption(stalls[0]),
    heading("Memory a peer, in bytes: heap and outside; one look at all of them"),
    table(
      ["", ...sizes.map(K), "a look at as many as it takes, ms"],
      names.map((name) => [
        name,
        ...of(name).map(({ bytesPerPeer }) => fixed(bytesPerPeer, 0)),
        lookCell(of(name)),
      ]),
    ),
  ];
}

function stallCells(stall) {
  if (stall === undefined) return ["", ""];
  const { killed, noticed, healthy, healthyKilled, isFair } = stall;
  if (!isFair) return ["machine too busy", "machine too busy"];
  return [`${killed - noticed} of ${killed}`, `${healthyKilled} of ${healthy}`];
}

function stallCaption({ killed, healthy, blockMs }) {
  return `The two columns after the figures, in real time: ${killed} of ${killed + healthy} peers fall silent, and how many of them are never noticed; later the watcher is blocked for ${blockMs / 1_000} s, and how many healthy ones it then takes for dead. The timeout is 1.5 s.`;
}

function lookCell(cells) {
  const last = cells.findLast(({ lookMs }) => lookMs !== undefined);
  return last === undefined ? "" : `${fixed(last.lookMs, 2)} (${K(last.peers)})`;
}

function monitorTables(monitor) {
  return [
    heading("Changes, in ns a peer; finding one by its id"),
    table(
      ["peers", "add", "alive", "suspect", "recover", "remove", "Map.get", "find", "heard by id"],
      monitor.map(({ peers, changes: c }) => [
        K(peers),
        ...[c.addNs, c.aliveNs, c.suspectNs, c.recoverNs, c.removeNs].map((ns) => fixed(ns, 0)),
        ...[c.mapGetNs, c.findNs, c.heardByIdNs].map((ns) => fixed(ns, 0)),
      ]),
    ),
    heading(
      "Ticks of 1 ms under steady traffic, in ms: p50 / p99 / p99.9 / max; a beat's share, in ns",
    ),
    table(
      ["peers", "ticks", "judging", "by arrivals", "judging and beating", "share, judging"],
      monitor.map(({ peers, judging, judgingArrivals, beating }) => [
        K(peers),
        `${judging.ticks}`,
        ...[judging, judgingArrivals, beating].map(ticks),
        fixed(judging.tickNsPerBeat, 0),
      ]),
    ),
    heading("Everybody silent at one instant, in ms"),
    table(
      [
        "peers",
        "a look, nobody due",
        "one tick, sink does nothing",
        "sink counts",
        "slices: all / longest",
        "by arrivals: look / one tick",
      ],
      monitor.map(({ peers, expiry, expiryArrivals }) => [
        K(peers),
        ...[expiry.lookMs, expiry.unheardMs, expiry.wholeMs].map((ms) => fixed(ms, 2)),
        `${fixed(expiry.slicesMs, 1)} / ${fixed(expiry.longestMs, 1)}`,
        `${fixed(expiryArrivals.lookMs, 2)} / ${fixed(expiryArrivals.wholeMs, 1)}`,
      ]),
    ),
    heading("Garbage, in bytes a beat; a full collection, in ms"),
    table(
      ["peers", "heard", "heardBeat", "own detector", "collection"],
      monitor.map(({ peers, garbage, garbageNumbered, garbageArrivals }) => [
        K(peers),
        ...[garbage, garbageNumbered, garbageArrivals].map((each) => fixed(each.bytesPerBeat, 3)),
        fixed(garbage.collectionMs, 2),
      ]),
    ),
  ];
}

function beatCell({ skipped, nsPerBeat, least, most }) {
  if (nsPerBeat === undefined) return skipped;
  return `${figure(nsPerBeat)} (${figure(least)}–${figure(most)})`;
}

function ticks({ p50Ms, p99Ms, p999Ms, maxMs }) {
  return [p50Ms, p99Ms, p999Ms, maxMs].map((ms) => fixed(ms, 3)).join(" / ");
}

function heading(text) {
  return `### ${text}`;
}

export function table(head, rows) {
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
export function figure(value) {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
