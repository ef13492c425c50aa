// Two real endpoints, each with a host of its own and a driver's promise, the network between them, and what can
// happen to them. Which of it may happen when is in two-ends.ts.

import { decodeFrame } from "../../packages/core/src/endpoint/decode.ts";
import { createEndpoint } from "../../packages/core/src/endpoint/endpoint.ts";
import type { Frame } from "../../packages/core/src/endpoint/frame.ts";
import type { EndpointOutput } from "../../packages/core/src/endpoint/outputs.ts";
import type { PeerRef } from "../../packages/core/src/monitor/refs.ts";
import type { PolicyOptions } from "../../packages/core/src/policy.ts";
import { ManualHost } from "../../packages/core/src/testing/manual-host.ts";
import { forge, tellForged } from "./forger.ts";
import { describe } from "./frames.ts";
import { Violation } from "./search.ts";
import type { Setting } from "./settings.ts";
import { checkStall, passed, served } from "./silence.ts";
import { checkOutput, newNotes } from "./watch.ts";
import { type Arrival, beforeFrame } from "./watch-frames.ts";
import {
  type Flying,
  NAMES,
  type Name,
  otherOf,
  refOf,
  type Side,
  viewOf,
  type World,
} from "./world.ts";

const EPOCH = 1_000;

export class Ends {
  readonly world: World;
  readonly setting: Setting;
  /** Frames that left during the call that is under way. */
  #caused: Frame[] = [];
  /** An application says that it was frozen: it need not have been for long. */
  #isTold = false;
  /** Tells what happens, where somebody listens. */
  tell: ((line: string) => void) | undefined;

  constructor(setting: Setting) {
    this.setting = setting;
    const { losses, doubles, delays, crashes, freezes, leaves, policyChanges, cuts } = setting;
    const { forgeries } = setting;
    const side = (name: Name): Side => ({
      ...{ name, endpoint: undefined, host: new ManualHost(), process: 0, epoch: EPOCH },
      ...{ frozen: -1, otherPolicy: false, hasLeft: false, sleepsUntil: Number.POSITIVE_INFINITY },
      notes: newNotes(),
    });
    this.world = {
      now: 0,
      sides: { a: side("a"), b: side("b") },
      flying: [],
      left: { losses, doubles, delays, crashes, freezes, leaves, policyChanges, cuts, forgeries },
      cut: { a: false, b: false },
    };
    for (const name of NAMES) this.start(this.world.sides[name]);
  }

  // ── time, and the network ────────────────────────────────────────────────────────────────────────

