// What a run found, as tables for people and as the figures that are kept.
import { keepResult } from "../results.ts";
import { type Counts, quantile, type TallyData } from "./tally.ts";

export interface Run {
  readonly seed: number;
  readonly command: string;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly workers: number;
  readonly violations: number;
}

type Row = Readonly<Record<string, number | string>>;

/** Everything a reader wants to know, in a few small tables. */
export function tablesOf(data: TallyData): Readonly<Record<string, readonly Row[]>> {
  const spread = (what: string, counts: Counts) => ({
    what,
    min: quantile(counts, 0),
    median: quantile(counts, 0.5),
    "90 %": quantile(counts, 0.9),
    "99 %": quantile(counts, 0.99),
    max: quantile(counts, 1),
  });
  return {
    distributions: [
      spread("nodes in a cluster", data.sizes),
      spread("deadAfterMs of a node", data.deadlines),
      spread("detection, % of its bound", data.detection),
      spread("healing, % of its bound", data.healing),
    ],
    transports: byCount(data.transports),
    detectors: byCount(data.detectors),
    faults: byCount(data.faults),
    "frames taken in": byCount(data.frames),
    "changes, deaths by reason": byCount(data.changes),
  };
}

function byCount(counts: Counts): Row[] {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([what, count]) => ({ what, count }));
}

export function figuresOf({ totals }: TallyData, run: Run): Row {
  const of = (name: string) => totals[name] ?? 0;
  const delivered = of("delivered");
  return {
    seed: run.seed,
    clusters: of("clusters"),
    steps: of("steps"),
    "simulated hours": Math.round(of("ms") / 36_000) / 100,
    "frames sent": of("sent"),
    "frames delivered": delivered,
    "verdicts checked against what the other side trusts": of("trusts"),
    "deaths checked against their bound": of("deaths"),
    "pairs that healed in time": of("healed"),
    "of them within back-off and two round trips": of("sharply"),
    "negotiated gaps compared": of("rates"),
    "calls compared with the dumb twin": of("twinned"),
    "CPU seconds": Math.round(run.cpuSeconds),
    "wall seconds": Math.round(run.wallSeconds),
    workers: run.workers,
    "frames a CPU second": Math.round(delivered / run.cpuSeconds),
    violations: run.violations,
  };
}

export function print(figures: Row, tables: ReturnType<typeof tablesOf>): void {
  for (const [name, value] of Object.entries(figures)) {
    console.log(`${name.padEnd(52)} ${value}`);
  }
  for (const [title, rows] of Object.entries(tables)) {
    console.log(`\n${title}`);
    const columns = Object.keys(rows[0] ?? {});
    const isTable = columns.length > 2;
    if (isTable) console.log(lineOf(columns));
    for (const row of rows) console.log(lineOf(columns.map((column) => row[column] ?? "")));
  }
}

function lineOf([first, ...rest]: readonly (number | string)[]): string {
  return `  ${String(first).padEnd(28)}${rest.map((value) => String(value).padStart(10)).join("")}`;
}

export function keep(run: Run, figures: Row, tables: ReturnType<typeof tablesOf>): void {
  keepResult("simulate", { command: run.command, figures, tables });
}
