// What happens next in a simulated network: a binary heap by instant, and those of one instant in the
// order in which they were numbered.

interface Event {
  readonly at: number;
  readonly order: number;
}

export class EventQueue<Of extends Event> {
  readonly #heap: Of[] = [];

  /** The next one, which stays. */
  get first(): Of | undefined {
    return this.#heap[0];
  }

  push(event: Of): void {
    const heap = this.#heap;
    let slot = heap.length;
    while (slot > 0) {
      const above = (slot - 1) >> 1;
      const parent = heap[above] as Of;
      if (isBefore(parent, event)) break;
      heap[slot] = parent;
      slot = above;
    }
    heap[slot] = event;
  }

  /** Takes the next one out. */
  pop(): Of | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let slot = 0;
    for (let below = 1; below < heap.length; below = 2 * slot + 1) {
      const right = heap[below + 1];
      if (right !== undefined && isBefore(right, heap[below] as Of)) below += 1;
      const child = heap[below] as Of;
      if (isBefore(last, child)) break;
      heap[slot] = child;
      slot = below;
    }
    heap[slot] = last;
    return first;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
