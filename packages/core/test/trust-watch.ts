// Watches that nobody is given up for good while it still trusts: once a dead peer is safe to
// reassign, the process at the other end must not trust the session that died any more.
import type { EndpointChange } from "../src/endpoint/outputs.ts";
import type { Cluster, Path, Process } from "./cluster.ts";

interface Safe {
  readonly observer: Process;
  readonly id: string;
  readonly change: EndpointChange<Path>;
  /** When the session that ended was first alive, in network time. */
  readonly aliveAt: number;
  /** When its end is safe, in network time. */
  readonly at: number;
}

export class TrustWatch {
  readonly #cluster: Cluster;
  readonly #rates: Readonly<Record<string, number>>;
  readonly #delayMs: number;
  #safe: Safe[] = [];
  readonly #aliveAt: Map<string, number> = new Map();
  readonly #brokenAt: Map<string, number> = new Map();
  /** Verdicts that were checked while somebody lived at the other end. */
  checked = 0;

  /** `driftsPpm` by address; `delayMs` is the longest of the network. */
  constructor(cluster: Cluster, driftsPpm: Readonly<Record<string, number>>, delayMs: number) {
    this.#cluster = cluster;
    this.#delayMs = delayMs;
    this.#rates = driftsPpm;
    cluster.onOutput = (process, output) => {
      if (output.type === "declared-dead") this.#broken(process, output.id as string);
      if (output.type === "changed") this.#changed(process, output);
    };
  }

  /** Lets time pass, and stops at every instant at which a verdict becomes safe. */
  run(ms: number): void {
    const { network } = this.#cluster;
    const until = network.now + ms;
    for (;;) {
      const at = Math.min(until, ...this.#safe.map((safe) => safe.at));
      network.run(Math.max(0, at - network.now));
      this.#check();
      if (at >= until) return;
    }
  }

  #changed(process: Process, change: EndpointChange<Path>): void {
    const id = change.id as string;
    const key = `${process.name} of ${id}`;
    const { now } = this.#cluster.network;
    if (change.from === "connecting" && change.to === "alive") this.#aliveAt.set(key, now);
    if (change.to !== "dead") return;
    this.#broken(process, id);
    const aliveAt = this.#aliveAt.get(key);
    // One that was never alive was never counted either.
    if (aliveAt === undefined || change.reason === "unreachable") return;
    const rate = 1 + (this.#rates[process.name] ?? 0) / 1e6;
    const at = now + (change.safeInMs as number) / rate;
    this.#safe.push({ observer: process, id, change, aliveAt, at });
    this.#aliveAt.delete(key);
  }

  #broken(process: Process, id: string): void {
    this.#brokenAt.set(`${process.name} of ${id}`, this.#cluster.network.now);
  }

  #check(): void {
    const { now } = this.#cluster.network;
    const due = this.#safe.filter((safe) => safe.at <= now);
    this.#safe = this.#safe.filter((safe) => safe.at > now);
    for (const safe of due) this.#checkOne(safe);
  }

  #checkOne({ observer, id, change, aliveAt }: Safe): void {
    const held = this.#cluster.process(id);
    const wasReplaced = this.#cluster.process(observer.name) !== observer;
    if (held.stopped || wasReplaced) return;
    this.checked += 1;
    const trustsMs = held.trustsFor(observer.name);
    const isAnother =
      observer.session(id) !== change.session && this.#isAnother(held, observer, change, aliveAt);
    if (trustsMs <= 1e-6 || isAnother) return;
    const { reason, session } = change;
    throw new Error(
      `${held.name} trusts ${observer.name} for another ${trustsMs} ms, which gave session ${session} up for good (${reason})`,
    );
  }
  /** What it trusts in by now may be another session than the one that died. */
  #isAnother(
    held: Process,
    observer: Process,
    { path }: EndpointChange<Path>,
    aliveAt: number,
  ): boolean {
    const ref = held.endpoint.find(observer.name);
    const now = ref === undefined ? undefined : held.endpoint.path(ref);
    if (typeof path === "object" && typeof now === "object") return path.number !== now.number;
    const brokenAt = this.#brokenAt.get(`${held.name} of ${observer.name}`) ?? held.startedAt;
    // What made it alive may have been on its way since before the break.
    return Math.max(brokenAt, held.startedAt) + this.#delayMs > aliveAt;
  }
}
