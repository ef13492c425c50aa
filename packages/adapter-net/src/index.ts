// @systole/adapter-net: names only.

export {
  deadAtMostMs,
  definePolicy,
  type EndReason,
  type Evidence,
  explain,
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
export { type ConnectOptions, connect } from "./connect.ts";
export { NotSentError, type SentCallback } from "./link.ts";
export {
  type Change,
  type Peer,
  PeerClosedError,
  type PeerEvents,
} from "./peer.ts";
export {
  createServer,
  type ServerEvents,
  type ServerOptions,
  type ServerStats,
  type SystoleServer,
} from "./server.ts";
export type { Watch, WatchEvents, WatchOptions } from "./watch.ts";
export { createWatcher, type Watcher, type WatcherOptions, watch } from "./watcher.ts";
