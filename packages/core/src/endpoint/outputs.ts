// What an endpoint tells its one sink, and what it counts. Plain data.

import type { About, HealthOutput, PeerChange, StalledOutput } from "../monitor/outputs.ts";
import type { DialOutput, ForgetOutput } from "../peer/events.ts";
import type { FrameFault, LeaveReason } from "./frame.ts";
import type { SealFault } from "./sealing.ts";
import type { StreamFault } from "./stream.ts";

/** A status change, and the path of the session it is about (undefined where the peer has none). */
export type EndpointChange<Path> = PeerChange & { readonly path: Path | undefined };

/**
 * An application message (streams only). The bytes are the receiver's own; short messages that came together
 * share the buffer behind them, so copy one before you transfer it, or keep it for long.
 */
export interface MessageOutput extends About {
  readonly type: "message";
  readonly bytes: Uint8Array;
}

/** The other side says that it declared us dead: stop what it may have given to somebody else. */
export interface DeclaredDeadOutput extends About {
  readonly type: "declared-dead";
  readonly at: number;
}

/** A peer is reached at another path from now on, which a round trip has proven. Same session. */
export interface MovedOutput<Path> extends About {
  readonly type: "moved";
  readonly at: number;
  readonly from: Path;
  readonly to: Path;
}

/** The peer introduced itself: its own id, where that differs from the name it was added under. */
export interface NamedOutput extends About {
  readonly type: "named";
  readonly remoteId: string;
}

/** A beat left or arrived; for observation only. Emitted while `observeBeats` says so. */
export interface BeatObserved extends About {
  readonly type: "beat";
  readonly direction: "sent" | "received";
  readonly at: number;
  readonly seq: number;
}

/** Why a path is of no use any more. */
export type RefusedReason =
  | "protocol-error"
  /** `authenticate` said no. */
  | "not-authentic"
  | "not-accepted"
  | "duplicate-id"
  | "too-many-peers"
  /** Nobody said who it is within `limits.handshakeMs`. */
  | "handshake-timeout"
  /** More handshakes than `limits.candidates`: the oldest gave way. */
  | "too-many-handshakes";

/** A path (a connection, in adapters) that belongs to no peer, or no longer: close it. */
export interface RefusedOutput<Path> {
  readonly type: "refused";
  readonly path: Path;
  readonly reason: RefusedReason;
}

/**
 * Datagrams came that are not authentic, and had no effect: at most one output a minute for each fault,
 * the first at once.
 */
export interface UnauthenticatedOutput<Path> {
  readonly type: "unauthenticated";
  readonly at: number;
  readonly fault: SealFault;
  /** Where the last one came from, as it says. */
  readonly path: Path;
  /** How many there were since the output before this one. */
  readonly datagrams: number;
}

/** All that an endpoint tells its sink. */
export type EndpointOutput<Path> =
  | EndpointChange<Path>
  | MessageOutput
  | DeclaredDeadOutput
  | NamedOutput
  | BeatObserved
  | RefusedOutput<Path>
  | MovedOutput<Path>
  | UnauthenticatedOutput<Path>
  | (DialOutput & About)
  | (ForgetOutput & About)
  | StalledOutput
  | HealthOutput;

/** Why something that arrived had no effect. */
export type DropReason =
  | FrameFault
  | StreamFault
  | SealFault
  /** No tag where one is needed. */
  | "untagged"
  /** A tag we did not hand out, or handed out too long ago. */
  | "wrong-tag"
  /** Our own frame came back. */
  | "reflected"
  /** Somebody else uses our id. */
  | "own-id"
  /** Another id than this path or conversation belongs to. */
  | "wrong-id"
  /** A short frame of somebody who never said who it is. */
  | "unintroduced"
  /** Of an incarnation that is over. */
  | "old"
  /** Of a process whose epoch is not above that of another one with its id. */
  | "clock-behind"
  /** Of a newcomer whose id is being contested. */
  | "contested"
  /** What says who is there echoes nothing that we sent lately: somebody held it back. */
  | "stale"
  /** A number at or below the newest one. */
  | "behind"
  /** `limits.strangersPerSecond` were answered already. */
  | "too-many-strangers"
  /** More frames than we said we accept. */
  | "too-many"
  /** Not who it says it is, as the application knows. */
  | "not-authentic"
  /** Not accepted by the application. */
  | "not-accepted"
  /** A NOTICE that is not about what we are now. */
  | "not-current"
  /** DATA before the sender said who it is, or where there are no messages. */
  | "unexpected-data"
  /** A peer that was closed, or a path we do not know. */
  | "unknown-path";

/** What an endpoint counted since it was made. */
export interface EndpointStats {
  readonly framesSent: number;
  readonly framesReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** `send` threw or returned false. */
  readonly sendFailures: number;
  /** Peers, dead ones included. */
  readonly peers: number;
  /** Of these, who came by themselves and are dead. */
  readonly tombstones: number;
  /** Dead peers that were forgotten before their time, because of `limits`. */
  readonly forgottenEarly: number;
  /** Peers that were followed to another address. */
  readonly moves: number;
  /** Changes of address that were not followed, because of `limits.movesPerMinute`. */
  readonly movesRefused: number;
  /** Everything that arrived and had no effect, by reason. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Paths that were turned away, by reason. */
  readonly refused: Readonly<Partial<Record<RefusedReason, number>>>;
  /** Connections on which nobody has been taken in yet. */
  readonly handshakes: number;
  /** Handshakes of unknown senders under way. */
  readonly candidates: number;
  /** Conversations kept, tombstones included. */
  readonly sessions: number;
}

export type { LeaveReason };
