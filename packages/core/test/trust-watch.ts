// Watches that nobody is given up for good while it still trusts: once a dead peer is safe to
// reassign, the process at the other end must not trust the session that died any more.
import type { EndpointChange } from "../src/endpoint/outputs.ts";
import type { Cluster, Path, Process } from "./cluster.ts";

/** What made a session alive: the conversation of the other side, and the process that spoke. */
interface Life {
  readonly epoch: number;
  readonly session: number;
}

interface Safe {
  readonly observer: Process;
  readonly id: string;
  readonly change: EndpointChange<Path>;
  readonly life: Life | undefined;
  /** When the end of the session is safe, in network time. */
  readonly at: number;
}

export class TrustWatch {
  readonly #cluster: Cluster;
  readonly #rates: Readonly<Record<string, number>>;
  #safe: Safe[] = [];
  /** What each process, not each address, last saw come alive. */
  readonly #lives: Map<Process, Map<string, Life | undefined>> = new Map();
  /** Verdicts that were checked while somebody lived at the other end. */
  checked = 0;
  /** What happens to whoever trusts for too long. */
  fail: (text: string) => void = (text) => {
    throw new Error(text);
  };
  /** Whom nothing was promised: clocks that stop in sleep say so, and what follows is not covered. */
  exempts: (held: Process, observer: Process) => boolean = () => false;

  /** `driftsPpm` by address. */
  constructor(cluster: Cluster, driftsPpm: Readonly<Record<string, number>>) {
    this.#cluster = cluster;
    this.#rates = driftsPpm;
    cluster.onOutput = (process, output) => {
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
    const lives = this.#lives.get(process) ?? new Map<string, Life | undefined>();
    this.#lives.set(process, lives);
    const { now } = this.#cluster.network;
    if (change.from === "connecting" && change.to === "alive") {
      const { taking } = process;
      lives.set(id, taking?.type === "data" ? undefined : taking);
    }
    // One that was never alive was never counted either.
    if (change.to !== "dead" || !lives.has(id)) return;
    const rate = 1 + (this.#rates[process.name] ?? 0) / 1e6;
    const at = now + (change.safeInMs as number) / rate;
    const safe = { observer: process, id, change, life: lives.get(id), at };
    if (at <= now) this.#checkOne(safe);
    else this.#safe.push(safe);
    lives.delete(id);
  }

  #check(): void {
    const { now } = this.#cluster.network;
    const due = this.#safe.filter((safe) => safe.at <= now);
    this.#safe = this.#safe.filter((safe) => safe.at > now);
    for (const safe of due) this.#checkOne(safe);
  }

  #checkOne({ observer, id, change, life }: Safe): void {
    const held = this.#cluster.process(id);
    const wasReplaced = this.#cluster.process(observer.name) !== observer;
    if (held.stopped || wasReplaced || this.exempts(held, observer)) return;
    this.checked += 1;
    const trustsMs = held.trustsFor(observer.name);
    // What it trusts in by now may be another session than the one that died, or that of a peer who was forgotten
    // meanwhile and came anew.
    const isGone =
      observer.session(id) !== change.session || observer.endpoint.find(id) !== change.peer;
    const isAnother = isGone && isElsewhere(held, observer, change, life);
    if (trustsMs <= 1e-6 || isAnother) return;
    const { reason, session } = change;
    this.fail(
      `${held.name} trusts ${observer.name} for another ${trustsMs} ms, which gave session ${session} up for good (${reason})`,
    );
  }
}

function isElsewhere(
  held: Process,
  observer: Process,
  { path }: EndpointChange<Path>,
  life: Life | undefined,
): boolean {
  const ref = held.endpoint.find(observer.name);
  const link = ref === undefined ? undefined : held.endpoint.path(ref);
  if (typeof path === "object" && typeof link === "object") return path.number !== link.number;
  if (life === undefined || !held.epochs.has(life.epoch)) return true;
  return held.speaksIn.get(observer.name) !== life.session;
}
