// One cluster from its first frame to its last: the steps of its scenario; then everything is mended, everybody
// must find everybody in time, agree, and leave each other in peace; then, in some, all but one go.
import { deadAtMostMs } from "../../packages/core/src/bounds.ts";
import type { Process } from "../../packages/core/test/cluster.ts";
import { TrustWatch } from "../../packages/core/test/trust-watch.ts";
import type { Violation } from "./checks/check.ts";
import { Deaths } from "./checks/deaths.ts";
import { Fresh } from "./checks/fresh.ts";
import { Growth } from "./checks/growth.ts";
import { CALM_DELAY_MS, Healing } from "./checks/healing.ts";
import { Legal } from "./checks/legal.ts";
import { Quiet } from "./checks/quiet.ts";
import { Rates } from "./checks/rates.ts";
import { Timers } from "./checks/timers.ts";
import { applyFault, healAll } from "./faults.ts";
import type { Scenario, Step } from "./scenario.ts";
import { Tally } from "./tally.ts";
import { type Sabotage, World } from "./world.ts";

export interface Played {
  readonly violations: readonly Violation[];
  readonly tally: Tally;
}

/** Plays a scenario as far as its first violation. */
export function play(scenario: Scenario, sabotage?: Sabotage): Played {
  const playing = new Playing(scenario, sabotage);
  try {
    playing.all();
  } catch (error) {
    playing.world.report("nothing throws", error instanceof Error ? `${error.stack}` : `${error}`);
  }
  return { violations: playing.world.violations, tally: playing.tally() };
}

class Playing {
  readonly world: World;
  readonly #trust: TrustWatch;
  readonly #counts: Tally = new Tally();
  readonly #legal: Legal;
  readonly #fresh: Fresh;
  readonly #deaths: Deaths;
  readonly #rates: Rates;
  readonly #healing: Healing;
  readonly #quiet: Quiet;
  readonly #growth: Growth;

  constructor(scenario: Scenario, sabotage?: Sabotage) {
    this.world = new World(scenario, sabotage);
    const { world } = this;
    const drifts = scenario.nodes.map(({ driftPpm }, n) => [`p${n}`, driftPpm]);
    this.#trust = new TrustWatch(world.cluster, Object.fromEntries(drifts));
    this.#trust.fail = (text) => world.report("nobody trusts for too long", text);
    this.#trust.exempts = (held, observer) =>
      world.sleptBlind.has(held) ||
      world.sleptBlind.has(observer) ||
      // Who never judges is trusted for ever, and has nothing to give to somebody else.
      world.roleOf(observer, held.name) === "send";
    this.#legal = new Legal(world);
    this.#fresh = new Fresh(world);
    this.#deaths = new Deaths(world);
    this.#rates = new Rates(world, this.#legal, this.#fresh);
    this.#healing = new Healing(world, this.#legal);
    this.#quiet = new Quiet(world);
    this.#growth = new Growth(world);
  }

