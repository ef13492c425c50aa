// Plays a scenario: real endpoints on a simulated network, and every rule looked at after every step. What
// each rule says is in checks/; this file knows what is true of the simulated world, which no endpoint does.
import type { PeerRef, Role } from "@systole/core";
import type { EndpointOutput, Frame } from "@systole/core/endpoint";
import type { LinkOptions } from "@systole/core/testing";
import { Cluster, type Path, type Process } from "../../packages/core/test/cluster.ts";
import { Keyring } from "../../packages/core/test/keyring.ts";
import type { Check, Violation } from "./checks/check.ts";
import { LockstepMonitor } from "./checks/lockstep.ts";
import { type Edge, type PolicyPlan, policyOf, type Scenario } from "./scenario.ts";

/** A twin takes a hundred times as long as its monitor. */
const TWINNED = 4;
const START_EPOCH_MS = 1_767_225_600_000;

/** What was asked of an endpoint beyond its scenario, for tests of the simulation itself. */
export type Sabotage = (process: Process) => void;

/** An edge as one of its ends sees it. */
export interface End {
  readonly edge: Edge;
  readonly end: 0 | 1;
  readonly other: number;
}

export class World {
  readonly scenario: Scenario;
  readonly cluster: Cluster;
  readonly names: readonly string[];
  /** By the number of a node: its edges, by the name of the other. */
  readonly ends: readonly ReadonlyMap<string, End>[];
  readonly checks: Check[] = [];
  readonly violations: Violation[] = [];
  /** Ways that are cut, as `p1>p2`. */
  readonly cuts: Set<string> = new Set();
  /** What a NAT called each node besides its name. */
  readonly addresses: Map<string, readonly string[]> = new Map();
  /** Until when a process stands still, and for how long it did in all, by what the scenario says. */
  readonly frozenUntil: Map<Process, number> = new Map();
  readonly frozenMs: Map<Process, number> = new Map();
  /** Whose timers were ever throttled, and the worst of it. */
  readonly throttledMs: Map<Process, number> = new Map();
  /** Whose clock stood still in sleep: that is covered by nobody, and they say so. */
  readonly sleptBlind: Set<Process> = new Set();
  /** Peers whose silence a process was told not to count, as `p1>p2`. */
  readonly paused: Set<string> = new Set();
  /** Whom a process last saw alive, and then lost by silence at most, as `p1>p2`. */
  readonly settledPairs: Set<string> = new Set();
  /** The monitors that are played in lock step. */
  readonly monitors: LockstepMonitor[] = [];
  /** The plan in force of a process for a peer, as `p1>p2`. */
  readonly plans: Map<string, PolicyPlan> = new Map();
  /** The longest anything was under way so far, in ms. */
  underwayMs = 5;
  /** Whether anything under way may have been corrupted. */
  corrupts = false;
  /** Whether somebody left since this was last looked at. */
  hasLeft = false;
  step = -1;
  readonly #keyring: Keyring | undefined;
  readonly #sabotage: Sabotage;

  constructor(scenario: Scenario, sabotage: Sabotage = () => {}) {
    const { transport, seed, link, nodes, keys } = scenario;
    this.scenario = scenario;
    this.#sabotage = sabotage;
    this.#keyring = keys ? new Keyring(1) : undefined;
    this.cluster = new Cluster(transport, { ...link, seed });
    this.treat(link);
    this.names = nodes.map((_, n) => `p${n}`);
    this.ends = nodes.map((_, n) => endsOf(scenario.edges, n));
  }

  get now(): number {
    return this.cluster.network.now;
  }

  process(n: number): Process {
    return this.cluster.process(`p${n}`);
  }

  /** Whoever runs, as far as that is known to itself: frozen ones, too. */
  get running(): Process[] {
    return [...this.cluster.processes.values()].filter(({ stopped }) => !stopped);
  }

  end(process: Process, other: string): End | undefined {
    return this.ends[Number(process.name.slice(1))]?.get(other);
  }

  roleOf(process: Process, other: string): Role | undefined {
    const known = this.end(process, other);
    return known?.edge.roles[known.end];
  }

  report(rule: string, text: string): void {
    if (this.violations.length < 20) {
      this.violations.push({ rule, text, at: this.now, step: this.step });
    }
  }

