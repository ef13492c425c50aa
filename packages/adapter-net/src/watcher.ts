// Liveness of sockets that speak somebody else's protocol: one monitor and one timer for all of them.

import type { Socket } from "node:net";
import {
  createMonitor,
  drive,
  type Host,
  type Monitor,
  type MonitorOutput,
  type MonitorStats,
  type PeerRef,
  type PolicyOptions,
  SystoleTypeError,
} from "@systole/core";
import { systemHost } from "@systole/core/system";
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
  readonly #watches: Map<PeerRef, Watch> = new Map();
  #closed = false;

  constructor(options: WatcherOptions) {
    const host = options.clock ?? systemHost();
    this.#monitor = createMonitor({
      host,
      policy: options.policy,
      emit: (output) => this.#emit(output),
      sample: () => {
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
    const ref = this.#monitor.add(undefined, { policy: options.policy, role: "both" });
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

  /** Ends all watches. The sockets stay as they are. */
  close(): void {
    this.#closed = true;
    for (const watch of [...this.#watches.values()]) watch.unwatch();
    this.#driving[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #emit(output: MonitorOutput): void {
    if (output.type === "beat") this.#watches.get(output.peer)?.beat();
    if (output.type === "changed") this.#watches.get(output.peer)?.changed(output);
  }
}
