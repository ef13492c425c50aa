// The way into an endpoint: one call at a time, each a turn or part of one. What a synchronous transport brings
// meanwhile waits for its end.

import { attempt, type Hub } from "./hub.ts";

/** What a call is, that entered: part of another, part of the deliveries of a turn, or a turn of its own. */
export type Entered = "nested" | "inside" | "outermost";

export class Entry {
  /** Whether something is being worked on. */
  isBusy = false;
  readonly #hub: Hub;
  #backlog: (() => void)[] = [];

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  run<Result>(body: () => Result): Result {
    return this.#hub.turn.run(() => {
      if (this.isBusy) return body();
      this.isBusy = true;
      try {
        return body();
      } finally {
        this.#takeBacklog();
      }
    });
  }

  /** As `run`, without a closure, for what happens all the time: `leave` must follow, and nothing between may throw. */
  enter(): Entered {
    const outermost = this.#hub.turn.enter();
    if (this.isBusy) return "nested";
    this.isBusy = true;
    return outermost ? "outermost" : "inside";
  }

  leave(entered: Entered): void {
    if (entered === "nested") return;
    this.#takeBacklog();
    if (entered === "outermost") this.#hub.turn.leave();
  }

  /** Leaves where nothing was kept, and nothing is due earlier than before; not for what is nested. */
  leaveQuietly(entered: Entered): void {
    this.isBusy = false;
    if (entered === "outermost") this.#hub.turn.leaveQuietly();
  }

  /** Until what is being worked on is done. */
  keep(work: () => void): void {
    this.#backlog.push(work);
  }

  #takeBacklog(): void {
    // A callback of the user's that throws must not keep what came behind it from being heard.
    for (const work of this.#backlog) attempt(this.#hub, work);
    if (this.#backlog.length > 0) this.#backlog = [];
    this.isBusy = false;
  }
}
