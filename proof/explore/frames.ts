// Frames as people read them, and how long they are.

import type { BeatFrame, Frame, Word64 } from "../../packages/core/src/endpoint/frame.ts";

/** A frame for people. */
export function describe(frame: Frame): string {
  if (frame.type === "data") return "DATA";
  const of = `of (${frame.epoch}, ${frame.session})`;
  if (frame.type === "notice") {
    return `NOTICE ${of}: ${frame.kind}, about (${frame.aboutEpoch}, ${frame.aboutSession}), answers ${frame.answers}`;
  }
  if (frame.type === "leave") return `LEAVE ${frame.seq} ${of}`;
  return `${frame.type.toUpperCase()} ${frame.seq} ${of} ${manner(frame)}`;
}

function manner({ tag, echo, counted, asks, identity, gapMs, deadMs }: BeatFrame): string {
  const isTagged = (word: Word64) => word.hi !== 0 || word.lo !== 0;
  const said = [
    ...(isTagged(tag) ? [] : ["without a tag"]),
    ...(identity ? ["complete"] : []),
    ...(asks ? ["asks"] : []),
    `echoes ${echo}${counted ? ", counted" : ""}`,
    `gap ${gapMs}, D ${deadMs}`,
  ];
  return `(${said.join(", ")})`;
}

export function lengthOf(frame: Frame): number {
  if (frame.type === "leave") return 39;
  if (frame.type === "notice") return 61;
  if (frame.type === "data") return 8 + frame.payload.length;
  const { identity } = frame;
  return 78 + (identity ? 9 + identity.id.length : 0) + frame.extra.length;
}
