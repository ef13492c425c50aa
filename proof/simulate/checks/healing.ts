// "Every healed partition healed within its bound": "both sides of a healed partition return within 2 RTT + the
// current back-off, as new sessions". That holds where both sides gave each other up by silence and run;
// where one has not noticed yet it must first, and whoever stood still must first run again.
import { deadAtMostMs, type Policy } from "@systole/core";
import type { EndpointOutput } from "@systole/core/endpoint";
import type { Link, Path, Process } from "../../../packages/core/test/cluster.ts";
import type { Edge } from "../scenario.ts";
import type { World } from "../world.ts";
import type { Check } from "./check.ts";
import type { Legal } from "./legal.ts";

/** One way in the calm network of the end. */
export const CALM_DELAY_MS = 2;
const RTT_MS = 2 * CALM_DELAY_MS;
/** Timers round up, on both sides. */
const ROUNDING_MS = 2;
/** A slow clock of the scenarios takes so much longer. */
const MOST_DRIFT = 500e-6;
const BY_SILENCE: readonly unknown[] = ["silence", "unreachable"];

interface Waiting {
  readonly edge: Edge;
  readonly dueAt: number;
  readonly isSharp: boolean;
}

export class Healing implements Check {
  healed = 0;
  sharply = 0;
  /** Times in shares of the bound, in hundredths, of those with the sharp bound. */
  readonly shares: number[] = [];
  readonly #world: World;
  readonly #legal: Legal;
  #healedAt = 0;
  #waiting: Waiting[] = [];

  constructor(world: World, legal: Legal) {
    this.#world = world;
    this.#legal = legal;
  }

  /** Everything works again from now on. */
  begin(): void {
    const { now, scenario } = this.#world;
    this.#healedAt = now;
    for (const edge of scenario.edges) {
      if (this.#isWhole(edge)) continue;
      const sharpMs = this.#sharpMs(edge);
      const dueAt = now + (sharpMs ?? this.#atMostMs(edge));
      this.#waiting.push({ edge, dueAt, isSharp: sharpMs !== undefined });
    }
  }

  get isOver(): boolean {
    return this.#waiting.length === 0;
  }

  onOutput(_process: Process, output: EndpointOutput<Path>): void {
    if (output.type !== "changed" || output.to !== "alive") return;
    this.#waiting = this.#waiting.filter((waiting) => {
      if (!this.#isWhole(waiting.edge)) return true;
      this.#settle(waiting);
      return false;
    });
  }

  /** Nobody may wait for longer than it may. */
  look(): void {
    const { now } = this.#world;
    const late = this.#waiting.filter(({ dueAt }) => now > dueAt);
    this.#waiting = this.#waiting.filter(({ dueAt }) => now <= dueAt);
    for (const waiting of late) this.#report(waiting, "has not healed yet");
  }

  #settle(waiting: Waiting): void {
    const { now } = this.#world;
    this.healed += 1;
    if (now > waiting.dueAt) this.#report(waiting, "healed late");
    if (!waiting.isSharp) return;
    this.sharply += 1;
    const share = (now - this.#healedAt) / (waiting.dueAt - this.#healedAt);
    this.shares.push(Math.round(100 * share));
  }

  #report({ edge, dueAt, isSharp }: Waiting, what: string): void {
    const [a, b] = this.#sides(edge);
    const views = `${a.name} sees ${this.#view(a, b)}, ${b.name} ${this.#view(b, a)}`;
    const bound = `${isSharp ? "back-off and two round trips" : "last resort"}: ${dueAt - this.#healedAt} ms`;
    const text = `${a.name}–${b.name} ${what} after ${this.#world.now - this.#healedAt} ms (${bound}); ${views}`;
    this.#world.report("partitions heal in time", text);
  }

