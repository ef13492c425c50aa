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
export type { PeerAddress } from "./address.ts";
export type { Changes } from "./changes.ts";
export {
  type AddOptions,
  createNode,
  type NodeEvents,
  type NodeOptions,
  type NodeStats,
  type SystoleNode,
} from "./node.ts";
export { type Change, type Peer, type PeerEvents, PeerGoneError } from "./peer.ts";
