// "Legal transitions only", and "dead is final for that session. Whoever cleaned up on `dead` never sees that
// session move again; a return is a new session, announced as dead → connecting → alive." Held against
// the exported table, output by output.
import { type Status, TRANSITIONS } from "@systole/core";
import type { EndpointChange, EndpointOutput } from "@systole/core/endpoint";
import type { Path, Process } from "../../../packages/core/test/cluster.ts";
import type { World } from "../world.ts";
import type { Check } from "./check.ts";

/** A life as its outputs told it. */
export interface Told {
  status: Status;
  session: number;
  sinceAt: number;
}

const BY_VERDICT: readonly unknown[] = ["silence", "unreachable"];

export class Legal implements Check {
  /** Who is what to whom, by what was told. */
  readonly told: Map<Process, Map<string, Told>> = new Map();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  status(process: Process, id: string): Status | undefined {
    return this.told.get(process)?.get(id)?.status;
  }

  onOutput(process: Process, output: EndpointOutput<Path>): void {
    if (output.type === "forget") this.told.get(process)?.delete(output.id as string);
    if (output.type !== "changed") return;
    const lives = this.told.get(process) ?? new Map<string, Told>();
    this.told.set(process, lives);
    const id = output.id as string;
    const before = lives.get(id) ?? { status: "connecting", session: 1, sinceAt: output.at };
    const fault = this.#faultOf(before, output);
    if (fault !== undefined) {
      const text = `${process.name}: ${id} ${output.from} → ${output.to} (${output.reason}): ${fault}`;
      this.#world.report("legal transitions only", text);
    }
    lives.set(id, { status: output.to, session: output.session, sinceAt: output.at });
  }

  #faultOf(before: Told, change: EndpointChange<Path>): string | undefined {
    const { from, to, reason, session, safeInMs, evidence, at } = change;
    if (from !== before.status) return `it was ${before.status}`;
    if (session !== before.session + (from === "dead" ? 1 : 0))
      return `after ${before.session}, ${session}`;
    if (!Object.values(TRANSITIONS[from]).includes(to) || from === to) return "not in the table";
    if ((to === "dead") !== (reason !== undefined))
      return "a death without a reason, or the reverse";
    if (to === "dead" && !(Number(safeInMs) >= 0)) return `safe in ${safeInMs}`;
    if (at < before.sinceAt) return `at ${at}, before ${before.sinceAt}`;
    if (!BY_VERDICT.includes(reason)) return undefined;
    if (from !== (reason === "silence" ? "suspect" : "connecting")) return `from ${from}`;
    if (safeInMs !== 0) return `safe only in ${safeInMs}`;
    // One silence never kills, and no silence is longer than what really passed.
    const { silenceMs, deadlineMs = Number.POSITIVE_INFINITY } = evidence;
    return silenceMs < deadlineMs - 1e-6 ? `silent for ${silenceMs} of ${deadlineMs}` : undefined;
  }

  /** What was told is what there is. */
  afterStep(): void {
    for (const [process, lives] of this.told) {
      if (process.stopped) {
        this.told.delete(process);
        continue;
      }
      for (const ref of process.endpoint) {
        const id = process.endpoint.id(ref) as string;
        const status = process.endpoint.state(ref)?.status;
        const told = lives.get(id)?.status ?? "connecting";
        if (status !== told) {
          this.#world.report(
            "legal transitions only",
            `${process.name}: ${id} is ${status}, told ${told}`,
          );
        }
      }
    }
  }
}
