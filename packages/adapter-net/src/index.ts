// @systole/adapter-net: names only.

export {
  deadAtMostMs,
  definePolicy,
  type EndReason,
  type Evidence,
  type Host,
  type PeerChange,
  type PeerState,
  type Policy,
  type PolicyOptions,
  type Reason,
  relaxed,
  type Status,
  standard,
  strict,
} from "@systole/core";
export type { Acceptance, Changes, ChangesOptions, EndpointLimits } from "@systole/core/endpoint";
export { type Connection, type ConnectOptions, connect } from "./connect.ts";
export { explain, type Failure } from "./failure.ts";
export { NotSentError, type SentCallback } from "./link.ts";
export {
  type Change,
  type CloseOptions,
  type Peer,
  PeerClosedError,
  type PeerEvents,
} from "./peer.ts";
export {
  createServer,
  type Newcomer,
  type ServerEvents,
  type ServerOptions,
  type ServerStats,
  type SystoleServer,
} from "./server.ts";
export type { Watch, WatchEvents, WatchOptions } from "./watch.ts";
export { createWatcher, type Watcher, type WatcherOptions, watch } from "./watcher.ts";
