// Frames in: who is speaking, in which conversation, and what follows. Nothing counts before a round
// trip has proven the sender's place (datagrams), or the connection itself does (streams, messages).

import type { Monitor } from "../monitor/monitor.ts";
import type { PeerRef } from "../monitor/refs.ts";
import type { Role } from "../peer/state.ts";
import { derivePolicy, leastForgetAfterMs, type Policy, type PolicyOptions } from "../policy.ts";
import { type BeatFrame, type Frame, isZero, type LeaveFrame, sameWord } from "./frame.ts";
import { type Incarnation, type Relation, relate } from "./incarnation.ts";
import { type Complete, claimOf, isComplete, Notices } from "./notices.ts";
import type { Outbox, Self } from "./outbox.ts";
import type { DropReason, EndpointOutput } from "./outputs.ts";
import type { Pair, Pairs } from "./pairs.ts";
import type { Place, Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";

/** Somebody unknown who has proven its place. */
export interface Candidate<Path> {
  readonly id: string;
  readonly path: Path;
}

/** What the application says to a candidate: no, yes, or yes with a policy and role of its own. */
export type Acceptance =
  | boolean
  | { readonly policy?: PolicyOptions | undefined; readonly role?: Role | undefined };

/** What the inbox needs of the endpoint around it. */
export interface InboxSurroundings<Path> {
  readonly self: Self;
  readonly monitor: Monitor;
  readonly sessions: Sessions<Path>;
  readonly outbox: Outbox<Path>;
  readonly pairs: Pairs<Path>;
  readonly policy: Policy;
  readonly role: Role;
  /** Whether a path is proven by being one (a connection), or must be proven (datagrams). */
  readonly trustsPaths: boolean;
  readonly isStream: boolean;
  readonly maxPeers: number;
  now(): number;
  lastStallMs(): number;
  observeBeat(direction: "sent" | "received", peer: PeerRef, seq: number): void;
  emit(output: EndpointOutput<Path>): void;
  drop(reason: DropReason): void;
  pathOf(place: Place<Path>): Path | undefined;
  accept(candidate: Candidate<Path>): Acceptance;
  /** A policy as users write it, with the defaults of this transport. */
  define(options: PolicyOptions): Policy;
}

export class Inbox<Path> {
  readonly #around: InboxSurroundings<Path>;
  readonly #notices: Notices<Path>;

  constructor(around: InboxSurroundings<Path>) {
    this.#around = around;
    this.#notices = new Notices(around);
  }

  /** One decoded frame from a place. */
  take(frame: Frame, place: Place<Path>): void {
    if (frame.type === "data") return this.#takeData(frame.payload, place);
    if (isZero(frame.tag)) return this.#takeUntagged(frame, place);
    const session = this.#around.sessions.byTag(frame.tag);
    if (session === undefined) return this.#around.drop("wrong-tag");
    const pair = this.#around.pairs.bySession(session);
    if (pair === undefined) return this.#takeFromStranger(session, frame);
    if (pair.previous === session) return this.#notices.takeFromThePast(pair, session, frame);
    this.#takeFromPeer(pair, session, frame, place);
  }

  // ── without a tag: first frames, probes, healing beats ─────────────────────────────────────────

  #takeUntagged(frame: Exclude<Frame, { type: "data" }>, place: Place<Path>): void {
    const { self, drop, trustsPaths } = this.#around;
    if (frame.type !== "beat" || !isComplete(frame)) return drop("untagged");
    if (frame.identity.id === self.id) {
      return drop(sameWord(frame.identity.boot, self.boot) ? "reflected" : "own-id");
    }
    if (trustsPaths) this.#takeOnOwnedPath(frame, place);
    else this.#answerUnproven(frame, place);
  }

  /** The connection proves the place, so the frame counts as it is. */
  #takeOnOwnedPath(frame: Complete, place: Place<Path>): void {
    const { sessions, pairs } = this.#around;
    const session = sessions.at(place) ?? this.#openForStranger(place);
    const pair = pairs.bySession(session);
    if (pair === undefined) return this.#takeFromStranger(session, frame);
    this.#takeFromPeer(pair, session, frame, place);
  }

  /** Nothing is proven: answer, so that it can prove itself, and change nothing. */
  #answerUnproven(frame: Complete, place: Place<Path>): void {
    const { pairs, policy, outbox, now, drop } = this.#around;
    const { id } = frame.identity;
    const claim = claimOf(frame);
    const pair = pairs.byId(id);
    const { buried } = pair ?? {};
    const current = pair?.current.claim;
    const relation = relateTo(claim, current ?? buried);
    if (pair !== undefined) {
      if (relation === "clock-behind") return this.#notices.tellKnownAs(pair, frame, place);
      if (isOver(claim, buried)) return this.#notices.tellDead(pair, frame, place);
      if (relation === "old") return drop("old");
    }
    const isCurrent =
      pair?.current.place === place && (current === undefined || relation === "same");
    const session = isCurrent ? pair.current : this.#strangerFor(claim, id, place, pair);
    // A peer that heals beats at its back-off, so it is answered as often as it may beat.
    const everyMs = pair?.current.place === place ? pair.policy.minGapMs : policy.intervalMs;
    if (!frame.asks || !session.mayAnswer(now(), everyMs)) return drop("too-many");
    outbox.echo(pair?.ref, session, frame, place);
  }

  /** The conversation with whoever claims to be somebody new at this place. */
  #strangerFor(
    claim: Incarnation,
    id: string,
    place: Place<Path>,
    pair: Pair<Path> | undefined,
  ): Session<Path> {
    const challenger = pair?.contest?.challenger;
    const before =
      challenger?.place === place ? challenger : this.#around.sessions.strangerAt(place);
    const isSame = before?.claimedId === id && relateTo(claim, before.claim) === "same";
    if (isSame) return before;
    const session = this.#openForStranger(place);
    // A place that changes its story gets no more answers than one that does not.
    if (before !== undefined) session.answeredAt = before.answeredAt;
    session.claim = claim;
    session.claimedId = id;
    return session;
  }

  #openForStranger(place: Place<Path>): Session<Path> {
    const { sessions, policy, role, now } = this.#around;
    return sessions.openForStranger(place, policy, role, now());
  }

  // ── strangers: proven, not yet known ───────────────────────────────────────────────────────────

  #takeFromStranger(session: Session<Path>, frame: Exclude<Frame, { type: "data" }>): void {
    const { pairs, drop } = this.#around;
    const isBeat = frame.type === "beat" || frame.type === "echo";
    if (!isBeat || !isComplete(frame)) return drop("unintroduced");
    const claim = claimOf(frame);
    const relation = relateTo(claim, session.claim);
    // It may have given up its side of the conversation before we took it in.
    const isSame = session.claim === undefined || relation === "same" || relation === "new-session";
    if (!isSame) return drop("old");
    session.claim = claim;
    session.claimedId = frame.identity.id;
    session.remoteTag = frame.handed;
    const pair = pairs.byId(frame.identity.id);
    if (pair === undefined) return this.#admit(session, frame);
    if (pairs.isChallenger(pair, session)) return drop("contested");
    this.#admitUnder(pair, session, frame, claim);
  }

  /** Somebody nobody knows: the application decides. */
  #admit(session: Session<Path>, frame: Complete): void {
    const { monitor, pairs, sessions, maxPeers, accept, define, pathOf } = this.#around;
    const path = pathOf(session.place);
    if (path === undefined) return this.#around.drop("unknown-path");
    const { id } = frame.identity;
    if (pairs.size >= maxPeers) return this.#reject(session, "too-many-peers");
    const acceptance = accept({ id, path });
    if (acceptance === false) return this.#reject(session, "not-accepted");
    const added = pairs.byId(id);
    // The application added it by hand when it was asked: then it is a peer like any other.
    if (added !== undefined) return this.#admitUnder(added, session, frame, claimOf(frame));
    const own = acceptance === true ? {} : acceptance;
    const policy = remembered(own.policy === undefined ? this.#around.policy : define(own.policy));
    const role = own.role ?? this.#around.role;
    session.negotiation.setPolicy(policy, session.nextSeq);
    sessions.adopt(session);
    const ref = monitor.add(id, { policy: session.negotiation.inForce, role });
    const pair = pairs.create(ref, id, session, { policy, role, anyId: false, byHand: false });
    this.#takeFromPeer(pair, session, frame, session.place);
  }

  #reject(session: Session<Path>, reason: "not-accepted" | "too-many-peers"): void {
    const { pairs, sessions, drop } = this.#around;
    drop("not-accepted");
    sessions.close(session);
    pairs.refuse(session.place, reason);
  }

  /** Somebody who claims an id we know: the next life of that peer, or a rival. */
  #admitUnder(pair: Pair<Path>, session: Session<Path>, frame: Complete, claim: Incarnation): void {
    const { pairs, drop } = this.#around;
    const known = pairs.known(pair);
    const isDead = pairs.isDead(pair);
    switch (relateTo(claim, known)) {
      case "clock-behind":
        return this.#notices.tellKnownAs(pair, frame, session.place);
      case "old":
        return drop("old");
      case "same":
        if (isDead) return this.#notices.tellDead(pair, frame, session.place);
        break;
      case "new-process":
        if (pairs.isLive(pair)) return pairs.challenge(pair, session);
        break;
      case "new-session":
        break;
    }
    pairs.bind(pair, session, "restarted");
    this.#takeFromPeer(pair, session, frame, session.place);
  }

  // ── peers ──────────────────────────────────────────────────────────────────────────────────────

  #takeFromPeer(
    pair: Pair<Path>,
    session: Session<Path>,
    frame: Exclude<Frame, { type: "data" }>,
    place: Place<Path>,
  ): void {
    switch (frame.type) {
      case "beat":
      case "echo":
        if (this.#isCurrent(pair, session, frame, place)) {
          this.#takeBeat(pair, session, frame, place);
        }
        return;
      case "leave":
        return this.#takeLeave(pair, session, frame);
      case "notice":
        return this.#notices.take(pair, session, frame);
    }
  }

  /** Whether a frame speaks for the incarnation this conversation is with; acts where it does not. */
  #isCurrent(
    pair: Pair<Path>,
    session: Session<Path>,
    frame: BeatFrame,
    place: Place<Path>,
  ): boolean {
    if (!isComplete(frame)) return this.#isOfClaim(session, frame);
    if (!pair.anyId && frame.identity.id !== pair.id) {
      this.#around.drop("wrong-id");
      return false;
    }
    const claim = claimOf(frame);
    switch (relateTo(claim, session.claim ?? pair.buried)) {
      case "clock-behind":
        this.#notices.tellKnownAs(pair, frame, place);
        return false;
      case "old":
        if (session.claim === undefined) this.#notices.tellDead(pair, frame, place);
        else this.#around.drop("old");
        return false;
      case "same":
        // Nothing claimed yet, so it is the buried one that speaks.
        if (session.claim === undefined) this.#notices.tellDead(pair, frame, place);
        else session.claim = claim;
        return session.claim !== undefined;
      case "new-session":
        if (session.claim !== undefined) this.#followNewSession(pair, session, frame, place);
        else this.#introduce(pair, session, frame);
        break;
      case "new-process":
        if (session.claim !== undefined) this.#followNewProcess(pair, session, frame, place);
        else this.#introduce(pair, session, frame);
        break;
    }
    return pair.current === session && relateTo(claim, session.claim) === "same";
  }

  #isOfClaim(session: Session<Path>, frame: BeatFrame): boolean {
    const { claim } = session;
    const { drop } = this.#around;
    if (claim === undefined) {
      drop("unintroduced");
      return false;
    }
    if (frame.session !== claim.session || frame.epoch < claim.epoch) {
      drop("old");
      return false;
    }
    // A higher epoch: the same process found out that an earlier life of its id was ahead of it.
    session.claim = { ...claim, epoch: frame.epoch };
    return true;
  }

  #introduce(pair: Pair<Path>, session: Session<Path>, frame: Complete): void {
    session.introduce(frame, frame.identity);
    if (this.#around.pairs.isDead(pair)) this.#around.monitor.dial(pair.ref);
    if (frame.identity.id === pair.id) return;
    const { ref: peer, id } = pair;
    this.#around.emit({ type: "named", peer, id, remoteId: frame.identity.id });
  }

  /** The same process gave our conversation up, and began a new one. */
  #followNewSession(
    pair: Pair<Path>,
    session: Session<Path>,
    frame: Complete,
    place: Place<Path>,
  ): void {
    const { monitor, pairs, trustsPaths, drop } = this.#around;
    if (!trustsPaths && !pairs.isLive(pair)) return this.#startOver(session, frame);
    if (!trustsPaths) {
      // An answer to a question that crossed theirs: where it is more, the silence will tell.
      const isAlive = monitor.status(pair.ref) === "alive";
      return isAlive && frame.type === "echo" ? drop("old") : pairs.renew(pair);
    }
    const next = pairs.open(pair, session.place);
    pairs.bind(pair, next, "restarted");
    this.#takeFromPeer(pair, next, frame, place);
  }

  /** Another process answers in the place of this one. */
  #followNewProcess(
    pair: Pair<Path>,
    session: Session<Path>,
    frame: Complete,
    place: Place<Path>,
  ): void {
    const { pairs, trustsPaths } = this.#around;
    // A connection has one process at its other end, so the one before is gone.
    if (trustsPaths) return this.#followNewSession(pair, session, frame, place);
    if (!pairs.isLive(pair)) return this.#startOver(session, frame);
    const challenger = this.#strangerFor(claimOf(frame), frame.identity.id, place, pair);
    challenger.remoteTag = frame.handed;
    pairs.challenge(pair, challenger);
  }

  /** Nobody lived in this conversation yet: it goes on with whoever speaks in it now. */
  #startOver(session: Session<Path>, frame: Complete): void {
    session.startOver();
    session.introduce(frame, frame.identity);
  }

  #takeBeat(pair: Pair<Path>, session: Session<Path>, frame: BeatFrame, place: Place<Path>): void {
    const { monitor, pairs, outbox, policy, now, drop } = this.#around;
    if (!this.#withinLimits(pair, session, frame)) return;
    const fresh = frame.seq > session.heardSeq;
    const before = monitor.status(pair.ref);
    const counted = this.#hear(pair, session, frame);
    if (!fresh) return drop("behind");
    session.note(frame, now(), counted);
    this.#around.observeBeat("received", pair.ref, frame.seq);
    if (session.negotiation.incompatible) return this.#giveUp(pair, session);
    monitor.setPolicy(pair.ref, session.negotiation.inForce);
    if (counted) pairs.incumbentHeard(pair);
    if (frame.asks) {
      const seq = outbox.echo(pair.ref, session, frame, place);
      if (seq !== undefined) monitor.sent(pair.ref);
      return;
    }
    const revived = before !== "alive" && monitor.status(pair.ref) === "alive";
    const unheard = !session.introduced && session.mayAsk(now(), policy.probeIntervalMs);
    // A round trip makes one BEAT due at once, so that the other side gets its own proof.
    if (revived || unheard) pairs.beat(pair, { asks: false });
  }

  #hear(pair: Pair<Path>, session: Session<Path>, frame: BeatFrame): boolean {
    const { monitor, now } = this.#around;
    const nonce = session.sentAt(frame.echo);
    // The first frame in a conversation bears a tag made for it: that round trip is the proof.
    const provenAt = session.heardSeq === 0 ? now() : nonce?.at;
    // An ECHO that has not counted us may come from somebody who never will: who refuses us, or lets
    // us wait while another holder of our id is asked.
    const tookUsIn = frame.type === "beat" || frame.counted || session.introduced;
    return monitor.heardBeat(pair.ref, frame.seq, {
      proof: nonce !== undefined && tookUsIn,
      // A frame that echoes nothing we remember is as old as can be.
      nonceAt: nonce === undefined ? -Number.MAX_VALUE : provenAt,
      nonceObservedAt: nonce?.observedAt ?? -Number.MAX_VALUE,
      heldMs: frame.echo > session.lastEcho ? frame.heldMicros / 1_000 : undefined,
    });
  }

  /** Answers to our own questions are as many as those; everything else costs a token. */
  #withinLimits(pair: Pair<Path>, session: Session<Path>, frame: BeatFrame): boolean {
    const { monitor, isStream, now, lastStallMs, drop } = this.#around;
    if (frame.type === "echo" && frame.echo > session.lastEcho) return true;
    const { minGapMs } = pair.policy;
    const { deadAfterMs } = session.negotiation.inForce;
    // What queued up while we read nothing comes at once, and before anybody has noticed a stall.
    const unreadMs = session.heardSeq === 0 ? 0 : now() - session.heardAt;
    // Streams deliver late what was sent in time, so only a lasting flood counts there.
    const refillMs = isStream ? minGapMs / 4 : minGapMs;
    const capacity = Math.ceil((deadAfterMs + Math.max(lastStallMs(), unreadMs)) / refillMs) + 8;
    if (session.admits(now(), refillMs, capacity)) return true;
    drop("too-many");
    if (isStream && session.floodMs(now()) >= deadAfterMs) {
      monitor.ended(pair.ref, "protocol-error");
    }
    return false;
  }

  #giveUp(pair: Pair<Path>, session: Session<Path>): void {
    this.#around.pairs.tell(pair.ref, session, "incompatible");
    this.#around.monitor.ended(pair.ref, "incompatible");
  }

  #takeLeave(pair: Pair<Path>, session: Session<Path>, frame: LeaveFrame): void {
    const { monitor, drop } = this.#around;
    const { claim } = session;
    const isCurrent = claim?.session === frame.session && frame.epoch >= claim.epoch;
    if (!isCurrent) return drop("old");
    if (frame.seq <= session.heardSeq) return drop("behind");
    const returnInMs = frame.returnInMs === 0 ? undefined : frame.returnInMs;
    monitor.ended(pair.ref, "left", { returnInMs });
  }

  // ── messages ───────────────────────────────────────────────────────────────────────────────────

  #takeData(bytes: Uint8Array, place: Place<Path>): void {
    const { sessions, pairs, isStream, emit, drop } = this.#around;
    const session = isStream ? sessions.at(place) : undefined;
    const pair = session && pairs.bySession(session);
    const introduced = session?.claim !== undefined && pair?.current === session;
    if (pair === undefined || !introduced) return drop("unexpected-data");
    emit({ type: "message", peer: pair.ref, id: pair.id, bytes });
  }
}

/** Peers that came by themselves are forgotten one day; those added by hand are not. */
export function remembered(policy: Policy): Policy {
  if (policy.forgetAfterMs !== undefined) return policy;
  return derivePolicy(policy, { forgetAfterMs: leastForgetAfterMs(policy) });
}

/** Without anything known, whoever comes is new. */
function relateTo(claim: Incarnation, known: Incarnation | undefined): Relation {
  return known === undefined ? "new-process" : relate(claim, known);
}

/** Whether this incarnation is dead to us. */
function isOver(claim: Incarnation, buried: Incarnation | undefined): boolean {
  const relation = relateTo(claim, buried);
  return relation === "old" || relation === "same";
}
