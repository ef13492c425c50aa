// Scope 2: two real endpoints, and a network between them that loses, doubles and reorders. Time goes by in
// units, and both sides are ticked at each; all else happens at an instant between two ticks, in any order.
// What must hold is in watch.ts, and when two states are one in key.ts.

import { decodeFrame } from "../../packages/core/src/endpoint/decode.ts";
import { createEndpoint } from "../../packages/core/src/endpoint/endpoint.ts";
import type { Frame } from "../../packages/core/src/endpoint/frame.ts";
import type { EndpointOutput } from "../../packages/core/src/endpoint/outputs.ts";
import type { PeerRef } from "../../packages/core/src/monitor/refs.ts";
import type { PolicyOptions } from "../../packages/core/src/policy.ts";
import { ManualHost } from "../../packages/core/src/testing/manual-host.ts";
import { describe } from "./frames.ts";
import { keyOf } from "./key.ts";
import { type Memento, recall, remember } from "./memento.ts";
import { type System, Violation } from "./search.ts";
import type { Setting } from "./settings.ts";
import { checkStall, passed, served } from "./silence.ts";
import { checkOutput, newNotes } from "./watch.ts";
import { type Arrival, beforeFrame, checkFrame } from "./watch-frames.ts";
import { checkState, checkTicked } from "./watch-states.ts";
import {
  type Flying,
  NAMES,
  type Name,
  otherOf,
  refOf,
  type Side,
  type Views,
  viewOf,
  viewsOf,
  type World,
} from "./world.ts";

export const BOTH_ALIVE = 1;
export const QUIET = 2;
export const WILLING = 4;
/** Somebody is down, or the network is cut. */
export const BROKEN = 512;
/** Per side, from here: dead to it, down, frozen. */
export const SIDE_BITS: Readonly<Record<Name, number>> = { a: 3, b: 6 };
export const [GAVE_UP, DOWN, FROZEN] = [1, 2, 4];

const EPOCH = 1_000;
const SETTLED_UNITS = 12;
const CUTS = ["both", "a", "b"].map((to) => `the network is cut to ${to}`);

export class TwoEnds implements System {
  readonly world: World;
  readonly #setting: Setting;
  /** Frames that left during the call that is under way. */
  #caused: Frame[] = [];
  #restored: Memento | undefined;
  /** An application says that it was frozen: it need not have been for long. */
  #isTold = false;
  /** Both sides as they are now, once somebody looked. */
  #views: Views | undefined;
  /** Tells what happens, where somebody listens. */
  tell: ((line: string) => void) | undefined;

  constructor(setting: Setting) {
    this.#setting = setting;
    const { losses, doubles, delays, crashes, freezes, leaves, policyChanges, cuts } = setting;
    const side = (name: Name): Side => ({
      ...{ name, endpoint: undefined, host: new ManualHost(), process: 0, epoch: EPOCH },
      ...{ frozen: -1, otherPolicy: false, hasLeft: false, sleepsUntil: Number.POSITIVE_INFINITY },
      notes: newNotes(),
    });
    this.world = {
      now: 0,
      sides: { a: side("a"), b: side("b") },
      flying: [],
      left: { losses, doubles, delays, crashes, freezes, leaves, policyChanges, cuts },
      cut: { a: false, b: false },
    };
    for (const name of NAMES) this.#start(this.world.sides[name]);
    if (setting.settled) this.#settle();
  }

