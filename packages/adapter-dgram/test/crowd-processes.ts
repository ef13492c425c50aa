// The processes of a crowd: a node that judges, and its peers in processes of their own, some to be killed
// and some to be frozen. Says what the node said of them, and what everybody costs.
import type { PolicyOptions } from "@systole/core";
import { Child } from "../../adapter-net/test/waiting.ts";

const OBSERVER = new URL("children/crowd-observer.mjs", import.meta.url);
const PEERS = new URL("children/crowd-peers.mjs", import.meta.url);
const SEED = 20_260;
const MOST_TRIES = 5;
/** Shares of the datagrams, each way. */
export const NETWORK = { lost: 0.1, doubled: 0.05, overtaken: 0.05 };

interface CrowdOptions {
  readonly peers: number;
  /** How many of them are killed, and as many frozen. */
  readonly gone: number;
  /** Of the node. */
  readonly policy: Policy;
  /** Of the peers. A stall excuses only the side that was frozen, so they are the more patient. */
  readonly peersPolicy: Policy;
}

type Policy = PolicyOptions & { readonly intervalMs: number; readonly suspectAfterMs: number };

interface Costs {
  readonly cpuPercent: number;
  readonly megabytes: number;
  /** How late the event loop (the observer), or what was due (the peers), is in 99 of 100 cases. */
  readonly lateMs: number;
  readonly lateMostMs: number;
  readonly datagrams: number;
  /** By code: they prove nothing. */
  readonly socketErrors: Readonly<Record<string, number>>;
}

interface Death {
  readonly id: string;
  readonly reason: string;
  readonly silenceMs: number;
  readonly health: number;
  readonly afterMs: number;
}

interface Seen extends Costs {
  readonly tookMs: number;
  readonly suspected: readonly string[];
  readonly deaths: readonly Death[];
  readonly alive: number;
  readonly stalls: number;
  readonly buffers: unknown;
}

interface Watch {
  readonly what: string;
  readonly ms: number;
  /** For how long the observer is blocked first. */
  readonly stallMs?: number;
}

export interface Watched {
  readonly observer: Seen;
  /** The share of what was sent to it that its socket had no room for. */
  readonly inKernel: number;
  /** How late a beat is in 99 of 100 cases: it leaves late, and is read late. */
  readonly lateMs: number;
  /** How late beats leave in 99 of 100 cases, and at most. */
  readonly beatsLateMs: number;
  readonly lateMostMs: number;
}

export class Crowd {
  readonly #options: CrowdOptions;
  readonly #observer: Child;
  readonly #peers: Readonly<Record<"a" | "b" | "killed" | "frozen", Child>>;

