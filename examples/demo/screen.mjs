// The terminal: a live table while the story goes on, plain lines where there is no terminal.

const COLOURS = { connecting: 36, alive: 32, suspect: 33, dead: 31 };
const STRIP_CELLS = 44;
const CELL_MS = 500;

const paint = (code, text) => `\u001b[${code}m${text}\u001b[0m`;
const seconds = (ms) => `${(ms / 1_000).toFixed(1)} s`;

export class Screen {
  #isLive = process.stdout.isTTY === true;
  #drawnLines = 0;
  #strips = new Map();
  #nextCellAt = 0;

  /** A line for the log; above the table where there is one. */
  line(at, text) {
    const stamped = `${(at / 1_000).toFixed(2).padStart(7)} s  ${text}`;
    if (!this.#isLive) process.stdout.write(`${stamped}\n`);
  }

  /** One row a peer; `measure(id)` gives its silence and RTT in ms, where known. */
  draw(record, measure, footer) {
    if (!this.#isLive) return;
    const at = record.now();
    this.#extendStrips(record, at);
    const rows = [...record.lanes.values()].map((lane) => this.#row(lane, measure(lane.id)));
    const head = paint(1, "peer          via   status      silence      rtt  the last 22 s");
    const lines = ["", head, ...rows, "", footer, ""];
    const up = this.#drawnLines > 0 ? `\u001b[${this.#drawnLines}A` : "";
    process.stdout.write(`${up}${lines.map((line) => `\u001b[2K${line}`).join("\n")}\n`);
    this.#drawnLines = lines.length;
  }

  #row({ id, transport, status }, { silenceMs, rttMs }) {
    const silence = silenceMs === undefined ? "–" : `${Math.round(silenceMs)} ms`;
    const rtt = rttMs === undefined ? "–" : `${rttMs.toFixed(1)} ms`;
    const strip = (this.#strips.get(id) ?? []).map((each) => paint(COLOURS[each], "▇")).join("");
    const cells = [
      id.padEnd(13),
      transport.padEnd(5),
      paint(COLOURS[status], status.padEnd(10)),
      silence.padStart(8),
      rtt.padStart(8),
      ` ${strip}`,
    ];
    return cells.join(" ");
  }

  #extendStrips(record, at) {
    while (at >= this.#nextCellAt) {
      this.#nextCellAt += CELL_MS;
      for (const { id, status } of record.lanes.values()) {
        const strip = [...(this.#strips.get(id) ?? []), status];
        this.#strips.set(id, strip.slice(-STRIP_CELLS));
      }
    }
  }
}

/** The table at the end: fault → what was seen → after how long. */
export function verdictTable(rows) {
  const width = Math.max(...rows.map(({ fault }) => fault.length));
  const lines = rows.map(({ id, fault, seen, ok }) => {
    const story = seen.map(
      ({ to, reason, afterMs }) => `${to}${reason ? ` (${reason})` : ""} after ${seconds(afterMs)}`,
    );
    const mark = ok ? "ok  " : "BAD ";
    return `${mark} ${id.padEnd(12)} ${fault.padEnd(width)}  ${story.join(", ") || "alive throughout"}`;
  });
  return lines.join("\n");
}
