// Scope 2: two real endpoints, and a network between them that loses, doubles and reorders. Time goes by in
// units, and both sides are ticked at each; all else happens at an instant between two ticks, in any order.
// What happens is in ends.ts, what must hold in watch.ts, and when two states are one in key.ts.

import { Ends } from "./ends.ts";
import { FORGED } from "./forger.ts";
import { keyOf } from "./key.ts";
import { type Memento, recall, remember } from "./memento.ts";
import type { System } from "./search.ts";
import type { Setting } from "./settings.ts";
import { type Arrival, checkFrame } from "./watch-frames.ts";
import { checkState, checkTicked } from "./watch-states.ts";
import { NAMES, type Name, type Side, type Views, viewsOf, type World } from "./world.ts";

export const BOTH_ALIVE = 1;
export const QUIET = 2;
export const WILLING = 4;
/** Somebody is down, or the network is cut. */
export const BROKEN = 512;
/** Per side, from here: dead to it, down, frozen. */
export const SIDE_BITS: Readonly<Record<Name, number>> = { a: 3, b: 6 };
export const [GAVE_UP, DOWN, FROZEN] = [1, 2, 4];

const SETTLED_UNITS = 12;
const CUTS = ["both", "a", "b"].map((to) => `the network is cut to ${to}`);

export class TwoEnds implements System {
  readonly #ends: Ends;
  readonly #setting: Setting;
  #restored: Memento | undefined;
  /** Both sides as they are now, once somebody looked. */
  #views: Views | undefined;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#ends = new Ends(setting);
    if (setting.settled) this.#settle();
  }

  get world(): World {
    return this.#ends.world;
  }

  /** Tells what happens from now on. */
  listen(tell: (line: string) => void): void {
    this.#ends.tell = tell;
  }

  moves(): readonly string[] {
    const { world } = this;
    const { left } = world;
    const { frozenFor, wakesEvery } = this.#setting;
    const moves: string[] = [];
    world.flying.forEach(({ to, copyAge }, n) => {
      const isAwake = world.sides[to].frozen < 0;
      if (isAwake) moves.push(`${to} gets #${n}`);
      if (isAwake && left.doubles > 0 && copyAge < 0)
        moves.push(`${to} gets #${n}, which comes again`);
      if (left.losses > 0) moves.push(`#${n} is lost`);
    });
    const sides = NAMES.map((name) => world.sides[name]);
    if (
      this.#ends.delayed() <= left.delays &&
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
    if (left.forgeries > 0) moves.push(...FORGED.map((forged) => `${name} is shown ${forged}`));
    if (left.crashes > 0) moves.push(`${name} crashes`);
    if (left.freezes > 0) moves.push(`${name} freezes`);
    if (left.leaves > 0 && !hasLeft) moves.push(`${name} leaves`);
    if (left.policyChanges > 0) moves.push(`${name} changes its policy`);
    return moves;
  }

  take(move: string): void {
    const { world } = this;
    this.#views = undefined;
    const arrival = this.#happen(move);
    this.#ends.sortFlying();
    const views = this.#look();
    if (arrival) checkFrame(world, views[arrival.flying.to], arrival);
    checkState(world, views);
    if (move !== "time passes") return;
    for (const name of NAMES)
      if (this.#ends.isAwake(views[name].side)) checkTicked(views[name], world.now);
  }

  #happen(move: string): Arrival | undefined {
    const ends = this.#ends;
    if (move === "time passes") ends.pass();
    else if (move.startsWith("the network")) ends.cut(move);
    else {
      const [name, verb] = move.split(" ") as [Name, string];
      const number = Number(/#(\d+)/.exec(move)?.[1]);
      const side = this.world.sides[name];
      if (move.endsWith("is lost")) ends.lose(number);
      else if (verb === "gets") return ends.deliver(number, move.endsWith("again"));
      else if (verb === "is") return ends.show(side, move.slice("a is shown ".length));
      else if (verb === "crashes") ends.crash(side);
      else if (verb === "starts,") ends.restart(side, move);
      else if (verb === "freezes") ends.freeze(side);
      else if (verb.startsWith("thaws")) ends.thaw(side, move);
      else if (verb === "leaves") ends.leave(side);
      else if (verb === "comes") ends.comeBack(side);
      else ends.changePolicy(side);
    }
    return undefined;
  }

  key(): string {
    return keyOf(this.world, this.#look(), this.#setting);
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

  /** They meet, and talk for a while: every frame arrives at once. */
  #settle(): void {
    for (let units = 0; units < SETTLED_UNITS; ) {
      const isQuiet = this.world.flying.length === 0;
      this.take(isQuiet ? "time passes" : `${this.world.flying[0]?.to} gets #0`);
      units += Number(isQuiet);
    }
  }
}
