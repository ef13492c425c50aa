// What must hold of all that two endpoints tell, in the order in which they tell it. It keeps its own notes, and looks
// into the endpoints only where a promise is about what they know. What must hold of frames is in
// watch-frames.ts, what must hold in every state in watch-states.ts.

import { sameWord } from "../../packages/core/src/endpoint/frame.ts";
import type { Claim } from "../../packages/core/src/endpoint/incarnation.ts";
import type { EndpointChange, EndpointOutput } from "../../packages/core/src/endpoint/outputs.ts";
import type { Status } from "../../packages/core/src/peer/state.ts";
import { insist } from "./search.ts";
import { beginDoubt, endSilence, silenceOf } from "./silence.ts";
import { type Notes, otherOf, type Side, type View, viewOf, type World } from "./world.ts";

export function newNotes(): Notes {
  return {
    ...{ status: "connecting", session: 1, silentMs: 0, creditedMs: 0, frozenMs: 0 },
    ...{ changedAt: 0, doubtedMs: 0, doubtedCreditedMs: 0, highest: 0, conversation: "" },
    ...{ safeAt: Number.NEGATIVE_INFINITY, lived: undefined, dead: undefined },
    ...{ unreached: false, rival: undefined, rivalAt: 0 },
  };
}

const LEGAL: Readonly<Record<Status, readonly Status[]>> = {
  connecting: ["alive", "dead"],
  alive: ["suspect", "dead"],
  suspect: ["alive", "dead"],
  dead: ["connecting"],
};

export function checkOutput(world: World, side: Side, output: EndpointOutput<string>): void {
  if (output.type === "changed") checkChange(world, side, output);
  if (output.type === "forget") side.notes = { ...newNotes(), dead: side.notes.dead };
  if (output.type === "declared-dead") {
    const other = world.sides[otherOf(side.name)];
    const { dead, unreached } = other.notes;
    const boot = viewOf(side).hub?.boot;
    const isMeant = dead !== undefined && boot !== undefined && sameWord(dead.boot, boot);
    // Whoever said it may be gone by now.
    const isTrue = other.process > 1 || isMeant || unreached;
    insist(isTrue, side.name, () => "was told it is dead, and nobody gave it up");
  }
}

function checkChange(world: World, side: Side, change: EndpointChange<string>): void {
  const { name, notes } = side;
  const { from, to, session, reason } = change;
  const isNext = from === "dead";
  const isLegal =
    from === notes.status &&
    session === notes.session + Number(isNext) &&
    LEGAL[from].includes(to) &&
    !(from === "alive" && reason === "silence");
  insist(
    isLegal,
    name,
    () => `${notes.status} in session ${notes.session}, then ${from} → ${to} in ${session}`,
  );
  const view = viewOf(side);
  const [silentMs, neededMs] = [silenceOf(side), silenceFor(view, change)];
  insist(
    silentMs >= neededMs,
    name,
    () => `${to} ${reason ?? ""} after ${silentMs} ms of silence, below ${neededMs}`,
  );
  if (from !== "connecting" && reason === "restarted") checkNewcomer(view, world.now);
  notes.status = to;
  notes.session = session;
  notes.changedAt = world.now;
  if (to === "connecting") endSilence(notes);
  if (to === "suspect") beginDoubt(notes);
  if (to === "dead") {
    notes.safeAt = world.now + (change.safeInMs ?? 0);
    // Nobody lived in a session that was only connecting; whoever heard us in it is told all the same.
    if (from !== "connecting") notes.dead = notes.lived ?? notes.dead;
    else notes.unreached = true;
    notes.lived = notes.rival = undefined;
  }
  if (to === "alive") checkReturn(side);
}

/** For how long the other side must have been silent before this is said of it. */
function silenceFor({ policy }: View, { to, reason }: EndpointChange<string>): number {
  if (!policy) return 0;
  const { suspectAfterMs, deadAfterMs, minSuspicionMs } = policy;
  if (to === "suspect") return Math.min(suspectAfterMs, deadAfterMs - minSuspicionMs);
  return reason === "silence" || reason === "unreachable" ? deadAfterMs : 0;
}

/** Another process under a live id waits while that is asked. */
function checkNewcomer({ side, pair, policy }: View, now: number): void {
  const { lived, rival, rivalAt } = side.notes;
  const newcomer = pair?.current.claim;
  if (!policy || !lived || !newcomer || sameWord(newcomer.boot, lived.boot)) return;
  const waitedMs = rival && sameWord(rival, newcomer.boot) ? now - rivalAt : 0;
  insist(
    waitedMs >= policy.minSuspicionMs,
    side.name,
    () => `took in another process after ${waitedMs} ms, without waiting for the one that lived`,
  );
}

/** Dead is final: whoever comes alive is newer than whoever died. */
function checkReturn(side: Side): void {
  const { dead } = side.notes;
  const claim = viewOf(side).pair?.current.claim;
  if (!claim || !dead || side.notes.status !== "alive") return;
  const isSameProcess = sameWord(claim.boot, dead.boot);
  const isNewer = isSameProcess ? claim.session > dead.session : claim.epoch > dead.epoch;
  const told = `${tell(claim)} is alive again, and ${tell(dead)} died`;
  insist(isNewer, side.name, () => told);
}

function tell({ epoch, session }: Claim): string {
  return `(${epoch}, ${session})`;
}
