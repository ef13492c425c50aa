// The tables: what was measured, beside bare node:net and its target.

import { figure, table } from "../speed/tables.mjs";
import { BARE } from "./servers.mjs";

const K = (count) => (count >= 1e3 ? `${count / 1e3}k` : `${count}`);
const BARE_LOOP = "length-prefixed loop";

/** Every target: what was found, as a ratio to bare node:net in the same run. */
export function judged(cells) {
  const rows = [];
  const judge = (what, found, target, unit, met) => rows.push({ what, found, target, unit, met });
  const beats = cells.filter(({ kind }) => kind === "beats");
  for (const cell of beats.filter(({ name }) => name.startsWith("Systole"))) {
    const { name, connections, intervalMs } = cell;
    const bare = beats.find((each) => each.name === BARE && isAlike(each, cell));
    const what = `${name}, ${K(connections)} connections, a beat every ${intervalMs} ms each way`;
    const ratio = cell.usPerBeat.median / bare.usPerBeat.median;
    judge(`${what}: CPU`, ratio, "≤ 1.15", "×", ratio <= 1.15);
  }
  const bareBytes = bytesMore(beats, BARE);
  for (const name of ["Systole watch", "Systole server"]) {
    const more = bytesMore(beats, name) - bareBytes;
    judge(`${name}: memory`, more, "≤ 2048", "bytes more a connection", more <= 2_048);
  }
  for (const cell of cells.filter(({ kind, name }) => kind === "messages" && name === "Systole")) {
    const bare = cells.find(({ name, bytes }) => name === BARE_LOOP && bytes === cell.bytes);
    const ratio = cell.perCpuSecond.median / bare.perCpuSecond.median;
    judge(`messages of ${K1024(cell.bytes)}: throughput`, ratio, "≥ 0.9", "×", ratio >= 0.9);
  }
  return rows;
}

/** What each further connection weighs: what weighs the same for any number of them is left out. */
function bytesMore(beats, name) {
  const own = beats.filter((cell) => cell.name === name).map(weight);
  const [few, many] = [own.at(0), own.at(-1)];
  return (many.bytes - few.bytes) / (many.connections - few.connections);
}

function weight({ connections, bytesPerConnection }) {
  return { connections, bytes: connections * bytesPerConnection.median };
}

/** All of it as Markdown: readable in a terminal, and on a page. */
export function report({ machine, does, cells }, rows) {
  const load = `${machine.loadBefore.toFixed(1)} before, ${machine.loadAfter.toFixed(1)} after`;
  const beats = cells.filter(({ kind }) => kind === "beats");
  const messages = cells.filter(({ kind }) => kind === "messages");
  return [
    `Node ${machine.node}, ${machine.cpu}, ${machine.cpus} CPUs, load average ${load}; ${machine.rounds} interleaved round(s), a process each, ${machine.seconds} s${machine.quick ? " (`--quick`)" : ""}. Median (least–most).`,
    "### A beat received or sent, at the side that has all the connections",
    table(
      [
        "",
        "connections",
        "interval",
        "CPU, µs a beat",
        "of it user",
        "× bare",
        "beats/s",
        "bytes",
        "what it does",
      ],
      beats.map((cell) => [
        cell.name,
        K(cell.connections),
        `${cell.intervalMs} ms`,
        spread(cell.usPerBeat),
        figure(cell.usPerBeat.median * cell.userShare.median),
        ratio(cell, beats),
        cell.beatsPerSecond.median.toFixed(0),
        cell.bytesPerConnection.median.toFixed(0),
        does[cell.name],
      ]),
    ),
    "### Messages, one way, as fast as back-pressure lets them",
    table(
      ["", "of", "receiver, µs", "sender, µs", "a CPU second of the busier side", "by the clock"],
      messages.map((cell) => [
        cell.name,
        K1024(cell.bytes),
        spread(cell.receiverMicros),
        spread(cell.senderMicros),
        `${spread(cell.perCpuSecond, 0)}`,
        `${cell.perSecond.median.toFixed(0)}/s`,
      ]),
    ),
    "### Targets",
    table(
      ["", "found", "target", ""],
      rows.map(({ what, found, target, unit, met }) => [
        what,
        `${figure(found)} ${unit}`,
        target,
        met ? "met" : "missed",
      ]),
    ),
  ].join("\n\n");
}

function isAlike(a, b) {
  return a.connections === b.connections && a.intervalMs === b.intervalMs;
}

function ratio(cell, beats) {
  const bare = beats.find((each) => each.name === BARE && isAlike(each, cell));
  return (cell.usPerBeat.median / bare.usPerBeat.median).toFixed(2);
}

function spread({ median, least, most }, digits) {
  const text = digits === undefined ? figure : (value) => value.toFixed(digits);
  return `${text(median)} (${text(least)}–${text(most)})`;
}

function K1024(bytes) {
  return bytes >= 1_024 ? `${bytes / 1_024} KiB` : `${bytes} bytes`;
}
