// The peers of a monitor with what depends on them: when each is next due, and how near their silences came.
// Takes one in hand, lets the rules have their say, and puts it back with its deadline.

import { arrive, count, isAhead, isLife } from "../peer/arriving.ts";
import { sent } from "../peer/beats.ts";
import { silenceToSuspect, verdictAt } from "../peer/deadlines.ts";
import type { PeerEvent, PeerOutput } from "../peer/events.ts";
import { silenceMs } from "../peer/evidence.ts";
import { isJudged, NEVER, newPeer, type Peer, type Role } from "../peer/state.ts";
import { shareOf, silenceToShadow, suspicionAt } from "../peer/suspicion.ts";
import { COUNTS, type Tally, widthFor } from "../peer/tally.ts";
import { hear, step } from "../peer/transition.ts";
import type { Policy } from "../policy.ts";
import type { Turn } from "../turn.ts";
import { Deadlines } from "./deadlines.ts";
import { NearMissCounter } from "./near-misses.ts";
import { type HeardSign, NO_SIGN } from "./options.ts";
import type { MonitorOutput } from "./outputs.ts";
import { type PeerRef, slotOf } from "./refs.ts";
import { Rows } from "./rows.ts";
import type { Stalls } from "./stalls.ts";

export class Peers {
  readonly rows: Rows;
  readonly deadlines: Deadlines = new Deadlines((slot) => this.#dueAt(slot));
  /** Of the detectors that judge, and of their shadows. */
  readonly nearMisses: NearMissCounter = new NearMissCounter();
  readonly shadowed: NearMissCounter = new NearMissCounter();
  /** Whose deadline is in somebody's hands already, and is not set here. */
  heldSlot: number = NEVER;
  readonly #turn: Turn<MonitorOutput>;
  readonly #stalls: Stalls;
  /** Whom the outputs of a step are about. */
  #slot = 0;
  #isForgotten = false;
  readonly #emit = (output: PeerOutput): void => this.#push(output);

  constructor(turn: Turn<MonitorOutput>, stalls: Stalls, seed: number) {
    this.#turn = turn;
    this.#stalls = stalls;
    this.rows = new Rows(seed, stalls);
  }

  // ── coming and going ───────────────────────────────────────────────────────────────────────────

  add(id: string | undefined, policy: Policy, role: Role | undefined): PeerRef {
    const { now } = this.#turn;
    const { lostMs, countedMs } = this.#stalls.at(now);
    const ref = this.rows.add(id, policy, (seed) =>
      newPeer(policy, now, { role, seed, lostMs, countedMs }),
    );
    this.deadlines.set(slotOf(ref), this.#dueAt(slotOf(ref)));
    return ref;
  }

  remove(slot: number): void {
    this.rows.remove(slot);
    this.deadlines.set(slot, NEVER);
    // Whoever comes next into this slot is in nobody's hands.
    if (slot === this.heldSlot) this.heldSlot = NEVER;
  }

  // ── one event ──────────────────────────────────────────────────────────────────────────────────

  step(slot: number, event: PeerEvent): void {
    const peer = this.#take(slot);
    step(peer, event, this.#stalls.at(event.at), this.rows.policy(slot), this.#emit);
    this.#putBack(peer);
  }

  /** As a step, without an event: this happens as often as anything is sent. */
  sent(slot: number): void {
    const { now } = this.#turn;
    const policy = this.rows.policy(slot);
    if (this.rows.beatLeft(slot, now, policy)) return;
    const peer = this.#take(slot);
    sent(peer, now, policy);
    this.#putBack(peer);
  }

  /** Any frame of a peer. Returns whether it was a sign of life. */
  hear(slot: number, now: number, seq: number | undefined, sign: HeardSign): boolean {
    const policy = this.rows.policy(slot);
    if (policy.returns === "new-session" && this.rows.status(slot) === "dead") {
      this.step(slot, { type: "dial", at: now });
    }
    if (seq !== undefined || sign !== NO_SIGN) this.#makeRoom(sign, policy);
    const peer = this.#take(slot);
    const { proof = false } = sign;
    const stalls = this.#stalls.at(now);
    const { share, shadowShare } = this.#sharesOf(peer, now, policy);
    const counted = hear(peer, now, stalls, seq, sign, proof, policy, this.#emit);
    if (counted) {
      this.nearMisses.ended(share);
      this.shadowed.ended(shadowShare);
    }
    this.#tellFailures(peer.arrivals);
    this.#putBack(peer);
    return counted;
  }

  /** Takes in a numbered frame of a living peer in place; false, and nothing done, where that is not enough. */
  hearBeat(slot: number, seq: number, sign: HeardSign): boolean {
    const { rows } = this;
    const isPlain = sign === NO_SIGN && rows.policies.varying === 0;
    if (!(isPlain ? this.#countBeat(slot, seq) : this.#learnBeat(slot, seq, sign))) return false;
    rows.heardAt[slot] = this.#turn.now;
    if (rows.policies.varying > 0) this.#lower(slot);
    return true;
  }

  #learnBeat(slot: number, seq: number, sign: HeardSign): boolean {
    const { tallies } = this.rows;
    const { now } = this.#turn;
    const policy = this.rows.policy(slot);
    this.#makeRoom(sign, policy);
    const tally = tallies.take(slot);
    if (!isLife(tally, now, this.#stalls, seq, sign, policy)) return false;
    this.endSilence(slot);
    return arrive(tally, now, this.#stalls, seq, sign, policy);
  }

  /** Nobody learns from it, and nothing is in it but its number. */
  #countBeat(slot: number, seq: number): boolean {
    const { tallies } = this.rows;
    tallies.widen(COUNTS);
    const tally = tallies.take(slot);
    if (!isAhead(tally, seq)) return false;
    this.endSilence(slot);
    count(tally, seq);
    return true;
  }

  /** A living peer is heard: was that in time by far? */
  endSilence(slot: number): void {
    const { heardAt, policies } = this.rows;
    if (this.#turn.now - (heardAt[slot] as number) >= policies.nearMs) this.#noteNear(slot);
  }

  suspicion(slot: number, now: number): number {
    return suspicionAt(this.rows.take(slot), now, this.#stalls.at(now), this.rows.policy(slot));
  }

  /**
   * The next verdict in a slot. A detector that throws costs an error at the end of the turn and delays
   * its own verdict until we are next served: no timer, no beat, and nobody else's verdict.
   */
  verdictAt(slot: number): number {
    const { rows } = this;
    try {
      if (rows.slots.isLiving(slot)) return rows.suspectAt(slot);
      return verdictAt(rows.take(slot), rows.policy(slot), this.#stalls);
    } catch (error) {
      this.#turn.fail(error);
      return this.#stalls.promisedAt;
    }
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────

  #makeRoom(sign: HeardSign, policy: Policy): void {
    this.rows.tallies.widen(widthFor(policy, sign.sentAtMs !== undefined));
  }

  #take(slot: number): Peer {
    this.#slot = slot;
    return this.rows.take(slot);
  }

  #putBack(peer: Peer): void {
    const slot = this.#slot;
    this.rows.put(slot, peer);
    if (slot !== this.heldSlot) this.deadlines.set(slot, this.#dueAt(slot));
    if (this.#isForgotten) this.remove(slot);
    this.#isForgotten = false;
  }

  #noteNear(slot: number): void {
    try {
      const silence = this.rows.silenceMs(slot, this.#turn.now);
      this.nearMisses.ended(shareOf(silence, this.rows.silenceToSuspect(slot)));
    } catch {
      // A detector that throws is told of where it matters: at its verdict.
    }
  }

  /** When a slot next wants a tick. */
  #dueAt(slot: number): number {
    if (!this.rows.isTaken(slot)) return NEVER;
    const actAt = this.rows.actAt(slot);
    return this.#stalls.paused ? actAt : Math.min(actAt, this.verdictAt(slot));
  }

  /** What is known of the arrivals of a living peer changed, and so may have what its detector says. */
  #lower(slot: number): void {
    const tally = this.rows.tallies.take(slot);
    let at: number;
    try {
      at = this.rows.suspectAt(slot);
    } catch (error) {
      tally.failures.push(error);
      at = this.#stalls.promisedAt;
    }
    const isEarlier = at < this.deadlines.at(slot);
    if (!isEarlier && tally.failures.length === 0) return;
    const outermost = this.#turn.enter(this.#turn.now);
    if (isEarlier) this.deadlines.set(slot, at);
    this.#tellFailures(tally);
    if (outermost) this.#turn.leave();
  }

  #tellFailures({ failures }: Tally): void {
    if (failures.length > 0) for (const failure of failures.splice(0)) this.#turn.fail(failure);
  }

  /** An output of a step, with whom it is about. */
  #push(output: PeerOutput): void {
    const peer = this.rows.ref(this.#slot);
    const id = this.rows.id(this.#slot);
    if (output.type === "beat") {
      // In one piece: an object that grows later is two.
      const { type, session, probe } = output;
      const isNameless = id === undefined;
      this.#turn.push(
        isNameless ? { type, session, probe, peer } : { type, session, probe, peer, id },
      );
      return;
    }
    if (output.type === "forget") this.#isForgotten = true;
    if (output.type === "changed" && output.reason === "silence") this.#noteDetection();
    this.#turn.push(Object.assign(output, id === undefined ? { peer } : { peer, id }));
  }

  /** The peer in hand died by silence: when it was suspected, and when its shadow would have. */
  #noteDetection(): void {
    const policy = this.rows.policy(this.#slot);
    const arrivals = this.rows.tallies.take(this.#slot);
    try {
      this.nearMisses.detected(silenceToSuspect(arrivals, policy));
      if (policy.shadow) this.shadowed.detected(silenceToShadow(arrivals, policy));
    } catch (error) {
      this.#turn.fail(error);
    }
  }

  /** Which share of what is allowed a peer has been silent for, by its detector and by its shadow. */
  #sharesOf(peer: Peer, now: number, policy: Policy): { share: number; shadowShare: number } {
    const isWaitedFor = peer.status === "alive" || peer.status === "suspect";
    if (!isWaitedFor || !isJudged(peer)) return NO_SHARES;
    const silence = silenceMs(peer, now, this.#stalls);
    try {
      return {
        share: shareOf(silence, silenceToSuspect(peer.arrivals, policy)),
        shadowShare: shareOf(silence, silenceToShadow(peer.arrivals, policy)),
      };
    } catch {
      return NO_SHARES;
    }
  }
}

const NO_SHARES = Object.freeze({ share: 0, shadowShare: 0 });
