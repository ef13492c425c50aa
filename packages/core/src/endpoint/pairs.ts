// Us and each peer: which conversation is current, which one is over, and who contests an id. Frames
// are read elsewhere (inbox.ts); here is what follows when one life of a peer ends and the next begins.

import type { Monitor } from "../monitor/monitor.ts";
import type { PeerRef } from "../monitor/refs.ts";
import type { EndReason, Role } from "../peer/state.ts";
import type { Policy } from "../policy.ts";
import { type NoticeKind, sameWord } from "./frame.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Outbox } from "./outbox.ts";
import type { EndpointOutput, RefusedReason } from "./outputs.ts";
import type { Place, Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";

/** A newcomer under an id that is taken: the incumbent is asked until then, and silence loses. */
export interface Contest<Path> {
  readonly challenger: Session<Path>;
  untilAt: number;
  probeAt: number;
}

export interface Pair<Path> {
  readonly ref: PeerRef;
  /** The name it was added under. */
  readonly id: string;
  /** Its own id may be any. */
  readonly anyId: boolean;
  readonly role: Role;
  /** Added by hand, and so never forgotten by default. */
  byHand: boolean;
  /** As the user gave it; the one in force follows from it and the negotiation. */
  policy: Policy;
  current: Session<Path>;
  /** The conversation before: frames that still speak in it are told that it is over. */
  previous: Session<Path> | undefined;
  /** The newest incarnation that is dead to us. Whoever returns must be newer. */
  buried: Incarnation | undefined;
  /** What becomes current when the current conversation ends. */
  successor: Session<Path> | undefined;
  contest: Contest<Path> | undefined;
}

/** What pairs need of the endpoint around them. */
export interface Surroundings<Path> {
  readonly monitor: Monitor;
  readonly sessions: Sessions<Path>;
  readonly outbox: Outbox<Path>;
  /** On streams a connection dies with its conversation. */
  readonly isStream: boolean;
  now(): number;
  emit(output: EndpointOutput<Path>): void;
  observeBeat(direction: "sent" | "received", peer: PeerRef, seq: number): void;
  /** A place as the transport knows it: undefined for a peer that was added without a path. */
  pathOf(place: Place<Path>): Path | undefined;
}

export class Pairs<Path> implements Iterable<Pair<Path>> {
  readonly #around: Surroundings<Path>;
  readonly #byId: Map<string, Pair<Path>> = new Map();
  readonly #byRef: Map<PeerRef, Pair<Path>> = new Map();
  readonly #bySession: Map<Session<Path>, Pair<Path>> = new Map();
  readonly #contested: Set<Pair<Path>> = new Set();

  constructor(around: Surroundings<Path>) {
    this.#around = around;
  }

  get size(): number {
    return this.#byRef.size;
  }

  [Symbol.iterator](): IterableIterator<Pair<Path>> {
    return this.#byRef.values();
  }

  byId(id: string): Pair<Path> | undefined {
    return this.#byId.get(id);
  }

  byRef(ref: PeerRef): Pair<Path> | undefined {
    return this.#byRef.get(ref);
  }

  /** The pair a conversation belongs to, as its current or as its previous one. */
  bySession(session: Session<Path>): Pair<Path> | undefined {
    return this.#bySession.get(session);
  }

  create(
    ref: PeerRef,
    id: string,
    current: Session<Path>,
    how: Pick<Pair<Path>, "policy" | "role" | "anyId" | "byHand">,
  ): Pair<Path> {
    const pair: Pair<Path> = {
      ref,
      id,
      ...how,
      current,
      previous: undefined,
      buried: undefined,
      successor: undefined,
      contest: undefined,
    };
    this.#byId.set(id, pair);
    this.#byRef.set(ref, pair);
    this.#own(pair, current);
    return pair;
  }

  /** Forgets a pair and everything said in it. */
  remove(pair: Pair<Path>): void {
    this.#endContest(pair);
    for (const session of [pair.current, pair.previous]) {
      if (session !== undefined) this.#close(session);
    }
    this.#byId.delete(pair.id);
    this.#byRef.delete(pair.ref);
  }

  /** A fresh conversation with a peer, not yet current. */
  open(pair: Pair<Path>, place: Place<Path>): Session<Path> {
    return this.#around.sessions.open(place, pair.policy, pair.role, this.#around.now());
  }

  /** What is known of the other side: who it is, or who it was when it died. */
  known(pair: Pair<Path>): Incarnation | undefined {
    return pair.current.claim ?? pair.buried;
  }

  isDead(pair: Pair<Path>): boolean {
    return this.#around.monitor.status(pair.ref) === "dead";
  }

  /** Whether its session has begun and not ended: while connecting, nobody has lived in it yet. */
  isLive(pair: Pair<Path>): boolean {
    const status = this.#around.monitor.status(pair.ref);
    return status === "alive" || status === "suspect";
  }

  /** The monitor declared this peer dead, for whatever reason: its conversation is over. */
  died(pair: Pair<Path>): void {
    const { current } = pair;
    pair.buried = current.claim ?? pair.buried;
    if (pair.previous !== undefined) this.#close(pair.previous);
    pair.previous = current;
    const place = this.#around.isStream ? pair.ref : current.place;
    pair.current = pair.successor ?? this.open(pair, place);
    pair.successor = undefined;
    this.#own(pair, pair.current);
  }

  /**
   * Makes `session` the current one. A peer that still lived in the old one dies of `reason`; one
   * that is still connecting just goes on with that, in the new conversation.
   */
  bind(pair: Pair<Path>, session: Session<Path>, reason: EndReason): void {
    const { monitor } = this.#around;
    this.#around.sessions.adopt(session);
    if (this.isLive(pair)) {
      pair.successor = session;
      monitor.ended(pair.ref, reason);
    } else {
      if (pair.current !== session) this.#close(pair.current);
      pair.current = session;
      this.#own(pair, session);
    }
    if (this.isDead(pair)) monitor.dial(pair.ref);
    monitor.setPolicy(pair.ref, session.negotiation.inForce);
  }

  /** The other side gave this conversation up: begin a new one, and say so at once. */
  renew(pair: Pair<Path>): void {
    this.bind(pair, this.open(pair, pair.current.place), "restarted");
    this.beat(pair, { asks: true });
  }

  /** The other side says it declared us dead. */
  accused(pair: Pair<Path>): void {
    const { emit, now } = this.#around;
    pair.current.distrust();
    emit({ type: "declared-dead", peer: pair.ref, id: pair.id, at: now() });
    this.renew(pair);
  }

  /** A BEAT in the current conversation. */
  beat(pair: Pair<Path>, how: { asks: boolean; untagged?: boolean }): void {
    const { asks, untagged = false } = how;
    const seq = this.#around.outbox.beat(pair.ref, pair.current, { asks, untagged });
    if (seq === undefined) return;
    this.#around.monitor.sent(pair.ref);
    this.#around.observeBeat("sent", pair.ref, seq);
  }

  // ── one id, one life ───────────────────────────────────────────────────────────────────────────

  /** Another process claims the id of a live peer: it waits while the incumbent is asked. */
  challenge(pair: Pair<Path>, challenger: Session<Path>): void {
    if (pair.contest?.challenger === challenger) return;
    this.#endContest(pair);
    // Strangers that come after it must not push it out while it waits.
    this.#around.sessions.adopt(challenger);
    const now = this.#around.now();
    pair.contest = { challenger, untilAt: now + pair.policy.minSuspicionMs, probeAt: now };
    this.#contested.add(pair);
  }

  isChallenger(pair: Pair<Path>, session: Session<Path>): boolean {
    return pair.contest?.challenger === session;
  }

  /** Something valid came from the incumbent: it lives, and the newcomer must look for another id. */
  incumbentHeard(pair: Pair<Path>): void {
    if (pair.contest === undefined) return;
    const { challenger } = pair.contest;
    const rival = challenger.claim?.boot;
    const holder = pair.current.claim?.boot;
    // It may have come in by another conversation meanwhile: nobody is its own rival.
    const isItself = rival !== undefined && holder !== undefined && sameWord(rival, holder);
    if (!isItself) this.tell(undefined, challenger, "duplicate-id");
    this.#endContest(pair);
    if (!isItself) this.refuse(challenger.place, "duplicate-id");
  }

  /** Whoever is at this place can do nothing useful there any more. */
  refuse(place: Place<Path>, reason: RefusedReason): void {
    const path = this.#around.pathOf(place);
    if (path !== undefined) this.#around.emit({ type: "refused", path, reason });
  }

  /** A NOTICE to the other side of a conversation, about what it is now. */
  tell(ref: PeerRef | undefined, session: Session<Path>, kind: NoticeKind): void {
    const { claim, remoteTag, place } = session;
    if (claim === undefined) return;
    this.#around.outbox.notice(ref, session, claim, { kind, tag: remoteTag, place });
  }

  /** The earliest instant at which a contest wants something; Infinity when there is none. */
  nextContestAt(): number {
    let at = Number.POSITIVE_INFINITY;
    for (const { contest } of this.#contested) {
      if (contest !== undefined) at = Math.min(at, contest.untilAt, contest.probeAt);
    }
    return at;
  }

  /** We were frozen: the incumbent's answers may lie unread, so every contest waits as much longer. */
  stalled(stallMs: number): void {
    for (const { contest } of this.#contested)
      if (contest !== undefined) contest.untilAt += stallMs;
  }

  /** Asks incumbents, and lets newcomers in where the incumbent stayed silent. */
  tickContests(): void {
    const now = this.#around.now();
    for (const pair of [...this.#contested]) {
      const { contest } = pair;
      if (contest === undefined) continue;
      if (now >= contest.untilAt || this.isDead(pair)) {
        this.#letIn(pair, contest.challenger);
      } else if (now >= contest.probeAt) {
        contest.probeAt = now + pair.policy.probeIntervalMs;
        this.beat(pair, { asks: true });
      }
    }
  }

  #letIn(pair: Pair<Path>, challenger: Session<Path>): void {
    pair.contest = undefined;
    this.#contested.delete(pair);
    const reason = this.#around.isStream ? "replaced" : "restarted";
    if (reason === "replaced" && this.isLive(pair)) this.tell(pair.ref, pair.current, "replaced");
    this.bind(pair, challenger, reason);
    this.beat(pair, { asks: true });
  }

  #endContest(pair: Pair<Path>): void {
    if (pair.contest === undefined) return;
    this.#close(pair.contest.challenger);
    pair.contest = undefined;
    this.#contested.delete(pair);
  }

  #own(pair: Pair<Path>, session: Session<Path>): void {
    this.#bySession.set(session, pair);
  }

  #close(session: Session<Path>): void {
    this.#bySession.delete(session);
    this.#around.sessions.close(session);
  }
}