  #view(process: Process, other: Process): string {
    const ref = process.endpoint.find(other.name);
    const { status, reason, session } = (ref !== undefined && process.endpoint.state(ref)) || {};
    return `${status} (${reason ?? session})`;
  }

  #isWhole(edge: Edge): boolean {
    const [a, b] = this.#sides(edge);
    const areAlive =
      this.#legal.status(a, b.name) === "alive" && this.#legal.status(b, a.name) === "alive";
    return areAlive && (this.#world.cluster.transport === "datagram" || areLinked(a, b));
  }

  #sides({ from, to }: Edge): readonly [Process, Process] {
    return [this.#world.process(from), this.#world.process(to)];
  }

  /** The bound in force of an edge whose both ends wait for nothing but their back-off. */
  #sharpMs(edge: Edge): number | undefined {
    const [a, b] = this.#sides(edge);
    // On connections whoever opens them may have just done so in vain.
    if (this.#world.cluster.transport !== "datagram") return undefined;
    if (!this.#waitsOnly(a, b) || !this.#waitsOnly(b, a)) return undefined;
    const asksInMs = Math.min(this.#asksInMs(a, b), this.#asksInMs(b, a));
    return asksInMs < Number.POSITIVE_INFINITY ? asksInMs + 2 * RTT_MS + ROUNDING_MS : undefined;
  }

  #waitsOnly(process: Process, other: Process): boolean {
    const { frozenUntil, throttledMs, now, settledPairs } = this.#world;
    const ref = process.endpoint.find(other.name);
    const state = ref === undefined ? undefined : process.endpoint.state(ref);
    return (
      state?.status === "dead" &&
      BY_SILENCE.includes(state.reason) &&
      state.beatDueAt !== undefined &&
      (frozenUntil.get(process) ?? 0) <= now &&
      !throttledMs.has(process) &&
      settledPairs.has(`${process.name}>${other.name}`)
    );
  }

  /** When its back-off ends, in the time of the world. */
  #asksInMs({ endpoint, host }: Process, other: Process): number {
    const ref = endpoint.find(other.name);
    const { beatDueAt = 0, forgetAt = Number.POSITIVE_INFINITY } =
      (ref !== undefined && endpoint.state(ref)) || {};
    // Whoever has forgotten it by then asks nobody; it will take it in as anybody new.
    if (forgetAt <= beatDueAt) return Number.POSITIVE_INFINITY;
    return Math.max(0, beatDueAt - host.now()) / (1 - MOST_DRIFT);
  }

  /** What anybody may take: run again, notice, be refused once by whoever has not noticed, and back off. */
  #atMostMs(edge: Edge): number {
    const [a, b] = this.#sides(edge);
    const each = [this.#noticesInMs(a, b), this.#noticesInMs(b, a)];
    return 2 * (each[0] as number) + 2 * (each[1] as number) + 10 * RTT_MS + 1_000;
  }

  #noticesInMs(process: Process, other: Process): number {
    const { frozenUntil, now, plans, throttledMs } = this.#world;
    const ref = process.endpoint.find(other.name);
    const policy = ref === undefined ? undefined : (process.endpoint.policy(ref) as Policy);
    const { backoffMaxMs = 0, deadAfterMs = 0 } = plans.get(`${process.name}>${other.name}`) ?? {};
    const judgesMs = policy ? deadAtMostMs(policy, undefined, 7) : 3 * deadAfterMs;
    const standsMs = Math.max(0, (frozenUntil.get(process) ?? 0) - now);
    const throttled = 20 * (throttledMs.get(process) ?? 0);
    return standsMs + judgesMs + backoffMaxMs + (policy?.intervalMs ?? 0) + throttled;
  }
}

/** Whether both speak on one connection, and both still know of it. */
function areLinked(a: Process, b: Process): boolean {
  const [one, other] = [linkOf(a, b), linkOf(b, a)];
  if (!one || !other || one.number !== other.number) return false;
  return a.holds(one) && b.holds(other);
}

function linkOf({ endpoint }: Process, { name }: Process): Link | undefined {
  const ref = endpoint.find(name);
  const path = ref === undefined ? undefined : endpoint.path(ref);
  return typeof path === "object" ? path : undefined;
}
