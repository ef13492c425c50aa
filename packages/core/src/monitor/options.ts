// What users write to make a monitor, to add a peer, and to say what came from it.

import type { Clock } from "../host.ts";
import type { Sign } from "../peer/events.ts";
import type { Role } from "../peer/state.ts";
import type { PolicyOptions } from "../policy.ts";
import type { MonitorOutput } from "./outputs.ts";
import type { PeerRef } from "./refs.ts";

/** Options of `createMonitor`. */
export interface MonitorOptions {
  /** The monotonic clock; a whole `Host` will do. */
  readonly host: Clock & { entropy?(): number };
  /** The policy of peers that get none of their own. Default `standard`. */
  readonly policy?: PolicyOptions | undefined;
  /** The one sink of all outputs. May call back into the monitor, and may throw. */
  readonly emit: (output: MonitorOutput) => void;
  /** Seeds jitter, phases and back-off. Default: the host's entropy, or 0. */
  readonly seed?: number | undefined;
  /** From which lateness on a broken promise is a stall, in ms. Default min(100, min(S)/8). */
  readonly stallToleranceMs?: number | undefined;
  /**
   * For life that must be looked for, such as byte counters: look, and call `heard`. Called with a peer
   * before a tick does anything that is due to it, and without one, for all of them, at most min(S)/4
   * apart. So what is found is dated by at most that much too late, and never too early.
   */
  readonly sample?: ((peer?: PeerRef) => void) | undefined;
}

/** Options of `monitor.add`. */
export interface AddOptions {
  readonly policy?: PolicyOptions | undefined;
  /** Default `both`. */
  readonly role?: Role | undefined;
}

/** What a frame tells about the peer that sent it; `proof` if it echoes a nonce of ours. */
export type HeardSign = Omit<Sign, "seq"> & { readonly proof?: boolean | undefined };

/** Options of `monitor.ended`. */
export interface EndedOptions {
  /** When a leaving peer expects to be back, in ms from now. */
  readonly returnInMs?: number | undefined;
  /** We ended it, not the peer: it may still trust us for a while. Default false. */
  readonly bySelf?: boolean | undefined;
}

/** What a sign says where nothing more is known. */
export const NO_SIGN: HeardSign = Object.freeze({});
