// What happened in many clusters: counts, and distributions as counts by rounded values, so that those of
// several workers add up to the same whatever the order.
import type { EndpointOutput, Frame } from "@systole/core/endpoint";
import type { Path, Process } from "../../packages/core/test/cluster.ts";
import type { Check } from "./checks/check.ts";
import type { Fault } from "./scenario.ts";
import type { World } from "./world.ts";

/** How often each value was seen. */
export type Counts = Record<string, number>;

export type TallyData = Readonly<Record<(typeof TABLES)[number], Counts>>;

const TABLES = [
  "totals",
  "sizes",
  "deadlines",
  "transports",
  "detectors",
  "faults",
  "frames",
  "changes",
  "detection",
  "healing",
] as const;

/** What the checks counted. */
export interface Checked {
  readonly trusts: number;
  readonly deaths: number;
  readonly rates: number;
  readonly healed: number;
  readonly sharply: number;
  readonly detection: readonly number[];
  readonly healing: readonly number[];
}

export class Tally implements Check {
  readonly data: TallyData = Object.fromEntries(
    TABLES.map((name) => [name, {}]),
  ) as unknown as TallyData;

  onFault({ type }: Fault): void {
    count(this.data.faults, type);
  }

  onFrame(_process: Process, way: "taken" | "sent", { type }: Frame): void {
    if (way === "taken") count(this.data.frames, type);
  }

  onOutput(_process: Process, output: EndpointOutput<Path>): void {
    if (output.type === "changed") count(this.data.changes, output.reason ?? output.to);
  }

  /** A cluster is over. */
  take({ scenario, cluster, monitors, now }: World, checked: Checked): void {
    const { sizes, deadlines, transports, detectors, totals, detection, healing } = this.data;
    count(sizes, scenario.nodes.length);
    count(transports, scenario.keys ? "datagram, sealed" : scenario.transport);
    for (const { policy } of scenario.nodes) {
      count(deadlines, Math.round((policy.deadAfterMs ?? 0) / 100) * 100);
      count(detectors, policy.detector);
    }
    const { sent, lost, delivered } = cluster.network.counts;
    const twinned = monitors.reduce((sum, { calls }) => sum + calls, 0);
    const { trusts, deaths, rates, healed, sharply } = checked;
    const more = { sent, lost, delivered, twinned, trusts, deaths, rates, healed, sharply };
    const steps = scenario.steps.length;
    for (const [name, n] of Object.entries({ clusters: 1, steps, ms: Math.round(now), ...more })) {
      count(totals, name, n);
    }
    for (const share of checked.detection) count(detection, share);
    for (const share of checked.healing) count(healing, share);
  }

  add(other: TallyData): void {
    for (const name of TABLES) {
      for (const [value, n] of Object.entries(other[name])) count(this.data[name], value, n);
    }
  }
}

function count(counts: Counts, value: string | number, n = 1): void {
  counts[value] = (counts[value] ?? 0) + n;
}

/** The least value with at least such a share of all at or below it. */
export function quantile(counts: Counts, share: number): number {
  const values = Object.keys(counts).map(Number);
  values.sort((a, b) => a - b);
  let left = share * values.reduce((sum, value) => sum + (counts[value] as number), 0);
  for (const value of values) {
    left -= counts[value] as number;
    if (left <= 0) return value;
  }
  return values.at(-1) ?? 0;
}
