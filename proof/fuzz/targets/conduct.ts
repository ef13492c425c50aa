// What every endpoint keeps to, whoever it hears: its peers' lives are legal, and no answer is more than what
// asked for it.
import type { EndpointOutput } from "../../../packages/core/src/endpoint/outputs.ts";
import type { PeerRef } from "../../../packages/core/src/monitor/refs.ts";
import type { Status } from "../../../packages/core/src/peer/state.ts";
import { must } from "../target.ts";

const BEAT = 1;
const NOTICE = 4;

type Changed = Extract<EndpointOutput<string>, { type: "changed" }>;

export interface Life {
  readonly status: Status;
  readonly session: number;
}

export function isDeath(output: EndpointOutput<string>): output is Changed {
  return output.type === "changed" && output.to === "dead";
}

/** Dead is final for a session, alive becomes dead by suspicion or for a reason, sessions count up. */
export function checkLife(
  lives: Map<PeerRef, Life>,
  { peer, from, to, session, reason }: Changed,
): void {
  const life = lives.get(peer) ?? { status: "connecting", session: 1 };
  const isLegal =
    from === life.status &&
    session === (from === "dead" ? life.session + 1 : life.session) &&
    (from !== "dead" || to === "connecting") &&
    !(from === "alive" && to === "dead" && reason === "silence");
  must(isLegal, () => `an illegal life: ${from} → ${to} in session ${session}, ${reason}`);
  lives.set(peer, { status: to, session });
}

/** Something that left, and where to. */
export interface Said {
  readonly bytes: Uint8Array;
  readonly place: string;
}

/**
 * What one frame may cause: one answer at most, no larger than itself, to a BEAT only; and one BEAT to a place. (From
 * another address it may be a proof, which makes a BEAT due, and has that address asked to prove itself.)
 */
export function checkAnswers(bytes: Uint8Array, caused: readonly Said[]): void {
  if (caused.length === 0) return;
  // What is told when it is so answers nothing: duplicate-id, replaced, incompatible.
  const timely = caused.filter(
    ({ bytes: frame }) => frame[2] !== NOTICE || ![3, 4, 5].includes(frame[28] as number),
  );
  const answers = timely.filter(({ bytes: frame }) => frame[2] !== BEAT);
  const asked = timely.filter((said) => !answers.includes(said)).map(({ place }) => place);
  const told = () => `${hex([bytes])} caused ${hex(timely.map((said) => said.bytes))}`;
  must(answers.length <= 1 && new Set(asked).size === asked.length, told);
  const answer = answers[0]?.bytes;
  if (!answer) return;
  must(bytes[2] === BEAT && answer.length <= bytes.length, told);
  must(answer[2] !== 2 || ((bytes[3] as number) & 2) !== 0, told);
}

function hex(frames: readonly Uint8Array[]): string {
  return frames.map((frame) => Buffer.from(frame).toString("hex")).join(", ");
}
