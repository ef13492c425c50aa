// A client's socket under watch, with its beats counted, and what the rest of Node notices of the
// same server: a bare connection with the keepalive of the operating system.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type PolicyOptions, type Watch, watch } from "@systole/adapter-net";
import { kernelViewOf } from "../kernel.mjs";
import { Story } from "../waiting.ts";

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

/** A connection to the same server that trusts the kernel, and writes down what it is told. */
export class Bare {
  readonly socket: Socket;
  readonly noticed: string[] = [];

  private constructor(port: number) {
    this.socket = connect({
      port,
      host: "127.0.0.1",
      keepAlive: true,
      keepAliveInitialDelay: 1000,
    });
    for (const event of ["error", "end", "close", "timeout"]) {
      this.socket.on(event, () => this.noticed.push(event));
    }
  }

  static async to(port: number): Promise<Bare> {
    const bare = new Bare(port);
    await once(bare.socket, "connect");
    return bare;
  }

  kernelView(): Promise<string> {
    return kernelViewOf(this.socket);
  }
}
