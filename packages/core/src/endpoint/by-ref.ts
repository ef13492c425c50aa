// Who is at which ref. The slot of a peer is in its ref, so that nobody is searched for; a stale ref finds nobody.

import { type PeerRef, slotOf } from "../monitor/refs.ts";

export class ByRef<Of extends { readonly ref: PeerRef }> {
  readonly #slots: (Of | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(ref: PeerRef): Of | undefined {
    const found = this.#slots[slotOf(ref)];
    return found?.ref === ref ? found : undefined;
  }

  /** Into a slot that nobody is in. */
  add(one: Of): void {
    this.#slots[slotOf(one.ref)] = one;
    this.#size += 1;
  }

  delete(ref: PeerRef): void {
    if (this.get(ref) === undefined) return;
    this.#slots[slotOf(ref)] = undefined;
    this.#size -= 1;
  }

  /** By ascending slot; whoever comes or goes meanwhile may or may not be among them. */
  *[Symbol.iterator](): IterableIterator<Of> {
    for (const one of this.#slots) if (one !== undefined) yield one;
  }
}