  moves(): readonly string[] {
    const { world } = this;
    const { left } = world;
    const { frozenFor, wakesEvery } = this.#setting;
    const moves: string[] = [];
    world.flying.forEach(({ to, doubled }, n) => {
      const isAwake = world.sides[to].frozen < 0;
      if (isAwake) moves.push(`${to} gets #${n}`);
      if (isAwake && left.doubles > 0 && !doubled)
        moves.push(`${to} gets #${n}, which comes again`);
      if (left.losses > 0) moves.push(`#${n} is lost`);
    });
    const sides = NAMES.map((name) => world.sides[name]);
    if (
      this.#delayed() <= left.delays &&
      sides.every(({ name, frozen }) => wakesEvery?.[name] !== undefined || frozen < frozenFor)
    )
      moves.push("time passes");
    if (world.cut.a || world.cut.b) moves.push("the network heals");
    else if (left.cuts > 0) {
      const { cutTo } = this.#setting;
      moves.push(...(cutTo ? [`the network is cut to ${cutTo}`] : CUTS));
    }
    for (const side of sides) moves.push(...this.#movesOf(side));
    return moves;
  }

  /** What can happen to a process. */
  #movesOf({ name, endpoint, frozen, hasLeft }: Side): string[] {
    const { left } = this.world;
    const { clocks, wakesEvery, reports, staysDown, troubled = NAMES } = this.#setting;
    if (!endpoint) return staysDown ? [] : clocks.map((clock) => `${name} starts, clock ${clock}`);
    const moves: string[] = [];
    if (frozen >= 0) {
      if (wakesEvery?.[name] === undefined) moves.push(`${name} thaws`);
      if (reports && frozen > 0) moves.push(`${name} thaws, and says so`);
      return moves;
    }
    if (hasLeft) moves.push(`${name} comes back`);
    if (!troubled.includes(name)) return moves;
    if (left.crashes > 0) moves.push(`${name} crashes`);
    if (left.freezes > 0) moves.push(`${name} freezes`);
    if (left.leaves > 0 && !hasLeft) moves.push(`${name} leaves`);
    if (left.policyChanges > 0) moves.push(`${name} changes its policy`);
    return moves;
  }

