// What the faults of a scenario do to its world.
import type { Process } from "../../packages/core/test/cluster.ts";
import type { Edge, Fault, PolicyPlan } from "./scenario.ts";
import type { World } from "./world.ts";

export function applyFault(world: World, fault: Fault): void {
  switch (fault.type) {
    case "nothing":
      return;
    case "heal all":
      return healAll(world);
    case "cut":
      return cut(world, edgeOf(world, fault.edge), fault.way);
    case "heal":
      return heal(world, edgeOf(world, fault.edge));
    case "split":
      return split(world, fault.first, fault.count);
    case "freeze":
    case "sleep":
      return freeze(world, runningAt(world, fault.who), fault.ms, fault.type);
    case "throttle":
      return throttle(world, runningAt(world, fault.who), fault.ms);
    case "crash":
      world.process(fault.who).stop();
      return;
    case "restart":
      world.start(fault.who, fault.clockMs);
      return;
    case "leave":
    case "pause":
    case "resume":
    case "policy":
      return tell(world, fault);
    case "rebind":
      return rebind(world, world.process(fault.who), fault.oldWorks);
    case "hang up":
      return runningAt(world, fault.who)?.hangUpAll();
    case "half open":
      return runningAt(world, fault.who)?.dropLinks();
    case "weather":
      return world.treat(fault.link);
  }
}

function edgeOf({ scenario }: World, n: number): Edge {
  return scenario.edges[n % scenario.edges.length] as Edge;
}

function runningAt(world: World, who: number): Process | undefined {
  const process = world.process(who);
  return process.stopped ? undefined : process;
}

// ── the network ──────────────────────────────────────────────────────────────────────────────────

function cut(world: World, { from, to }: Edge, way: "both" | "there" | "back"): void {
  if (way !== "back") world.cuts.add(`p${from}>p${to}`);
  if (way !== "there") world.cuts.add(`p${to}>p${from}`);
  renewCuts(world);
}

export function heal(world: World, { from, to }: Edge): void {
  world.cuts.delete(`p${from}>p${to}`);
  world.cuts.delete(`p${to}>p${from}`);
  const { network } = world.cluster;
  for (const one of addressesOf(world, from)) {
    for (const other of addressesOf(world, to)) network.heal(one, other);
  }
}

export function healAll(world: World): void {
  for (const edge of world.scenario.edges) heal(world, edge);
}

/** So many nodes in a row are on one side, and everybody else on the other. */
function split(world: World, first: number, count: number): void {
  const { nodes, edges } = world.scenario;
  const isInside = (n: number) => (n - first + nodes.length) % nodes.length < count;
  for (const edge of edges) if (isInside(edge.from) !== isInside(edge.to)) cut(world, edge, "both");
}

/** A cut is of nodes, wherever a NAT says they are. */
function renewCuts(world: World): void {
  for (const way of world.cuts) {
    const [from, to] = way.split(">") as [string, string];
    for (const one of addressesOf(world, Number(from.slice(1)))) {
      for (const other of addressesOf(world, Number(to.slice(1)))) {
        world.cluster.network.cut(one, other, true);
      }
    }
  }
}

function addressesOf({ addresses }: World, n: number): readonly string[] {
  return [`p${n}`, ...(addresses.get(`p${n}`) ?? [])];
}

function rebind(world: World, { name, stopped }: Process, oldWorks: boolean): void {
  if (stopped) return;
  const before = world.addresses.get(name) ?? [];
  const address = `${name}~${before.length}`;
  world.addresses.set(name, [...before, address]);
  world.cluster.network.rebind(name, address, { oldWorks });
  renewCuts(world);
}

// ── processes ────────────────────────────────────────────────────────────────────────────────────

function freeze(
  world: World,
  process: Process | undefined,
  ms: number,
  how: "freeze" | "sleep",
): void {
  if (process === undefined) return;
  const { now, frozenUntil, frozenMs } = world;
  const until = Math.max(now + ms, frozenUntil.get(process) ?? 0);
  const moreMs = until - Math.max(now, frozenUntil.get(process) ?? 0);
  frozenUntil.set(process, until);
  frozenMs.set(process, (frozenMs.get(process) ?? 0) + moreMs);
  if (how === "freeze") return process.host.freeze(ms);
  if (!process.host.countsSleep) world.sleptBlind.add(process);
  process.host.sleep(ms);
}

function throttle(world: World, process: Process | undefined, ms: number): void {
  if (process === undefined) return;
  process.host.throttleMs = ms;
  world.throttledMs.set(process, Math.max(ms, world.throttledMs.get(process) ?? 0));
}

/** Something that one end of an edge decides about the other. */
function tell(
  world: World,
  fault: Extract<Fault, { readonly type: "leave" | "pause" | "resume" | "policy" }>,
): void {
  const edge = edgeOf(world, fault.edge);
  const [own, other] = fault.end === 0 ? [edge.from, edge.to] : [edge.to, edge.from];
  const process = runningAt(world, own);
  const way = `p${own}>p${other}`;
  const ref = process?.endpoint.find(`p${other}`);
  // A process that stands still decides nothing.
  if (!process || ref === undefined || isFrozen(world, process)) return;
  if (fault.type === "leave") process.endpoint.leave(ref);
  if (fault.type === "pause") {
    world.paused.add(way);
    process.endpoint.pause(ref);
  }
  if (fault.type === "resume") {
    world.paused.delete(way);
    process.endpoint.resume(ref);
  }
  if (fault.type === "policy") {
    world.plans.set(way, fault.policy as PolicyPlan);
    process.endpoint.setPolicy(ref, world.options(process.name, `p${other}`));
  }
}

export function isFrozen({ frozenUntil, now }: World, process: Process): boolean {
  return (frozenUntil.get(process) ?? 0) > now;
}