  pass(): void {
    const { world } = this;
    const { unitMs, wakesEvery } = this.setting;
    world.left.delays -= this.delayed();
    world.now += unitMs;
    this.#age();
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
      if (!this.isAwake(side)) continue;
      const { policy } = viewOf(side);
      const judging = side.notes.status === "dead" ? undefined : policy;
      side.endpoint?.tick();
      served(side, judging);
      side.sleepsUntil = side.endpoint?.nextDeadline() ?? Number.POSITIVE_INFINITY;
    }
  }

  /** Copies are on their way for so long at most. */
  #age(): void {
    const { world } = this;
    const { copiesFor } = this.setting;
    if (copiesFor === undefined) return;
    for (const flying of world.flying) if (flying.copyAge >= 0) flying.copyAge += 1;
    world.flying = world.flying.filter(({ copyAge }) => copyAge <= copiesFor);
  }

  isAwake({ endpoint, frozen }: Side): boolean {
    return endpoint !== undefined && frozen < 0;
  }

  /** Frames that would be late if time passed now. Nobody reads what waits for a frozen side. */
  delayed(): number {
    const { flying, sides } = this.world;
    return flying.filter(({ to, copyAge }) => copyAge < 0 && sides[to].frozen < 0).length;
  }

  lose(number: number): void {
    this.world.left.losses -= 1;
    this.world.flying.splice(number, 1);
  }

  deliver(number: number, stays: boolean): Arrival | undefined {
    const { world } = this;
    const flying = world.flying[number] as Flying;
    if (stays) {
      world.left.doubles -= 1;
      flying.copyAge = 0;
    } else world.flying.splice(number, 1);
    return this.#arrive(flying);
  }

  show(side: Side, forgery: string): Arrival | undefined {
    const { world } = this;
    world.left.forgeries -= 1;
    const flying = forge(forgery, viewOf(world.sides[otherOf(side.name)]), viewOf(side));
    this.tell?.(tellForged(flying));
    return this.#arrive(flying);
  }

  #arrive(flying: Flying): Arrival | undefined {
    const { world } = this;
    const side = world.sides[flying.to];
    if (!side.endpoint) return undefined;
    const before = beforeFrame(viewOf(side), flying.frame, world.now);
    this.#caused = [];
    // The receiver owns its bytes.
    side.endpoint.receive(flying.bytes.slice(), otherOf(flying.to));
    return { flying, before, caused: this.#caused };
  }

  // ── processes ──────────────────────────────────────────────────────────────────────────────────

  /** Where it says for how long it was frozen it exaggerates, as an application may. */
  thaw(side: Side, move: string): void {
    const frozenMs = side.frozen * this.setting.unitMs;
    side.frozen = -1;
    if (!move.endsWith("says so")) return;
    this.#isTold = true;
    side.endpoint?.stalled(2 * frozenMs);
    this.#isTold = false;
  }

  cut(move: string): void {
    const { cut, left } = this.world;
    left.cuts -= Number(move !== "the network heals");
    for (const name of NAMES) cut[name] = move.endsWith("to both") || move.endsWith(`to ${name}`);
    this.world.flying = this.world.flying.filter(({ to }) => !cut[to]);
  }

  leave(side: Side): void {
    this.world.left.leaves -= 1;
    side.hasLeft = true;
    side.endpoint?.leave(refOf(side) as PeerRef);
  }

  comeBack(side: Side): void {
    side.hasLeft = false;
    const ref = refOf(side);
    if (ref === undefined || side.endpoint?.state(ref)?.status === "dead") this.#add(side);
  }

  freeze(side: Side): void {
    this.world.left.freezes -= 1;
    side.frozen = 0;
  }

  crash(side: Side): void {
    this.world.left.crashes -= 1;
    side.endpoint = undefined;
    side.hasLeft = false;
    side.sleepsUntil = Number.POSITIVE_INFINITY;
    this.world.flying = this.world.flying.filter(({ to }) => to !== side.name);
  }

  restart(side: Side, move: string): void {
    if (move.endsWith("ahead")) side.epoch += 1;
    if (move.endsWith("behind")) side.epoch -= 1;
    this.start(side);
  }

  changePolicy(side: Side): void {
    this.world.left.policyChanges -= 1;
    side.otherPolicy = !side.otherPolicy;
    const ref = refOf(side);
    if (ref !== undefined) side.endpoint?.setPolicy(ref, this.#policyOf(side));
  }

  start(side: Side): void {
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
    const { accepts = false, roles } = this.setting;
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
    const { policies, otherPolicy: other } = this.setting;
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
    if (waiting < this.setting.inFlight && world.sides[to].endpoint && !world.cut[to]) {
      world.flying.push({ to, frame, bytes, copyAge: -1 });
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
      return checkStall(side, output.stallMs, policy, this.setting.unitMs);
    }
    checkOutput(this.world, side, output);
  }

  /** A multiset has no order: sorted by what says which frame it is. */
  sortFlying(): void {
    const rank = ({ to, frame, copyAge }: Flying) => {
      const seq = frame.type === "notice" ? frame.answers : frame.seq;
      return [to, frame.type, frame.epoch, frame.session, seq, copyAge];
    };
    this.world.flying.sort((one, other) => {
      const [left, right] = [rank(one), rank(other)];
      for (let n = 0; n < left.length; n++) {
        if (left[n] !== right[n]) return (left[n] as never) < (right[n] as never) ? -1 : 1;
      }
      return 0;
    });
  }
}