  take(move: string): void {
    const { world } = this;
    this.#views = undefined;
    const [name, verb] = move.split(" ") as [Name, string];
    const number = Number(/#(\d+)/.exec(move)?.[1]);
    const side = world.sides[name];
    let arrival: Arrival | undefined;
    if (move === "time passes") this.#pass();
    else if (move.startsWith("the network")) this.#cut(move);
    else if (move.endsWith("is lost")) {
      world.left.losses -= 1;
      world.flying.splice(number, 1);
    } else if (verb === "gets") arrival = this.#deliver(number, move.endsWith("again"));
    else if (verb === "crashes") this.#crash(side);
    else if (verb === "starts,") this.#restart(side, move);
    else if (verb === "freezes") {
      world.left.freezes -= 1;
      side.frozen = 0;
    } else if (verb.startsWith("thaws")) this.#thaw(side, move);
    else if (verb === "leaves") {
      world.left.leaves -= 1;
      side.hasLeft = true;
      side.endpoint?.leave(refOf(side) as PeerRef);
    } else if (verb === "comes") {
      side.hasLeft = false;
      const ref = refOf(side);
      if (ref === undefined || side.endpoint?.state(ref)?.status === "dead") this.#add(side);
    } else this.#changePolicy(side);
    sortFlying(world);
    const views = this.#look();
    if (arrival) checkFrame(world, views[arrival.flying.to], arrival);
    checkState(world, views);
    if (move !== "time passes") return;
    for (const name of NAMES)
      if (this.#isAwake(views[name].side)) checkTicked(views[name], world.now);
  }

  key(): string {
    return keyOf(this.world, this.#look(), this.#setting.unitMs);
  }

  #look(): Views {
    this.#views ??= viewsOf(this.world);
    return this.#views;
  }

  save(): unknown {
    return remember(this.world, this.#restored);
  }

  restore(saved: unknown): void {
    this.#views = undefined;
    this.#restored = saved as Memento;
    recall(this.#restored);
  }

  traits(): number {
    const { sides, flying, cut } = this.world;
    const { wakesEvery } = this.#setting;
    const views = this.#look();
    // Nobody reads what waits for a frozen side.
    let traits = flying.every(({ to }) => sides[to].frozen >= 0) ? QUIET : 0;
    let alive = 0;
    for (const name of NAMES) {
      const { endpoint, frozen } = sides[name];
      const { ref, state } = views[name];
      const status = ref === undefined ? "dead" : state?.status;
      if (status === "alive") alive += 1;
      const isFrozen = frozen >= 0 && wakesEvery?.[name] === undefined;
      const bits =
        (status === "dead" ? GAVE_UP : 0) | (endpoint ? 0 : DOWN) | (isFrozen ? FROZEN : 0);
      traits |= bits << SIDE_BITS[name];
    }
    if (alive === 2) traits |= BOTH_ALIVE;
    if (!sides.a.endpoint || !sides.b.endpoint || cut.a || cut.b) traits |= BROKEN;
    if (!sides.a.hasLeft && !sides.b.hasLeft) traits |= WILLING;
    return traits;
  }

  // ── what happens ───────────────────────────────────────────────────────────────────────────────

  /** They meet, and talk for a while: every frame arrives at once. */
  #settle(): void {
    for (let units = 0; units < SETTLED_UNITS; ) {
      const isQuiet = this.world.flying.length === 0;
      this.take(isQuiet ? "time passes" : `${this.world.flying[0]?.to} gets #0`);
      units += Number(isQuiet);
    }
  }

  #pass(): void {
    const { world } = this;
    const { unitMs, wakesEvery } = this.#setting;
    world.left.delays -= this.#delayed();
    world.now += unitMs;
    for (const name of NAMES) {
      const side = world.sides[name];
      side.host.freeze(unitMs);
      if (wakesEvery?.[name] !== undefined && side.frozen < 0) side.frozen = 0;
      passed(side, unitMs);
      if (side.frozen >= 0) side.frozen += 1;
      // Its timer fires late, always.
      if (wakesEvery?.[name] === side.frozen) side.frozen = -1;
    }
    for (const name of NAMES) {
      const side = world.sides[name];
      if (!this.#isAwake(side)) continue;
      const { policy } = viewOf(side);
      const judging = side.notes.status === "dead" ? undefined : policy;
      side.endpoint?.tick();
      served(side, judging);
      side.sleepsUntil = side.endpoint?.nextDeadline() ?? Number.POSITIVE_INFINITY;
    }
  }

  #isAwake({ endpoint, frozen }: Side): boolean {
    return endpoint !== undefined && frozen < 0;
  }

  /** Frames that would be late if time passed now. Nobody reads what waits for a frozen side. */
  #delayed(): number {
    const { flying, sides } = this.world;
    return flying.filter(({ to, doubled }) => !doubled && sides[to].frozen < 0).length;
  }

  #deliver(number: number, stays: boolean): Arrival | undefined {
    const { world } = this;
    const flying = world.flying[number] as Flying;
    const side = world.sides[flying.to];
    if (stays) {
      world.left.doubles -= 1;
      flying.doubled = true;
    } else world.flying.splice(number, 1);
    if (!side.endpoint) return undefined;
    const before = beforeFrame(viewOf(side), flying.frame);
    this.#caused = [];
    // The receiver owns its bytes.
    side.endpoint.receive(flying.bytes.slice(), otherOf(flying.to));
    return { flying, before, caused: this.#caused };
  }

  /** Where it says for how long it was frozen it exaggerates, as an application may. */
  #thaw(side: Side, move: string): void {
    const frozenMs = side.frozen * this.#setting.unitMs;
    side.frozen = -1;
    if (!move.endsWith("says so")) return;
    this.#isTold = true;
    side.endpoint?.stalled(2 * frozenMs);
    this.#isTold = false;
  }

