// A socket under watch, with its beats counted: what tests of `watch` wait for.
import type { Socket } from "node:net";
import { type PolicyOptions, type Watch, watch } from "@systole/adapter-net";
import { Story } from "./waiting.ts";

/** A watch that says how often it has beaten. */
export class Watched {
  readonly liveness: Watch;
  readonly story: Story;
  beats = 0;
  #waiting: { readonly until: number; done(): void } | undefined;

  constructor(socket: Socket, id: string, policy: PolicyOptions, beat: () => unknown) {
    const counted = () => {
      this.beats += 1;
      if (this.#waiting !== undefined && this.beats >= this.#waiting.until) this.#waiting.done();
      return beat();
    };
    this.liveness = watch(socket, { beat: counted, policy, id });
    this.story = new Story(this.liveness);
  }

  /** Resolves after so many more beats. */
  async beatsMore(count: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting = { until: this.beats + count, done: resolve };
    });
  }
}
