// Liveness of sockets that speak somebody else's protocol: one monitor and one timer for all of them.

import type { Socket } from "node:net";
import {
  createMonitor,
  definePolicy,
  drive,
  type Host,
  type Monitor,
  type MonitorOutput,
  type MonitorStats,
  type PeerChange,
  type PeerRef,
  type PolicyOptions,
  SystoleTypeError,
} from "@systole/core";
import { ChangeFeed, type Changes, type ChangesOptions } from "@systole/core/adapter";
import { systemHost } from "@systole/core/system";
import { beatChannel, changeChannel, publish } from "./channels.ts";
import { checkWatch, Watch, type WatchOptions } from "./watch.ts";

/** Options of `createWatcher`. */
export interface WatcherOptions {
  /** The policy of sockets that get none of their own. Default `standard`. */
  readonly policy?: PolicyOptions | undefined;
  /** Clock and timer. Default `systemHost()`. */
  readonly clock?: Host | undefined;
}

/**
 * Watches any number of sockets with one timer, which is there only while a socket is watched, and
 * does not keep the process alive.
 *
 * @throws RangeError `ERR_SYSTOLE_POLICY` for a wrong policy.
 * @example
 * ```ts
 * const watcher = createWatcher({ policy: strict });
 * const liveness = watcher.watch(socket, { beat: () => redis.ping() });
 * liveness.on("dead", ({ evidence }) => failover(evidence));
 * ```
 */
export function createWatcher(options: WatcherOptions = {}): Watcher {
  return new Watcher(options);
}

let shared: Watcher | undefined;

/**
 * `createWatcher().watch(…)` on a watcher that all such calls share.
 *
 * @example
 * ```ts
 * const liveness = watch(socket, { beat: () => redis.ping(), policy: strict });
 * liveness.on("dead", ({ evidence }) => failover(evidence)); // the socket is already destroyed
 * ```
 */
export function watch(socket: Socket, options: WatchOptions = {}): Watch {
  shared ??= createWatcher();
  return shared.watch(socket, options);
}

/** See {@link createWatcher}. */
export class Watcher implements Disposable {
  readonly #monitor: Monitor;
  readonly #driving: Disposable;
  readonly #policy: PolicyOptions;
  /** Policies as they are used, by what was given: thousands of sockets share a few. */
  readonly #policies: WeakMap<PolicyOptions, PolicyOptions> = new WeakMap();
  readonly #feed: ChangeFeed<PeerChange> = new ChangeFeed();
  readonly #watches: Map<PeerRef, Watch> = new Map();
  #closed = false;

  constructor(options: WatcherOptions) {
    const host = options.clock ?? systemHost();
    const { policy = {} } = options;
    this.#policy = policy;
    this.#monitor = createMonitor({
      host,
      policy: this.#asking(policy),
      emit: (output) => this.#emit(output),
      sample: (peer) => {
        if (peer !== undefined) return this.#watches.get(peer)?.sample();
        for (const watch of this.#watches.values()) watch.sample();
      },
    });
    this.#driving = drive(this.#monitor, host);
  }

  /**
   * Watches a connected or connecting `net.Socket` or `tls.TLSSocket` until it closes or the watch
   * is ended. No `data` listener is added: nothing of the stream changes for its other users.
   *
   * A peer is alive with its first byte, and a reader that is paused or full is no evidence against
   * it. On TLS the sign of life is a whole record: `suspectAfterMs` must exceed the time that 16 KB
   * take.
   *
   * @throws TypeError `ERR_SYSTOLE_OPTION` for something that is no socket or no beat,
   * `ERR_SYSTOLE_CLOSED` after `close`.
   */
  watch(socket: Socket, options: WatchOptions = {}): Watch {
    if (this.#closed) {
      throw new SystoleTypeError(
        "ERR_SYSTOLE_CLOSED",
        "This watcher is closed.\nCreate another one.",
      );
    }
    checkWatch(socket, options);
    // Always `both`: also without a beat of its own, and while its reader is paused, a watched socket
    // must be looked at now and then, and beats are what brings us here.
    const policy = this.#asking(options.policy ?? this.#policy);
    const ref = this.#monitor.add(undefined, { policy, role: "both" });
    const watch = new Watch(this.#monitor, ref, socket, options, () => this.#watches.delete(ref));
    this.#watches.set(ref, watch);
    return watch;
  }

  /** How many sockets are watched. */
  get size(): number {
    return this.#watches.size;
  }

  /** What was counted so far; never reset. */
  stats(): MonitorStats {
    return this.#monitor.stats();
  }

  /**
   * Changes of all watched sockets from now on, as an async iterator that ends when the watcher closes. It
   * holds at most `limit` of them for a slow reader; beyond that the oldest are dropped, and counted.
   *
   * @throws RangeError `ERR_SYSTOLE_OPTION` for a wrong limit.
   */
  changes(options?: ChangesOptions): Changes<PeerChange> {
    return this.#feed.read(options);
  }

  /** Ends all watches. The sockets stay as they are. */
  close(): void {
    this.#closed = true;
    for (const watch of [...this.#watches.values()]) watch.unwatch();
    this.#driving[Symbol.dispose]();
    this.#feed.end();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #emit(output: MonitorOutput): void {
    const watch = "peer" in output ? this.#watches.get(output.peer) : undefined;
    if (watch === undefined) return;
    if (output.type === "beat") {
      const isSent = watch.beat();
      // Nearly always nobody listens, and then there is nothing to be said.
      if (isSent && beatChannel.hasSubscribers)
        publish(beatChannel, "watch", undefined, { ...named(output, watch), direction: "sent" });
    } else if (output.type === "changed") {
      const change = named(output, watch);
      publish(changeChannel, "watch", undefined, change);
      this.#feed.push(change);
      watch.changed(change);
    }
  }

  /** The other side of a watched socket only answers: it must be asked before it is called silent. */
  #asking(policy: PolicyOptions): PolicyOptions {
    const known = this.#policies.get(policy) ?? definePolicy({ ...policy, solicits: true });
    this.#policies.set(policy, known);
    return known;
  }
}

/** The output, with the name that its watch was given. */
function named<Output extends MonitorOutput>(output: Output, { id }: Watch): Output {
  return id === undefined ? output : { ...output, id };
}
