// Frames that nobody sent. Whoever makes them has seen all that passed between the two, tags and numbers included,
// and says something that neither of them ever said; without keys nothing tells them from true ones but that.

import { encodeFrame } from "../../packages/core/src/endpoint/encode.ts";
import { NO_EXTRA, NO_TAG } from "../../packages/core/src/endpoint/frame.ts";
import { describe } from "./frames.ts";
import type { Flying, View } from "./world.ts";

type Forged = Flying["frame"];

/** What is wrong with them, by the names that paths are told in. */
const FORGERIES = {
  "a notice about a session that it never had": (from, to) => {
    const frame = noticeOf(from, to);
    return { ...frame, aboutSession: frame.aboutSession + 1 };
  },
  "a notice about an epoch that it never had": (from, to) => {
    const frame = noticeOf(from, to);
    return { ...frame, aboutEpoch: frame.aboutEpoch - 1 };
  },
  "an answer to nothing, that it is known under a later epoch": (from, to) => {
    const frame = noticeOf(from, to);
    const answers = (to.pair?.current.nextSeq ?? 0) + 5;
    return { ...frame, kind: "known-as", answers, knownEpoch: frame.aboutEpoch + 3 };
  },
  "a beat of a session that there never was": (from, to) => ({
    ...{ ...senderOf(from), type: "beat", seq: (from.pair?.current.nextSeq ?? 0) + 5 },
    session: (from.pair?.current.number ?? 0) + 1,
    ...{
      handed: to.pair?.current.remoteTag ?? NO_TAG,
      echo: (to.pair?.current.nextSeq ?? 1) - 1,
    },
    ...{
      heldMicros: 0,
      counted: true,
      asks: false,
      gapMs: 100,
      wishMs: 133,
      minMs: 0,
      deadMs: 600,
    },
    ...{ sentMicros: 0, stalledMs: 0, extra: NO_EXTRA },
  }),
} satisfies Record<string, (from: View, to: View) => Forged>;

export const FORGED: readonly string[] = Object.keys(FORGERIES);

/** A forgery by its name, in the name of the one side and for the other. */
export function forge(name: string, from: View, to: View): Flying {
  const make: (from: View, to: View) => Forged = FORGERIES[name as keyof typeof FORGERIES];
  const frame = make(from, to);
  return { to: to.side.name, frame, bytes: encodeFrame(frame), copyAge: -1 };
}

export function tellForged({ frame }: Flying): string {
  return `somebody sends ${describe(frame)}`;
}

function senderOf({ hub, pair }: View): Pick<Forged, "tag" | "epoch" | "session"> {
  const { remoteTag = NO_TAG, number = 0 } = pair?.current ?? {};
  return { tag: remoteTag, epoch: hub?.epoch ?? 0, session: number };
}

/** "You are dead to me", as the other side might say it. */
function noticeOf(from: View, { hub, pair }: View): Extract<Forged, { type: "notice" }> {
  return {
    ...{ ...senderOf(from), type: "notice", kind: "dead", answers: 0, knownEpoch: 0 },
    ...{ aboutEpoch: hub?.epoch ?? 0, aboutSession: pair?.current.number ?? 0 },
    aboutBoot: hub?.boot ?? NO_TAG,
    extra: NO_EXTRA,
  };
}