  /** Begins with everybody, those who are called first. */
  begin(checks: readonly Check[]): void {
    this.checks.push(...checks);
    const { cluster } = this;
    const inner = cluster.onOutput;
    cluster.onOutput = (process, output) => {
      inner(process, output);
      this.#settle(process, output);
      for (const check of this.checks) check.onOutput?.(process, output);
    };
    cluster.onFrame = (process, way, frame, other) => {
      for (const check of this.checks) check.onFrame?.(process, way, frame, other);
    };
    for (let n = this.names.length - 1; n >= 0; n--) this.start(n, 0);
  }

  #settle({ name }: Process, output: Output): void {
    if (output.type !== "changed") return;
    if (output.to === "alive") this.settledPairs.add(`${name}>${output.id}`);
    const isBySilence = output.reason === "silence" || output.reason === "unreachable";
    if (output.to !== "dead" || isBySilence) return;
    this.#unsettle(name, output.id as string);
    this.hasLeft ||= output.reason === "left" || output.reason === "replaced";
  }

  #unsettle(name: string, other: string): void {
    this.settledPairs.delete(`${name}>${other}`);
    this.settledPairs.delete(`${other}>${name}`);
  }

  /** Starts the process of a node, in place of one that may still be there. */
  start(n: number, clockMs: number): Process {
    const { nodes, transport, seed } = this.scenario;
    const { policy, driftPpm, countsSleep } = nodes[n] as (typeof nodes)[number];
    const name = `p${n}`;
    const ends = this.ends[n] as ReadonlyMap<string, End>;
    for (const [other, { edge, end }] of ends) {
      this.plans.set(`${name}>${other}`, edge.policies[end] ?? policy);
      this.paused.delete(`${name}>${other}`);
      this.#unsettle(name, other);
    }
    const process = this.cluster.start(name, {
      policy: policyOf(policy),
      driftPpm,
      countsSleep,
      epochMs: START_EPOCH_MS + clockMs,
      sealing: this.#keyring,
      ...(this.scenario.twins &&
        n < TWINNED && {
          createMonitor: (options) => {
            const report = (text: string) => this.report("the oracle agrees", `${name}: ${text}`);
            const monitor = new LockstepMonitor(options, report);
            this.monitors.push(monitor);
            return monitor;
          },
        }),
      seed: seed + n,
      accept: ({ id }) => {
        const known = ends.get(id);
        if (known === undefined || (known.end === 0 && transport !== "datagram")) return false;
        return { policy: this.options(name, id), role: known.edge.roles[known.end] };
      },
    });
    this.#sabotage(process);
    for (const check of this.checks) check.onStart?.(process);
    for (const [other, { edge, end }] of ends)
      if (end === 0 || edge.byHand) this.add(process, other);
    return process;
  }

  /** Adds a peer by hand, or again. */
  add(process: Process, other: string): PeerRef | undefined {
    const known = this.end(process, other);
    if (known === undefined) return undefined;
    const role = known.edge.roles[known.end];
    const policy = this.options(process.name, other);
    const ref = process.endpoint.find(other);
    if (ref !== undefined && process.endpoint.state(ref)?.status !== "dead") return ref;
    return process.add(other, { policy, role });
  }

  /** The policy of a process for a peer, as endpoints want it. */
  options(name: string, other: string) {
    const plan = this.plans.get(`${name}>${other}`) as PolicyPlan;
    const known = this.ends[Number(name.slice(1))]?.get(other);
    const redial = this.cluster.transport !== "datagram" && known?.end === 0;
    return { ...policyOf(plan), redial };
  }

  treat(link: LinkOptions): void {
    this.cluster.network.treat(link);
    const { delayMs = [1, 5], spikes, corrupt = 0 } = link;
    this.corrupts ||= corrupt > 0;
    this.underwayMs = Math.max(this.underwayMs, delayMs[1] + (spikes?.ms ?? 0));
  }

  look(): void {
    for (const check of this.checks) check.afterStep?.();
    for (const monitor of this.monitors) monitor.compare();
  }
}

export type Output = EndpointOutput<Path>;
export type { Frame };

function endsOf(edges: readonly Edge[], n: number): ReadonlyMap<string, End> {
  const ends = new Map<string, End>();
  for (const edge of edges) {
    if (edge.from === n) ends.set(`p${edge.to}`, { edge, end: 0, other: edge.to });
    if (edge.to === n) ends.set(`p${edge.from}`, { edge, end: 1, other: edge.from });
  }
  return ends;
}
