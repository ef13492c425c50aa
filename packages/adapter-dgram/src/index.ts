// @systole/adapter-dgram: names only.

export {
  deadAtMostMs,
  definePolicy,
  type EndReason,
  type Evidence,
  explain,
  type Host,
  type PeerState,
  type Policy,
  type PolicyOptions,
  type Reason,
  type Role,
  relaxed,
  type Status,
  standard,
  strict,
} from "@systole/core";
export type { Changes, ChangesOptions } from "@systole/core/adapter";
export type { PeerAddress } from "./address.ts";
export { createNode, type SystoleNode } from "./node.ts";
export type {
  AddOptions,
  Candidate,
  NodeEvents,
  NodeOptions,
  NodeStats,
  Unauthenticated,
} from "./options.ts";
export { type Change, type Move, type Peer, type PeerEvents, PeerGoneError } from "./peer.ts";
export type { Keys, Secret } from "./seal.ts";
export type { BufferOptions, Buffers } from "./socket.ts";
