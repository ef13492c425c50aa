// The rules folded over frozen states, one peer at a time: what the monitor is, without anything that
// makes it fast. It looks at everybody at every tick, and knows neither stalls nor promises.

import { definePolicy, initialPeer, nextDeadline, transition } from "@systole/core";

export class Oracle {
  #clock;
  #policy;
  #emit;
  #states = new Map();

  constructor({ host, policy, emit }) {
    this.#clock = host;
    this.#policy = definePolicy(policy);
    this.#emit = emit;
  }

  add(role) {
    const ref = this.#states.size;
    this.#states.set(ref, initialPeer(this.#policy, this.#clock.now(), { role, seed: ref }));
    return ref;
  }

  heard(ref) {
    this.#step(ref, { type: "heard", at: this.#clock.now() });
  }

  tick() {
    const at = this.#clock.now();
    for (const [ref, state] of this.#states) {
      if (nextDeadline(state, this.#policy) <= at) this.#step(ref, { type: "tick", at });
    }
  }

  #step(ref, event) {
    const [state, outputs] = transition(this.#states.get(ref), event, this.#policy);
    this.#states.set(ref, state);
    for (const output of outputs) this.#emit({ ...output, peer: ref });
  }
}
