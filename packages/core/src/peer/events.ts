// What can happen to one peer, and what the rules answer. Plain data in both directions.

import type { ArrivalSign } from "./arriving.ts";
import type { Change } from "./evidence.ts";
import type { StallTotals } from "./rules.ts";
import type { EndReason } from "./state.ts";

interface At {
  /** The instant, in ms of the raw clock. Never before the previous event of this peer. */
  readonly at: number;
  /** What is known of our own stalls at this instant. Absent: there were none. */
  readonly stalls?: StallTotals | undefined;
}

/** What a valid inbound frame tells beyond "I am here". */
export interface Sign extends ArrivalSign {
  /** The frame's number in its session. At or behind the highest one seen: statistics, not life. */
  readonly seq?: number | undefined;
}

/** Any valid inbound traffic. */
export interface Heard extends At, Sign {
  readonly type: "heard";
}

/** The echo of a nonce of ours. Proof only if the nonce was sent since connecting or suspicion began. */
export interface Proven extends At, Sign {
  readonly type: "proven";
}

/** Something of ours left for the peer. Postpones the next beat; never a sign of life. */
export interface Sent extends At {
  readonly type: "sent";
}

/** Time passed: verdicts, beats, forgetting. Expired only if a deadline was really reached. */
export interface Tick extends At {
  readonly type: "tick";
  /** Local health from 0 (well) to 7; stretches a suspicion that begins now. Default 0. */
  readonly health?: number | undefined;
  /** False while the whole monitor is paused: beats leave, verdicts wait. Default true. */
  readonly judging?: boolean | undefined;
}

/** Somebody outside knows that the session is over. */
export interface Ended extends At {
  readonly type: "ended";
  readonly reason: EndReason;
  /** When a leaving peer said it expects to be back, in ms from now. */
  readonly returnInMs?: number | undefined;
  /** We ended it, not the peer: it may not have heard of it yet. Default false. */
  readonly bySelf?: boolean | undefined;
}

/** A new session of a dead peer is being opened. */
export interface Dial extends At {
  readonly type: "dial";
}

/** The policy handed to `transition` differs from the one before. */
export interface PolicyChanged extends At {
  readonly type: "policy";
  /** So do its detectors: what they learned means nothing to the new ones. Default false. */
  readonly relearn?: boolean | undefined;
}

/** From here on the silence of this peer is our doing (a paused reader, a debugger). */
export interface Pause extends At {
  readonly type: "pause";
}

/** Silence counts again; the pause is credited whole. */
export interface Resume extends At {
  readonly type: "resume";
}

/** Everything that can happen to a peer. */
export type PeerEvent =
  | Heard
  | Proven
  | Sent
  | Tick
  | Ended
  | Dial
  | PolicyChanged
  | Pause
  | Resume;

/** Send a beat now; a probe where `probe` is true: it asks for an echo. */
export interface BeatOutput {
  readonly type: "beat";
  readonly session: number;
  readonly probe: boolean;
}

/** Open a new connection now (policies with `redial`); `attempt` counts from 1. */
export interface DialOutput {
  readonly type: "dial";
  readonly attempt: number;
}

/** The peer has been dead for `forgetAfterMs`: drop what you keep about it. */
export interface ForgetOutput {
  readonly type: "forget";
}

/** All that a step of a peer can ask for or tell. */
export type PeerOutput = Change | BeatOutput | DialOutput | ForgetOutput;

/** Where outputs go, in order. */
export type Emit = (output: PeerOutput) => void;
