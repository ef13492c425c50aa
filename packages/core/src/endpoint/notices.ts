// What one side must know about how the other sees it: that it is dead there, that its id is known
// under a later epoch, that it was refused. Who is told, how often, and what is believed.

import type { Monitor } from "../monitor/monitor.ts";
import type { Policy } from "../policy.ts";
import { type BeatFrame, type Frame, type NoticeFrame, sameWord, TOP } from "./frame.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Outbox, Self } from "./outbox.ts";
import type { DropReason } from "./outputs.ts";
import type { Pair, Pairs } from "./pairs.ts";
import type { Place, Session } from "./session.ts";

/** What notices need of the endpoint around them. */
export interface NoticeSurroundings<Path> {
  readonly self: Self;
  readonly monitor: Monitor;
  readonly outbox: Outbox<Path>;
  readonly pairs: Pairs<Path>;
  readonly policy: Policy;
  now(): number;
  drop(reason: DropReason): void;
}

/** A frame that says who sent it. */
export type Complete = BeatFrame & { readonly identity: NonNullable<BeatFrame["identity"]> };

export function isComplete(frame: BeatFrame): frame is Complete {
  return frame.identity !== undefined;
}

export function claimOf(frame: Complete): Incarnation {
  return { epoch: frame.epoch, session: frame.session, boot: frame.identity.boot };
}

export class Notices<Path> {
  readonly #around: NoticeSurroundings<Path>;

  constructor(around: NoticeSurroundings<Path>) {
    this.#around = around;
  }

  /** A NOTICE to us, in the conversation it is about. */
  take(pair: Pair<Path>, session: Session<Path>, frame: NoticeFrame): void {
    const { self, monitor, pairs, drop } = this.#around;
    const isAboutUs = frame.aboutEpoch === self.epoch && sameWord(frame.aboutBoot, self.boot);
    if (!isAboutUs || frame.aboutSession !== session.number) return drop("not-current");
    switch (frame.kind) {
      case "dead":
        return pairs.accused(pair);
      case "known-as":
        // Only in answer to a frame we sent, and never up to the top of the range.
        if (session.sentAt(frame.answers) === undefined) return drop("not-current");
        if (frame.knownEpoch < self.epoch || frame.knownEpoch >= TOP - 1)
          return drop("not-current");
        self.epoch = frame.knownEpoch + 1;
        return pairs.beat(pair, { asks: true });
      case "duplicate-id":
      case "replaced":
      case "incompatible":
        session.distrust();
        monitor.ended(pair.ref, frame.kind);
        return;
    }
  }

  /** A frame of a conversation that is over for us: its sender does not know yet. */
  takeFromThePast(pair: Pair<Path>, session: Session<Path>, frame: Frame): void {
    const { claim } = session;
    // A later conversation, opened under our old tag, is not dead to us.
    const isOver = claim !== undefined && frame.type === "beat" && frame.session <= claim.session;
    if (!isOver) return this.#around.drop("old");
    this.tellDead(pair, frame, session.place, session);
  }

  /** Only questions are answered; an ECHO never is. */
  tellDead(
    pair: Pair<Path>,
    frame: BeatFrame,
    place: Place<Path>,
    session: Session<Path> = pair.previous ?? pair.current,
  ): void {
    const { outbox, policy, now, drop } = this.#around;
    drop("old");
    const boot = frame.identity?.boot ?? session.claim?.boot;
    if (frame.type !== "beat" || boot === undefined) return;
    if (!session.mayAnswer(now(), policy.probeIntervalMs)) return;
    const { handed: tag, seq: answers } = frame;
    // Our LEAVE was lost. A NOTICE would bring it back, and we left.
    if (session.farewell !== undefined) {
      return outbox.leave(pair.ref, session, session.farewell, { tag, place });
    }
    const about = { epoch: frame.epoch, session: frame.session, boot };
    outbox.notice(pair.ref, pair.current, about, { kind: "dead", tag, place, answers });
  }

  /**
   * Tells a process that its id is known under a later epoch. An ECHO is not answered, but it ends a
   * round trip and so makes a BEAT due: one that lets its receiver ask, and be told.
   */
  tellKnownAs(pair: Pair<Path>, frame: Complete, place: Place<Path>): void {
    const { outbox, pairs, policy, now, drop } = this.#around;
    drop("clock-behind");
    const { current } = pair;
    const knownEpoch = pairs.known(pair)?.epoch;
    if (knownEpoch === undefined) return;
    if (frame.type === "echo") {
      const isProof = current.sentAt(frame.echo) !== undefined;
      if (isProof && current.mayAsk(now(), policy.probeIntervalMs)) {
        outbox.urge(pair.ref, current, frame, place);
      }
      return;
    }
    if (!current.mayAnswer(now(), policy.probeIntervalMs)) return;
    const { handed: tag, seq: answers } = frame;
    const what = { kind: "known-as", tag, place, answers, knownEpoch } as const;
    outbox.notice(pair.ref, current, claimOf(frame), what);
  }
}
