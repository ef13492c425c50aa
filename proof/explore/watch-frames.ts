// What must hold of each frame that arrives: what counts and what does not, who may be answered, and by how much.

import { type Frame, sameWord } from "../../packages/core/src/endpoint/frame.ts";
import { sentAt } from "../../packages/core/src/endpoint/session.ts";
import { lengthOf } from "./frames.ts";
import { insist } from "./search.ts";
import { endSilence, served } from "./silence.ts";
import type { Flying, Notes, View, World } from "./world.ts";

/** What is known before a frame arrives. */
interface Before {
  readonly view: View;
  /** The conversation it is in, and the epoch it speaks in. */
  readonly current: number | undefined;
  readonly epoch: number | undefined;
  /** A tag that this process handed out. */
  readonly isTagged: boolean;
  /** Whether this frame must count: of the conversation, new, and an echo of something sent within D. */
  readonly isFresh: boolean;
  /** A number it was given already in this conversation. */
  readonly isOld: boolean;
  /** It echoes something that this process sent in the conversation of that tag. */
  readonly isEcho: boolean;
}

/** A frame that arrives, with all that it caused. */
export interface Arrival {
  readonly flying: Flying;
  readonly before: Before;
  readonly caused: readonly Frame[];
}

export function beforeFrame(view: View, frame: Flying["frame"], now: number): Before {
  const { side, hub, pair, state, policy } = view;
  noteRival(side.notes, frame, now);
  const [current, epoch] = [pair?.current.number, hub?.epoch];
  const before = {
    ...{ view, current, epoch, isTagged: false, isFresh: false, isOld: false, isEcho: false },
  };
  const session = hub?.sessions.byTag(frame.tag);
  if (!hub || !session || frame.type === "leave") return before;
  const answered = frame.type === "notice" ? frame.answers : frame.echo;
  const sent = sentAt(session, answered);
  const tagged = { ...before, isTagged: true, isEcho: sent !== undefined };
  if (frame.type === "notice" || pair?.current !== session || !session.claim) return tagged;
  const { claim } = session;
  const { notes } = side;
  const conversation = `${claim.boot.hi} ${claim.boot.lo} ${claim.session} ${session.number}`;
  if (notes.conversation !== conversation) {
    notes.conversation = conversation;
    notes.highest = session.heardSeq;
  }
  const isOfIt =
    frame.session === claim.session &&
    frame.epoch >= claim.epoch &&
    (!frame.identity || sameWord(frame.identity.boot, claim.boot));
  const isOld = isOfIt && frame.seq <= notes.highest;
  const isLive = state?.status === "alive" || state?.status === "suspect";
  const deadAfterMs = policy?.deadAfterMs ?? 0;
  const isTimely = sent !== undefined && hub.monitor.observedNow() - sent.observedAt <= deadAfterMs;
  if (isOfIt) notes.highest = Math.max(notes.highest, frame.seq);
  return { ...tagged, isOld, isFresh: isOfIt && !isOld && isLive && isTimely };
}

/** Somebody else says that it is the one that lives. */
function noteRival(notes: Notes, frame: Flying["frame"], now: number): void {
  const boot = frame.type === "beat" || frame.type === "echo" ? frame.identity?.boot : undefined;
  if (!boot || !notes.lived || sameWord(boot, notes.lived.boot)) return;
  if (notes.rival && sameWord(boot, notes.rival)) return;
  notes.rival = boot;
  notes.rivalAt = now;
}

export function checkFrame(world: World, after: View, arrival: Arrival): void {
  const { before, flying } = arrival;
  const { frame } = flying;
  const { notes, name } = after.side;
  const [state, was] = [after.state, before.view.state];
  const countsNow = state?.heardAt === world.now;
  if (before.isFresh)
    insist(countsNow || state?.status === "dead", name, () => "a fresh frame did not count");
  const isHeard = countsNow && was?.heardAt !== world.now;
  const isRaised = state?.status === "alive" && was?.status !== "alive";
  if (before.isOld) insist(!isHeard, name, () => "an old frame counted");
  insist(!isRaised || (before.isTagged && before.isEcho), name, () => "alive without a round trip");
  if (before.isFresh || isHeard || isRaised) {
    served(after.side, was?.status === "dead" ? undefined : before.view.policy);
    endSilence(notes);
  }
  checkAnswers(name, arrival);
  if (frame.type === "notice") return checkNotice(after, arrival);
  const isEnded = state?.status === "dead" && was?.status !== "dead";
  if (frame.type === "leave")
    return insist(
      !isEnded || state.reason === "left",
      name,
      () => `was told of a leave, and says ${state?.reason}`,
    );
  const claim = after.pair?.current.claim;
  const isOfClaim = claim?.session === frame.session && claim.epoch === frame.epoch;
  insist(
    !isHeard || isOfClaim,
    name,
    () => `counted a frame of session ${frame.session} for ${claim?.session}`,
  );
}

/** An accusation ends no other conversation than the one it names; a higher epoch is taken from an answer only. */
function checkNotice({ side, hub, pair }: View, { before, flying }: Arrival): void {
  const { frame } = flying;
  if (frame.type !== "notice") return;
  const { current, epoch } = before;
  const hasChanged = pair?.current.number !== current || hub?.epoch !== epoch;
  const isAccused = frame.aboutSession === current && frame.aboutEpoch === epoch;
  insist(
    !hasChanged || isAccused,
    side.name,
    () =>
      `gave up (${epoch}, ${current}), and (${frame.aboutEpoch}, ${frame.aboutSession}) was accused`,
  );
  const isAsked = frame.kind !== "known-as" || before.isEcho;
  insist(!hasChanged || isAsked, side.name, () => "was told of an epoch that it never asked about");
}

/** Answers are never answered, and nobody who proved nothing is sent more than it sent. */
function checkAnswers(name: string, { flying, before, caused }: Arrival): void {
  const { frame, bytes } = flying;
  const answers = caused.filter(({ type }) => type === "echo" || type === "notice");
  const isAnswer = frame.type === "echo" || frame.type === "notice" || frame.type === "leave";
  insist(
    !isAnswer || answers.length === 0,
    name,
    () => `answered a ${frame.type} by a ${answers[0]?.type}`,
  );
  insist(answers.length <= 1, name, () => `answered a ${frame.type} ${answers.length} times`);
  const sentBytes = caused.reduce((sum, each) => sum + lengthOf(each), 0);
  const isProven = before.isTagged && frame.type !== "notice";
  insist(
    isProven || frame.type === "notice" || frame.type === "leave" || sentBytes <= bytes.length,
    name,
    () => `sent ${sentBytes} bytes for ${bytes.length} that proved nothing`,
  );
}