  all(): void {
    const { world } = this;
    const { steps, nodes, buries } = world.scenario;
    // The one that keeps the lives of sessions comes before those that ask it.
    const checks = [this.#legal, this.#fresh, this.#deaths, this.#rates, this.#healing];
    world.begin([...checks, this.#quiet, this.#growth, new Timers(world), this.#counts]);
    this.#run(2 * Math.max(...nodes.map(({ policy }) => policy.intervalMs ?? 0)));
    world.look();
    for (let n = 0; n < steps.length && !this.#isOver; n++) {
      this.#step(n);
    }
    world.step = steps.length;
    if (!this.#isOver) this.#mend();
    if (!this.#isOver) this.#heal();
    if (!this.#isOver) this.#settle();
    if (!this.#isOver && buries) this.#bury();
  }

  /** Does what a step says, lets its time pass, and looks at every rule. */
  #step(n: number): void {
    const { world } = this;
    const { fault, waitMs } = world.scenario.steps[n] as Step;
    world.step = n;
    applyFault(world, fault);
    for (const check of world.checks) check.onFault?.(fault);
    this.#run(waitMs);
    world.look();
  }

  tally(): Tally {
    const { world } = this;
    this.#counts.take(world, {
      ...{ trusts: this.#trust.checked, deaths: this.#deaths.checked, rates: this.#rates.compared },
      ...{ healed: this.#healing.healed, sharply: this.#healing.sharply },
      ...{ detection: this.#deaths.shares, healing: this.#healing.shares },
    });
    return this.#counts;
  }

  get #isOver(): boolean {
    return this.world.violations.length > 0;
  }

  #run(ms: number): void {
    this.#trust.run(ms);
  }

  /** Everybody runs, nobody is told to look away, and the weather is fine; what is cut stays cut. */
  #mend(): void {
    const { world } = this;
    for (const [n] of world.scenario.nodes.entries()) {
      if (world.process(n).stopped) world.start(n, 0);
    }
    for (const process of world.running) {
      process.host.throttleMs = 0;
      for (const ref of process.endpoint) process.endpoint.resume(ref);
    }
    world.paused.clear();
    // Whoever is called is where it ever was: who forgot everybody could not be found elsewhere.
    for (const [name, addresses] of world.addresses) {
      for (const address of [...addresses, name]) {
        world.cluster.network.rebind(name, address, { oldWorks: true });
      }
    }
    const underwayMs = world.underwayMs;
    world.treat({ delayMs: [CALM_DELAY_MS, CALM_DELAY_MS] });
    this.#run(underwayMs);
    world.look();
  }

  #heal(): void {
    const { world } = this;
    healAll(world);
    world.hasLeft = true;
    for (const check of world.checks) check.onFault?.({ type: "heal all" });
    this.#healing.begin();
    while (!this.#healing.isOver && !this.#isOver) {
      // Some hear only now that they were left.
      for (const process of world.hasLeft ? world.running : []) this.#addAgain(process);
      world.hasLeft = false;
      this.#run(50);
      this.#healing.look();
    }
    world.look();
  }

  /** Whoever left comes back if it is called; nobody else needs to be. */
  #addAgain(process: (typeof this.world.running)[number]): void {
    for (const ref of process.endpoint) {
      const { status, reason } = process.endpoint.state(ref) ?? {};
      const id = process.endpoint.id(ref) as string;
      const known = this.world.end(process, id);
      const mayAdd = known?.end === 0 || known?.edge.byHand;
      const isFinal = reason === "left" || reason === "replaced";
      if (status === "dead" && isFinal && mayAdd) this.world.add(process, id);
    }
  }

  /** A while until everybody has heard what everybody keeps, and a while in which nothing may happen. */
  #settle(): void {
    const { world } = this;
    const { plans, frozenUntil, now } = world;
    const longestMs = Math.max(...[...plans.values()].map(({ intervalMs = 0 }) => intervalMs));
    const thawedAt = Math.max(now, ...frozenUntil.values());
    this.#run(thawedAt - now + 3 * longestMs + 500);
    this.#quiet.begin();
    this.#run(2 * longestMs);
    if (!this.#isOver) this.#rates.settled();
    this.#quiet.end();
    world.look();
  }

  #bury(): void {
    const { world } = this;
    const [last, ...others] = world.running;
    if (last === undefined) return;
    for (const process of others) process.stop();
    for (const check of world.checks) check.onFault?.({ type: "crash", who: -1 });
    const deadAfterMs = Math.max(...[...world.plans.values()].map((plan) => plan.deadAfterMs ?? 0));
    // To be noticed, and then to be forgotten: both follow from the deadlines in force.
    const patience = Math.max(8 * deadAfterMs, patienceMs(last));
    this.#run(patience + Math.max(30_000, patience));
    // Who neither beats nor judges is not called: it forgets at whatever tick comes next.
    last.endpoint.tick();
    const ends = [...(world.ends[Number(last.name.slice(1))]?.values() ?? [])];
    // Whoever only sends never knows that nobody hears it.
    const keeps = ends.filter(
      ({ edge, end }) => end === 0 || edge.byHand || edge.roles[end] === "send",
    );
    this.#growth.buried(last, keeps.length);
  }
}

/** The longest that somebody waits for a peer that says nothing: for slow senders deadlines were stretched. */
function patienceMs({ endpoint }: Process): number {
  const inForce = [...endpoint].flatMap((ref) => endpoint.policy(ref) ?? []);
  return 2 * Math.max(0, ...inForce.map((policy) => deadAtMostMs(policy)));
}