  #cut(move: string): void {
    const { cut, left } = this.world;
    left.cuts -= Number(move !== "the network heals");
    for (const name of NAMES) cut[name] = move.endsWith("to both") || move.endsWith(`to ${name}`);
    this.world.flying = this.world.flying.filter(({ to }) => !cut[to]);
  }

  #crash(side: Side): void {
    this.world.left.crashes -= 1;
    side.endpoint = undefined;
    side.hasLeft = false;
    side.sleepsUntil = Number.POSITIVE_INFINITY;
    this.world.flying = this.world.flying.filter(({ to }) => to !== side.name);
  }

  #restart(side: Side, move: string): void {
    if (move.endsWith("ahead")) side.epoch += 1;
    if (move.endsWith("behind")) side.epoch -= 1;
    this.#start(side);
  }

  #changePolicy(side: Side): void {
    this.world.left.policyChanges -= 1;
    side.otherPolicy = !side.otherPolicy;
    const ref = refOf(side);
    if (ref !== undefined) side.endpoint?.setPolicy(ref, this.#policyOf(side));
  }

  #start(side: Side): void {
    const { world } = this;
    side.process += 1;
    side.frozen = -1;
    side.notes = newNotes();
    side.host = new ManualHost({
      startAt: world.now,
      epochMs: side.epoch,
      // Each process draws its own numbers.
      seed: 2 * side.process + NAMES.indexOf(side.name),
    });
    const { accepts = false, roles } = this.#setting;
    side.endpoint = createEndpoint<string>({
      ...{ id: side.name, host: side.host, transport: "datagram", seed: 1 },
      policy: this.#policyOf(side),
      role: roles?.[side.name],
      accept: () => accepts,
      send: (_peer, bytes) => this.#send(side, bytes),
      emit: (output) => this.#emit(side, output),
    });
    const { endpoint } = side;
    endpoint.onEarlier(() => {
      side.sleepsUntil = endpoint.nextDeadline();
    });
    if (!accepts || side.name === "a") this.#add(side);
    side.sleepsUntil = endpoint.nextDeadline();
  }

  #add(side: Side): void {
    side.endpoint?.add(otherOf(side.name), { path: otherOf(side.name) });
  }

  #policyOf({ name, otherPolicy }: Side): PolicyOptions {
    const { policies, otherPolicy: other } = this.#setting;
    return otherPolicy && other ? other : policies[name];
  }

  #send(side: Side, bytes: Uint8Array<ArrayBuffer>): boolean {
    const { world } = this;
    const to = otherOf(side.name);
    const decoded = decodeFrame(bytes);
    if (!decoded.ok) throw new Violation(`${side.name} sent what is no frame: ${decoded.fault}`);
    const frame = decoded.frame as Flying["frame"];
    this.#caused.push(frame);
    this.tell?.(`${side.name} sends ${describe(frame)}`);
    const waiting = world.flying.filter((each) => each.to === to).length;
    if (waiting < this.#setting.inFlight && world.sides[to].endpoint && !world.cut[to]) {
      world.flying.push({ to, frame, bytes, doubled: false });
    }
    return true;
  }

  #emit(side: Side, output: EndpointOutput<string>): void {
    if (output.type === "changed") {
      this.tell?.(
        `${side.name}: ${output.id} ${output.from} → ${output.to} ${output.reason ?? ""}`,
      );
    } else if (output.type !== "beat") this.tell?.(`${side.name}: ${output.type}`);
    if (output.type === "stalled") {
      const policy = this.#isTold ? undefined : viewOf(side).policy;
      return checkStall(side, output.stallMs, policy, this.#setting.unitMs);
    }
    checkOutput(this.world, side, output);
  }
}

/** A multiset has no order: sorted by what says which frame it is. */
function sortFlying(world: World): void {
  const rank = ({ to, frame, doubled }: Flying) => {
    const seq = frame.type === "notice" ? frame.answers : frame.seq;
    return [to, frame.type, frame.epoch, frame.session, seq, doubled];
  };
  world.flying.sort((one, other) => {
    const [left, right] = [rank(one), rank(other)];
    for (let n = 0; n < left.length; n++) {
      if (left[n] !== right[n]) return (left[n] as never) < (right[n] as never) ? -1 : 1;
    }
    return 0;
  });
}
