// "Every crashed or cut peer is dead within its bound": `deadAtMostMs(policy)` of observed time after the last
// of it that could arrive. Where only one way is cut, and it is ours, frames of the peer echo nothing fresh
// any more: "prolongs a life by at most 2D".
import { deadAtMostMs, type Policy } from "@systole/core";
import type { EndpointChange, EndpointOutput } from "@systole/core/endpoint";
import type { Path, Process } from "../../../packages/core/test/cluster.ts";
import type { Fault } from "../scenario.ts";
import type { World } from "../world.ts";
import type { Check } from "./check.ts";

const WORST_HEALTH = 7;
/** Timers round up, and clocks drift by up to 500 ppm. */
const ROUNDING_MS = 3;
const DRIFT = 1.001;

interface Watch {
  readonly observer: Process;
  readonly id: string;
  readonly session: number;
  /** The process is gone for good, and not only cut off. */
  isGone: boolean;
  /** A cut holds back what it said last, and where nothing is lost that arrives once it heals. */
  isHeldBack: boolean;
  /** Network time: nothing of the peer arrives after that. */
  fromAt: number;
  /** What the observer had stood still for by then. */
  frozenMs: number;
  /** The worst of what was in force since then. */
  boundMs: number;
  plainMs: number;
  policy: Policy;
  /** Of the observer, when it began to suspect: that stretches the suspicion. */
  health: number;
}

export class Deaths implements Check {
  checked = 0;
  /** Detection times in shares of the bound, in hundredths. */
  readonly shares: number[] = [];
  readonly #world: World;
  readonly #watches: Map<string, Watch> = new Map();

  constructor(world: World) {
    this.#world = world;
  }

  onFault(fault: Fault): void {
    if (fault.type === "crash") this.#gone(`p${fault.who}`);
    if (fault.type === "cut" || fault.type === "split") this.#cut();
    if (fault.type === "policy") this.#stretch();
    if (fault.type === "heal" || fault.type === "heal all") this.#deliver();
    this.#cancel();
  }

  /** A process that is started anew is, to whoever knew the one before, a crash as well. */
  onStart(process: Process): void {
    for (const [key, { observer }] of this.#watches) {
      if (observer.name === process.name) this.#watches.delete(key);
    }
    if (this.#world.step >= 0) this.#gone(process.name);
  }

  #gone(name: string): void {
    for (const observer of this.#world.running) {
      if (observer.name === name) continue;
      // It may have been cut off before; then its bound began to run then.
      const watch = this.#watches.get(`${observer.name}>${name}`);
      if (watch) watch.isGone = true;
      else this.#watch(observer, name, false, true);
    }
  }

