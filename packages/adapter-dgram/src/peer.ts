// What users hold: one peer of a node, over all its sessions. It decides nothing; the endpoint does,
// and the node tells it what happened.

import { EventEmitter } from "node:events";
import type { PeerChange, PeerRef, PeerState, Status } from "@systole/core";
import type { Endpoint } from "@systole/core/endpoint";
import { addressOf, type PeerAddress } from "./address.ts";

/** A change of status of a peer. */
export interface Change extends PeerChange {
  readonly id: string;
}

/** A change of address of a peer, in one session. */
export interface Move {
  readonly id: string;
  readonly at: number;
  readonly from: PeerAddress;
  readonly to: PeerAddress;
}

/** The events of a peer. A death is never an `error`. */
export interface PeerEvents {
  /** Every change of status, before the event that is named like the new one. */
  change: [change: Change];
  alive: [change: Change];
  suspect: [change: Change];
  dead: [change: Change];
  /** It is reached at another address from now on, which a round trip has proven. */
  moved: [move: Move];
  /** The other side says that it had declared us dead, at `at` of our clock. */
  "declared-dead": [event: { readonly at: number }];
}

/** Why waiting for a peer is in vain. */
export class PeerGoneError extends Error {
  override readonly name = "Error [ERR_SYSTOLE_CLOSED]";
  readonly code = "ERR_SYSTOLE_CLOSED";

  constructor(id: string) {
    super(`${id} is no peer of this node any more: it was removed, forgotten, or the node closed.`);
  }
}

/** One peer of a node. Dead is final for a session, not for the peer: it may come back. */
export class Peer extends EventEmitter<PeerEvents> {
  readonly id: string;
  readonly #endpoint: Endpoint<string>;
  readonly #ref: PeerRef;
  readonly #waiting: Set<{ resolve(): void; reject(error: Error): void }> = new Set();

  /** @internal Made by a node. */
  constructor(endpoint: Endpoint<string>, ref: PeerRef, id: string) {
    super();
    this.#endpoint = endpoint;
    this.#ref = ref;
    this.id = id;
  }

  get status(): Status {
    return this.state()?.status ?? "dead";
  }

  /** Where it is reached now: its address may change under way. */
  get address(): PeerAddress | undefined {
    const path = this.#endpoint.path(this.#ref);
    return path === undefined ? undefined : addressOf(path);
  }

  /** A frozen snapshot; undefined once the peer is removed or forgotten. */
  state(): PeerState | undefined {
    return this.#endpoint.state(this.#ref);
  }

  /**
   * Until this instant of the clock (`performance.now()`, unless another one was given) the other
   * side cannot have declared us dead by silence; −Infinity when nothing is known.
   */
  trustedUntil(): number {
    return this.#endpoint.trustedUntil(this.#ref);
  }

  /**
   * Resolves when the peer is alive, at once if it is, however often it dies before.
   *
   * @throws `ERR_SYSTOLE_CLOSED` when the peer is removed or forgotten first.
   */
  async alive(): Promise<void> {
    const state = this.state();
    if (state?.status === "alive") return;
    if (state === undefined) throw new PeerGoneError(this.id);
    await new Promise<void>((resolve, reject) => this.#waiting.add({ resolve, reject }));
  }

  /** From now on the silence of this peer is our doing. Beats go on. */
  pause(): void {
    this.#endpoint.pause(this.#ref);
  }

  /** Ends `pause`; all of it is credited. */
  resume(): void {
    this.#endpoint.resume(this.#ref);
  }

  /** @internal */
  changed(change: Change): void {
    this.emit("change", change);
    if (change.to !== "connecting") this.emit(change.to, change);
    if (change.to !== "alive") return;
    for (const { resolve } of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** @internal */
  gone(): void {
    for (const { reject } of this.#waiting) reject(new PeerGoneError(this.id));
    this.#waiting.clear();
  }
}
