// What was found, as Markdown: readable in a terminal, and on a page.

export function report(machine, rows) {
  const { node, cpu, cpus, rounds, peers, sockets } = machine;
  const load = `${machine.loadBefore.toFixed(1)} before, ${machine.loadAfter.toFixed(1)} after`;
  const head = ["", "bare, ns", "Systole, ns", "ratio", "target", "", "garbage of ours, bytes"];
  return [
    `Node ${node}, ${cpu}, ${cpus} CPUs, load average ${load}; ${rounds} interleaved round(s), a process each; ${peers} peers behind ${sockets} sockets. CPU time a datagram: median (least–most) of the rounds.`,
    [
      line(head),
      line(head.map((_, at) => (at === 0 ? "---" : "---:"))),
      ...rows.map((row) =>
        line([
          row.name,
          spread(row.bareNs),
          spread(row.oursNs),
          `${row.ratio.toFixed(2)} ×`,
          `≤ ${row.target} ×`,
          row.ratio <= row.target ? "met" : "missed",
          row.garbage.toFixed(0),
        ]),
      ),
    ].join("\n"),
  ].join("\n\n");
}

function spread({ median, least, most }) {
  return `${median.toFixed(0)} (${least.toFixed(0)}–${most.toFixed(0)})`;
}

function line(cells) {
  return `| ${cells.join(" | ")} |`;
}
