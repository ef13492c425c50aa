// Scenarios out of a seed: clusters of 2 to 50 processes that need not agree on anything, and what happens
// to them. The same seed always draws the same scenario.
import type { Role } from "@systole/core";
import type { LinkOptions } from "@systole/core/testing";
import { mix } from "../../packages/core/src/peer/rules.ts";
import type {
  DetectorName,
  Edge,
  Fault,
  NodePlan,
  PolicyPlan,
  Scenario,
  Step,
} from "./scenario.ts";

/** In one cluster of so many, monitors are played in lock step with their dumb twins. */
const TWINS_ONE_IN = 8;
const BURIES_ONE_IN = 4;

/** The scenario of a seed. */
export function draw(seed: number): Scenario {
  const u = new Draws(seed);
  const transport = u.one(["datagram", "datagram", "message", "stream"] as const);
  const isDatagram = transport === "datagram";
  const keys = isDatagram && u.isOne(4);
  // Some clusters live in tenths of seconds, some in half minutes.
  const scale = u.logUniform(0.7, 5);
  const nodes = Array.from({ length: sizeOf(u) }, () => node(u, scale));
  const edges = edgesOf(u, nodes.length, isDatagram, scale);
  const worlds = { isDatagram, keys, scale, nodes: nodes.length, edges: edges.length };
  return {
    seed,
    transport,
    keys,
    link: calm(u),
    nodes,
    edges,
    steps: Array.from({ length: u.integer(4, 12) }, () => step(u, worlds)),
    twins: u.isOne(TWINS_ONE_IN),
    buries: u.isOne(BURIES_ONE_IN),
  };
}

/** A generator of numbers out of a seed. */
class Draws {
  readonly #seed: number;
  #n = 0;

  constructor(seed: number) {
    this.#seed = mix(seed, 0x51);
  }