  private constructor(options: CrowdOptions, observer: Child, port: number) {
    const { peers, gone, peersPolicy } = options;
    let seed = SEED;
    const start = (prefix: string, count: number) => {
      const [policy, network] = [peersPolicy, NETWORK].map((each) => JSON.stringify(each));
      return new Child(PEERS, count, port, prefix, policy as string, seed++, network as string);
    };
    const half = peers / 2 - gone;
    this.#options = options;
    this.#observer = observer;
    this.#peers = {
      a: start("a", half),
      b: start("b", half),
      killed: start("killed", gone),
      frozen: start("frozen", gone),
    };
  }

  /** Resolves once all are alive to the node, and their network is bad. */
  static async gather(options: CrowdOptions): Promise<Crowd> {
    const { peers, policy, peersPolicy } = options;
    const { intervalMs } = peersPolicy;
    const startedAt = performance.now();
    const observer = new Child(OBSERVER, peers, JSON.stringify(policy));
    const { port } = await observer.says<{ port: number }>("listening");
    const crowd = new Crowd(options, observer, port);
    await Promise.all(crowd.#all.map((each) => each.says("joined")));
    await observer.says("all-alive");
    console.log(
      `${peers} peers, a beat every ${intervalMs} ms, all alive after ${seconds(performance.now() - startedAt)}; from now on lost, doubled, overtaken: ${Object.values(NETWORK).join(", ")}`,
    );
    for (const each of crowd.#all) each.tell({ type: "spoil" });
    // Until silences are as long as they will be.
    await passes(4 * intervalMs);
    return crowd;
  }

  get #all(): readonly Child[] {
    return Object.values(this.#peers);
  }

  /**
   * Watches for so long, and says what everybody costs. Where what is seen is not as it should be, and peers
   * were starved of the processor, so that they did not beat as they promise, it says nothing about the
   * node: then once more.
   */
  async watch(how: Watch, isRight: (watched: Watched) => boolean): Promise<Watched> {
    for (let left = MOST_TRIES; ; left--) {
      const watched = await this.#watch(how);
      const { policy, peersPolicy } = this.#options;
      const { beatsLateMs, lateMostMs } = watched;
      const isStarved =
        beatsLateMs > peersPolicy.intervalMs / 4 || lateMostMs > policy.suspectAfterMs / 4;
      if (left === 1 || isRight(watched) || !isStarved) return watched;
      console.log(`peers were starved, up to ${seconds(lateMostMs)}: watched once more`);
    }
  }

  async #watch({ what, ms, stallMs = 0 }: Watch): Promise<Watched> {
    const everybody = [this.#observer, ...this.#all];
    for (const each of everybody) each.tell({ type: "begin" });
    await passes(ms / 10);
    if (stallMs > 0) this.#observer.tell({ type: "block", ms: stallMs });
    await passes(stallMs + ms);
    for (const each of everybody) each.tell({ type: "count" });
    const observer = await this.#observer.says<Seen>("counted");
    const peers = together(await Promise.all(this.#all.map((each) => each.says<Costs>("counted"))));
    print(what, observer, peers);
    return {
      observer,
      inKernel: Math.max(0, 1 - observer.datagrams / peers.datagrams),
      lateMs: peers.lateMs + observer.lateMs,
      beatsLateMs: peers.lateMs,
      lateMostMs: peers.lateMostMs,
    };
  }

  /** Kills some, freezes as many, and waits until they are all dead to the observer. */
  async end(): Promise<Seen> {
    const { peers, gone } = this.#options;
    this.#observer.tell({ type: "begin" });
    this.#observer.tell({ type: "await", peers: peers - 2 * gone });
    this.#peers.killed.signal("SIGKILL");
    this.#peers.frozen.signal("SIGSTOP");
    await this.#observer.says("left");
    this.#observer.tell({ type: "count" });
    const seen = await this.#observer.says<Seen>("counted");
    for (const what of ["killed", "frozen"]) {
      const afterMs = seen.deaths.filter(({ id }) => id.startsWith(what)).map((d) => d.afterMs);
      console.log(`${gone} ${what}: dead after ${spread(afterMs.toSorted((a, b) => a - b))}`);
    }
    return seen;
  }
}

/** Nobody can tell from outside how long so many ms are. */
async function passes(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function together(costs: readonly Costs[]): Costs {
  const all = (what: Exclude<keyof Costs, "socketErrors">) => costs.map((each) => each[what]);
  const sum = (what: Exclude<keyof Costs, "socketErrors">) =>
    all(what).reduce((total, each) => total + each, 0);
  return {
    cpuPercent: sum("cpuPercent"),
    megabytes: sum("megabytes"),
    lateMs: Math.max(...all("lateMs")),
    lateMostMs: Math.max(...all("lateMostMs")),
    datagrams: sum("datagrams"),
    socketErrors: Object.assign({}, ...costs.map(({ socketErrors }) => socketErrors)),
  };
}

function print(what: string, seen: Seen, peers: Costs): void {
  const line = (cells: readonly string[]) => cells.map((cell) => cell.padStart(15)).join("");
  const row = (name: string, { cpuPercent, megabytes, lateMs, lateMostMs, datagrams }: Costs) =>
    line([
      name,
      `${cpuPercent.toFixed(0)} % of a core`,
      `${megabytes.toFixed(0)} MB`,
      `${lateMs.toFixed(1)} ms`,
      `${lateMostMs.toFixed(1)} ms`,
      `${((datagrams / seen.tookMs) * 1_000).toFixed(0)}/s`,
    ]);
  console.log(
    [
      `${what}, ${seconds(seen.tookMs)}: ${seen.suspected.length} suspected, ${seen.deaths.length} dead, ${seen.stalls} stalls; buffers ${JSON.stringify(seen.buffers)}, socket errors ${JSON.stringify([seen.socketErrors, peers.socketErrors])}`,
      line(["", "CPU", "memory", "late, p99", "late, most", "datagrams"]),
      row("observer", seen),
      row("peers", peers),
    ].join("\n"),
  );
}

function spread(sorted: readonly number[]): string {
  const at = (share: number) =>
    seconds(sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN);
  return `${at(0)} (first), ${at(0.5)} (median), ${at(1)} (last)`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
