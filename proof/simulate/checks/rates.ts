// "Negotiated rates agree on both sides." At any time the gap that one side keeps is one that the other allows
// for ("Shorter is used at once; longer is announced and used only after the other side echoed the
// announcing frame's nonce"). Where nothing has happened for a while they are equal, and are what the
// formula says: "gap = max(own floorMs, your minimum, min(own intervalMs, your wish))".
import { definePolicy, type Policy } from "@systole/core";
import type { Process } from "../../../packages/core/test/cluster.ts";
import type { PolicyPlan } from "../scenario.ts";
import { policyOf } from "../scenario.ts";
import type { World } from "../world.ts";
import type { Check } from "./check.ts";
import type { Fresh } from "./fresh.ts";
import type { Legal } from "./legal.ts";

/** Announced durations are whole milliseconds. */
const WHOLE_MS = 1;

export class Rates implements Check {
  compared = 0;
  readonly #world: World;
  readonly #legal: Legal;
  readonly #fresh: Fresh;

  constructor(world: World, legal: Legal, fresh: Fresh) {
    this.#world = world;
    this.#legal = legal;
    this.#fresh = fresh;
  }

  afterStep(): void {
    for (const { from, to } of this.#world.scenario.edges) {
      const [a, b] = [this.#world.process(from), this.#world.process(to)];
      if (!this.#areTogether(a, b)) continue;
      this.#compare(a, b);
      this.#compare(b, a);
    }
  }

  /** Both alive to each other, and each in the conversation that the other speaks in. */
  #areTogether(a: Process, b: Process): boolean {
    if (a.stopped || b.stopped) return false;
    if (this.#legal.status(a, b.name) !== "alive" || this.#legal.status(b, a.name) !== "alive") {
      return false;
    }
    return (
      this.#fresh.conversation(a, b) === b.speaksIn.get(a.name) &&
      this.#fresh.conversation(b, a) === a.speaksIn.get(b.name)
    );
  }

  #compare(sender: Process, receiver: Process): void {
    if (this.#world.roleOf(sender, receiver.name) === "listen") return;
    const [keeps, allows] = [policyFor(sender, receiver), policyFor(receiver, sender)];
    if (!keeps || !allows) return;
    this.compared += 1;
    if (keeps.intervalMs <= allows.peerGapMs + 1e-6) return;
    const text = `${sender.name} keeps ${keeps.intervalMs} ms, ${receiver.name} allows for ${allows.peerGapMs} ms`;
    this.#world.report("negotiated rates agree", text);
  }

  /** After a while in which nothing happened. */
  settled(): void {
    const { frozenMs, throttledMs, scenario } = this.#world;
    const isSteady = (process: Process) => !frozenMs.has(process) && !throttledMs.has(process);
    for (const { from, to } of scenario.edges) {
      const [a, b] = [this.#world.process(from), this.#world.process(to)];
      // Whoever was late lately may still say so.
      if (!isSteady(a) || !isSteady(b) || !this.#areTogether(a, b)) continue;
      this.#compareExactly(a, b);
      this.#compareExactly(b, a);
    }
  }

  #compareExactly(sender: Process, receiver: Process): void {
    const role = this.#world.roleOf(sender, receiver.name);
    const [keeps, allows] = [policyFor(sender, receiver), policyFor(receiver, sender)];
    if (role === "listen" || !keeps || !allows) return;
    const gapMs = agreedMs(this.#world, sender, receiver);
    const isAgreed =
      Math.abs(keeps.intervalMs - gapMs) <= 1e-6 && Math.abs(allows.peerGapMs - gapMs) <= WHOLE_MS;
    // "A gap above what I want scales my S, D, M and probe interval."
    const wanted = ownPolicy(this.#world, receiver, sender);
    const factor = Math.max(1, Math.ceil(gapMs) / Math.max(1, Math.floor(wanted.wishMs)));
    const judges = this.#world.roleOf(receiver, sender.name) !== "send";
    const isScaled =
      !judges || Math.abs(allows.suspectAfterMs - wanted.suspectAfterMs * factor) <= WHOLE_MS;
    if (isAgreed && isScaled) return;
    const text = `${sender.name} keeps ${keeps.intervalMs} ms, ${receiver.name} allows for ${allows.peerGapMs} ms and suspects after ${allows.suspectAfterMs} ms; ${gapMs} ms it ought to be, and ${wanted.suspectAfterMs * factor} ms`;
    this.#world.report("negotiated rates agree", text);
  }
}

/** The formula, once more. */
function agreedMs(world: World, sender: Process, receiver: Process): number {
  const own = ownPolicy(world, sender, receiver);
  const their = ownPolicy(world, receiver, sender);
  const [ownRole, theirRole] = [
    world.roleOf(sender, receiver.name),
    world.roleOf(receiver, sender.name),
  ];
  // Whoever only answers is heard as often as we ask.
  const intervalMs = theirRole === "listen" ? Math.min(own.intervalMs, own.wishMs) : own.intervalMs;
  const wishMs = theirRole === "send" ? intervalMs : Math.max(1, Math.floor(their.wishMs));
  const wantedMs = Math.max(own.floorMs, Math.min(intervalMs, wishMs));
  // Where life needs round trips, three of our gaps fit into our own D.
  const needsEchoes = world.cluster.transport === "datagram" && ownRole === "both";
  const mostMs = needsEchoes ? own.deadAfterMs / 3 : Number.POSITIVE_INFINITY;
  return Math.max(Math.ceil(their.minGapMs), Math.min(wantedMs, mostMs));
}

function ownPolicy(world: World, process: Process, other: Process): Policy {
  return definePolicy(policyOf(world.plans.get(`${process.name}>${other.name}`) as PolicyPlan));
}

function policyFor({ endpoint }: Process, other: Process): Policy | undefined {
  const ref = endpoint.find(other.name);
  return ref === undefined ? undefined : endpoint.policy(ref);
}