  /** From 0 to below 1. */
  unit(): number {
    this.#n += 1;
    return mix(this.#seed, this.#n) / 2 ** 32;
  }

  integer(least: number, most: number): number {
    return least + Math.floor(this.unit() * (most - least + 1));
  }

  logUniform(least: number, most: number): number {
    return least * (most / least) ** this.unit();
  }

  one<Of>(list: readonly Of[]): Of {
    return list[this.integer(0, list.length - 1)] as Of;
  }

  isOne(inSoMany: number): boolean {
    return this.unit() < 1 / inSoMany;
  }
}

/** Half of all clusters have more than nine nodes, one in fifty has as many as there may be. */
function sizeOf(u: Draws): number {
  return u.isOne(50) ? 50 : Math.min(50, Math.round(u.logUniform(2, 40)));
}

function node(u: Draws, scale: number): NodePlan {
  return {
    policy: policy(u, scale),
    driftPpm: u.one([-500, -100, 0, 0, 100, 500]),
    countsSleep: !u.isOne(4),
  };
}

function policy(u: Draws, scale: number): PolicyPlan {
  const ms = (least: number, most: number) => Math.round(scale * u.logUniform(least, most));
  const intervalMs = ms(150, 1_200);
  const suspectAfterMs = intervalMs + ms(100, 1_500);
  const deadAfterMs = suspectAfterMs + ms(200, 2_000);
  const wishMs = u.one([1 / 3, 1 / 3, 0.15, 0.4]) * suspectAfterMs;
  const backoffMaxMs = ms(800, 2_000);
  return {
    intervalMs,
    suspectAfterMs,
    deadAfterMs,
    wishMs,
    minSuspicionMs: u.one([undefined, undefined, (deadAfterMs - suspectAfterMs) / 5]),
    floorMs: u.one([undefined, undefined, 0.2 * intervalMs, intervalMs]),
    minGapMs: u.one([undefined, undefined, Math.min(50, wishMs / 10)]),
    jitter: u.one([undefined, 0, 0.5]),
    backoffMinMs: u.one([Math.min(intervalMs, backoffMaxMs), 100]),
    backoffMaxMs,
    detector: detector(u),
    shadow: u.isOne(4) ? detector(u) : undefined,
  };
}

function detector(u: Draws): DetectorName {
  return u.one(["fixed", "fixed", "phi", "adaptive", "own"] as const);
}

/** Somebody must speak, or nobody knows anything; and whoever only listens is found. */
const ROLES: readonly (readonly [Role, Role])[] = [
  ["both", "both"],
  ["both", "both"],
  ["both", "both"],
  ["both", "both"],
  ["both", "listen"],
  ["both", "send"],
  ["send", "both"],
  ["send", "listen"],
];

/** A ring, so that everybody knows somebody, and chords: some two or three neighbours each. */
function edgesOf(u: Draws, nodes: number, isDatagram: boolean, scale: number): Edge[] {
  const pairs = new Map<string, readonly [number, number]>();
  const know = (a: number, b: number) => {
    if (a !== b) pairs.set(`${Math.min(a, b)}-${Math.max(a, b)}`, u.isOne(2) ? [a, b] : [b, a]);
  };
  for (let n = 0; n < nodes; n++) know(n, (n + 1) % nodes);
  const chords = Math.round((nodes * u.unit()) / 2);
  for (let n = 0; n < chords; n++) know(u.integer(0, nodes - 1), u.integer(0, nodes - 1));
  return [...pairs.values()].map(([from, to]) => {
    const roles = u.one(ROLES);
    return {
      from,
      to,
      byHand: isDatagram && u.isOne(3),
      // On connections the side that opens them must be able to open the next.
      roles: isDatagram || roles[0] === "both" ? roles : ["both", "both"],
      policies: [u.isOne(4) ? policy(u, scale) : null, u.isOne(4) ? policy(u, scale) : null],
    };
  });
}

/** A network as it is on most days. */
function calm(u: Draws): LinkOptions {
  return {
    delayMs: u.one([
      [1, 5],
      [0, 0],
      [5, 60],
    ] as const),
    loss: u.one([0, 0, 0.02, 0.1]),
    duplicate: u.one([0, 0, 0.1]),
  };
}

interface Worlds {
  readonly isDatagram: boolean;
  readonly keys: boolean;
  readonly scale: number;
  readonly nodes: number;
  readonly edges: number;
}

/** And as it is on others. */
function weather(u: Draws, { keys }: Worlds): LinkOptions {
  const leave = u.logUniform(0.05, 0.5);
  return {
    ...calm(u),
    loss: u.one([0, 0.05, 0.2, 0.4]),
    bursts: u.isOne(2) ? { enter: (leave * u.unit()) / 4, leave } : undefined,
    // Without keys nothing tells a turned bit from what was meant; UDP's checksum does.
    corrupt: keys ? u.one([0, 0.02, 0.1]) : undefined,
    spikes: u.isOne(3)
      ? { share: u.logUniform(0.01, 0.3), ms: u.logUniform(20, 1_500) }
      : undefined,
  };
}

function step(u: Draws, worlds: Worlds): Step {
  return { fault: fault(u, worlds), waitMs: Math.round(worlds.scale * u.integer(0, 1_500)) };
}

const EVERYWHERE = [
  ...[
    "nothing",
    "cut",
    "cut",
    "heal",
    "split",
    "heal all",
    "freeze",
    "freeze",
    "sleep",
    "throttle",
  ],
  ...["crash", "restart", "restart", "leave", "pause", "resume", "policy", "policy"],
] as const;
const DATAGRAMS = [...EVERYWHERE, "weather", "weather", "weather", "rebind", "rebind"] as const;
const CONNECTIONS = [...EVERYWHERE, "hang up", "half open"] as const;

function fault(u: Draws, worlds: Worlds): Fault {
  const { isDatagram, scale, nodes, edges } = worlds;
  const type = u.one<string>(isDatagram ? DATAGRAMS : CONNECTIONS) as Fault["type"];
  const edge = u.integer(0, edges - 1);
  const who = u.integer(0, nodes - 1);
  const end = u.one([0, 1] as const);
  switch (type) {
    case "cut":
      return { type, edge, way: u.one(["both", "both", "there", "back"] as const) };
    case "heal":
      return { type, edge };
    case "split":
      return { type, first: who, count: u.integer(1, Math.max(1, nodes >> 1)) };
    case "freeze":
    case "sleep":
      return { type, who, ms: Math.round(scale * u.logUniform(20, 5_000)) };
    case "throttle":
      return { type, who, ms: u.one([0, 0, 50, 250, 1_000]) };
    case "crash":
    case "hang up":
    case "half open":
      return { type, who };
    case "restart":
      return { type, who, clockMs: u.one([0, 0, -1e9, 1e9]) };
    case "leave":
    case "pause":
    case "resume":
      return { type, edge, end };
    case "policy":
      return { type, edge, end, policy: policy(u, scale) };
    case "rebind":
      return { type, who, oldWorks: u.isOne(2) };
    case "weather":
      return { type, link: weather(u, worlds) };
    case "nothing":
    case "heal all":
      return { type };
  }
}
