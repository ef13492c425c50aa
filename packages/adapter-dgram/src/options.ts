// What users write to make a node, and what it tells them.

import type { Socket } from "node:dgram";
import type { Host, PolicyOptions, Role } from "@systole/core";
import type { Acceptance, EndpointLimits, EndpointStats, SealFault } from "@systole/core/endpoint";
import type { PeerAddress } from "./address.ts";
import type { Change, Move, Peer } from "./peer.ts";
import type { Keys } from "./seal.ts";
import type { BufferOptions, Buffers } from "./socket.ts";

/** Options of `createNode`. */
export interface NodeOptions {
  /** Our name towards the peers: 1 to 128 bytes. */
  readonly id: string;
  /** How peers are judged that get no policy of their own. Default `standard`. */
  readonly policy?: PolicyOptions | undefined;
  /**
   * Decides about senders nobody added, once a round trip has proven where they are. Default: none of
   * them gets in.
   */
  readonly accept?: ((candidate: PeerAddress & { readonly id: string }) => Acceptance) | undefined;
  readonly limits?: EndpointLimits | undefined;
  /**
   * Every datagram is sealed, and without a seal of an accepted key none has any effect. Default: none
   * is, and who can read the traffic can forge it.
   */
  readonly keys?: Keys | undefined;
  /**
   * A socket of the application's, for both. Give `node.handle` what arrives; the node adds no listener
   * and never closes it. Default: `bind` makes one.
   */
  readonly socket?: Socket | undefined;
  /** What `bind` asks the kernel for; `stats().buffers` says what it gave. */
  readonly buffers?: BufferOptions | undefined;
  /** Closes the node. */
  readonly signal?: AbortSignal | undefined;
  /** Clock and timer. Default `systemHost()`. */
  readonly clock?: Host | undefined;
}

/** Options of `node.add`. */
export interface AddOptions extends PeerAddress {
  /** Default: the node's policy. */
  readonly policy?: PolicyOptions | undefined;
  /** Default `both`. */
  readonly role?: Role | undefined;
}

/** The events of a node. A death is never an `error`. */
export interface NodeEvents {
  /** A peer that was not added has been accepted. */
  peer: [peer: Peer];
  /** Every change of status of every peer, before the event named like the new one. */
  change: [change: Change];
  alive: [change: Change];
  suspect: [change: Change];
  dead: [change: Change];
  /** A peer is reached at another address from now on, which a round trip has proven. Same session. */
  moved: [move: Move];
  /**
   * Datagrams came that no accepted key has sealed, and had no effect. At most one event a minute for
   * each fault; `datagrams` says how many there were since the one before, and the address is that of the
   * last, as it says.
   */
  unauthenticated: [event: Unauthenticated];
  /** We were frozen for so long, and nobody is blamed for it. */
  stalled: [event: { readonly at: number; readonly stallMs: number }];
}

/** What a node counted since it was made. */
export interface NodeStats extends EndpointStats {
  /** Errors of the socket by code (ECONNREFUSED, EMSGSIZE …): evidence, never a verdict. */
  readonly socketErrors: Readonly<Record<string, number>>;
  /** What the kernel really gave; undefined without a bound socket. */
  readonly buffers: Buffers | undefined;
  /** How many datagrams each accepted key opened; undefined without keys. */
  readonly opened: Readonly<Record<string, number>> | undefined;
}

/** See the event `unauthenticated`. */
export interface Unauthenticated extends PeerAddress {
  readonly at: number;
  readonly fault: SealFault;
  readonly datagrams: number;
}