  #cut(): void {
    const { cuts, cluster, now } = this.#world;
    for (const way of cuts) {
      const [from, to] = way.split(">") as [string, string];
      // What `from` says does not arrive, so `to` must notice; and on datagrams `from` must, too.
      this.#watch(cluster.process(to), from, false);
      const watch = this.#watches.get(`${to}>${from}`);
      const isUnderWay = watch && (!watch.isGone || now < watch.fromAt);
      if (isUnderWay) watch.isHeldBack = this.#holdsBack(watch.observer, from);
      if (cluster.transport === "datagram")
        this.#watch(cluster.process(from), to, !cuts.has(`${to}>${from}`));
    }
  }

  /** What the cut held back arrives, and is the last of it. */
  #deliver(): void {
    for (const watch of this.#watches.values()) {
      if (!watch.isHeldBack || this.#holdsBack(watch.observer, watch.id)) continue;
      watch.isHeldBack = false;
      Object.assign(watch, this.#fromNow(watch.observer));
    }
  }

  #holdsBack(observer: Process, id: string): boolean {
    const { cluster, cuts } = this.#world;
    return cluster.transport !== "datagram" && cuts.has(`${id}>${observer.name}`);
  }

  #watch(observer: Process, id: string, oneWay: boolean, isGone = false): void {
    const key = `${observer.name}>${id}`;
    const ref = observer.stopped ? undefined : observer.endpoint.find(id);
    const state = ref === undefined ? undefined : observer.endpoint.state(ref);
    if (ref === undefined || !state || state.role === "send" || this.#watches.has(key)) return;
    if (state.status !== "alive" && state.status !== "suspect") return;
    const policy = observer.endpoint.policy(ref) as Policy;
    this.#watches.set(key, {
      ...{ observer, id, session: state.session, policy, isGone, health: state.health ?? 0 },
      isHeldBack: this.#holdsBack(observer, id),
      ...this.#fromNow(observer),
      boundMs: deadAtMostMs(policy, undefined, WORST_HEALTH) + (oneWay ? policy.deadAfterMs : 0),
      plainMs: oneWay ? Number.POSITIVE_INFINITY : 0,
    });
  }

  /** Nothing more is sent from now on. */
  #fromNow(observer: Process): Pick<Watch, "fromAt" | "frozenMs"> {
    const { now, underwayMs, frozenMs, frozenUntil } = this.#world;
    return {
      fromAt: Math.max(now + underwayMs, frozenUntil.get(observer) ?? 0),
      frozenMs: frozenMs.get(observer) ?? 0,
    };
  }

  /** Another policy was set: whatever it makes longer may last that much longer from now on. */
  #stretch(): void {
    for (const watch of this.#watches.values()) {
      const policy = this.#policyOf(watch);
      if (policy === undefined || policy === watch.policy) continue;
      watch.policy = policy;
      watch.boundMs += deadAtMostMs(policy, undefined, WORST_HEALTH);
      watch.plainMs = Number.POSITIVE_INFINITY;
    }
  }

  #policyOf({ observer, id }: Watch): Policy | undefined {
    const ref = observer.stopped ? undefined : observer.endpoint.find(id);
    return ref === undefined ? undefined : observer.endpoint.policy(ref);
  }

  /** What can arrive again, or is not judged, need not be dead. */
  #cancel(): void {
    const { cuts, paused } = this.#world;
    for (const [key, { observer, id, isGone }] of this.#watches) {
      const isCut = cuts.has(`${id}>${observer.name}`) || cuts.has(key);
      if (observer.stopped || paused.has(key) || !(isCut || isGone)) this.#watches.delete(key);
    }
  }

  onOutput(process: Process, output: EndpointOutput<Path>): void {
    if (output.type !== "changed") return;
    const key = `${process.name}>${output.id}`;
    const watch = this.#watches.get(key);
    if (watch?.observer !== process) return;
    if (output.to === "suspect") watch.health = output.evidence.health;
    if (output.to !== "dead") return;
    this.#watches.delete(key);
    this.#judge(watch, output);
  }

  #judge(watch: Watch, { reason }: EndpointChange<Path>): void {
    this.#check(watch);
    if (reason !== "silence") return;
    this.checked += 1;
    const { observer, fromAt, frozenMs, plainMs, policy, health } = watch;
    const { now, frozenMs: frozen, throttledMs } = this.#world;
    const isPlain = plainMs === 0 && (frozen.get(observer) ?? 0) === frozenMs;
    if (!isPlain || throttledMs.has(observer)) return;
    const share = (now - fromAt) / deadAtMostMs(policy, undefined, health);
    this.shares.push(Math.max(0, Math.round(100 * share)));
  }

  /** What lay unread while the observer stood still may have told it of a longer gap. */
  #negotiated(watch: Watch): Watch {
    const policy = this.#policyOf(watch);
    if (policy === undefined || policy === watch.policy) return watch;
    watch.policy = policy;
    watch.boundMs = Math.max(watch.boundMs, deadAtMostMs(policy, undefined, WORST_HEALTH));
    watch.plainMs = Number.POSITIVE_INFINITY;
    return watch;
  }

  #check(watch: Watch): void {
    const { observer, id, fromAt, frozenMs, boundMs, policy, session } = this.#negotiated(watch);
    const { now, frozenMs: frozen } = this.#world;
    const lostMs = (frozen.get(observer) ?? 0) - frozenMs;
    const isStanding = (this.#world.frozenUntil.get(observer) ?? 0) > now;
    const passedMs = now - fromAt;
    const lateMs = lateTicksMs(
      policy,
      this.#world.throttledMs.get(observer) ?? 0,
      this.#graceMs(observer),
    );
    const dueMs = boundMs * DRIFT + lateMs + lostMs + ROUNDING_MS;
    if (isStanding || passedMs <= dueMs) return;
    const text = `${observer.name} has not declared ${id} dead (session ${session}) after ${passedMs} ms, at most ${dueMs} (${policy.suspectAfterMs}, ${policy.deadAfterMs})`;
    this.#world.report("whoever is gone is dead within the bound", text);
  }

  /** "c = half the default policy's S": so much of each stall is counted after all. */
  #graceMs({ name }: Process): number {
    const { nodes } = this.#world.scenario;
    return (nodes[Number(name.slice(1))]?.policy.suspectAfterMs ?? 0) / 2;
  }

  afterStep(): void {
    for (const [key, watch] of this.#watches) {
      this.#check(watch);
      if (this.#world.violations.length > 0) this.#watches.delete(key);
    }
  }
}

/**
 * A loop that is late at every tick: each is a stall, of which at most `graceMs` is counted. "After k ticks each
 * ≥ c late, k = 2 + ⌈S/c⌉ + ⌈(D−S+stretch)/c⌉, a silent peer is dead."
 */
function lateTicksMs(
  { suspectAfterMs, deadAfterMs }: Policy,
  throttledMs: number,
  graceMs: number,
): number {
  if (throttledMs === 0) return 0;
  const countedMs = Math.min(throttledMs, graceMs);
  const stretchedMs = 3 * (deadAfterMs - suspectAfterMs);
  const ticks = 2 + Math.ceil(suspectAfterMs / countedMs) + Math.ceil(stretchedMs / countedMs);
  return ticks * (throttledMs + suspectAfterMs / 4);
}
