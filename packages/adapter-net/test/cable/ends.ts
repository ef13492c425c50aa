// Both ends of a cable, each a process in its own network, and all that they noticed, dated from the
// moment the cable was pulled.
import { Child, next } from "../waiting.ts";
import { ADDRESS, Networks } from "./namespaces.ts";

const SIDE = new URL("side.mjs", import.meta.url);

export interface Noticed {
  /** Which end, and what of it: `client systole`. */
  readonly who: string;
  /** What it said: `dead#1 silence`, `ETIMEDOUT`. */
  readonly words: string;
  /** Since the cable was pulled; −Infinity before. */
  readonly afterMs: number;
}

interface Message {
  readonly type: string;
  readonly who: string;
  readonly at: number;
  readonly words: string;
}

export class Ends {
  readonly noticed: Noticed[] = [];
  /** What the kernel says of a bare socket with keepalive. */
  kernelView = "";
  readonly #networks = new Networks();
  readonly #children: Child[] = [];
  #pulledAt = Number.POSITIVE_INFINITY;

  /** Runs a test with both ends connected, and cleans up whatever it does. */
  static async with(test: (ends: Ends) => Promise<void>): Promise<void> {
    const ends = new Ends();
    try {
      await ends.#join();
      await test(ends);
    } finally {
      await Promise.all(ends.#children.map((child) => child.kill()));
      ends.#networks[Symbol.dispose]();
    }
  }

  async #join(): Promise<void> {
    const server = this.#start("server", ADDRESS.server);
    const { port, bare } = await server.says<{ port: number; bare: number }>("listening");
    const client = this.#start("client", ADDRESS.server, port, bare);
    this.kernelView = (await client.says<{ idle: string }>("joined")).idle;
  }

  pull(): void {
    this.#pulledAt = now();
    this.#networks.pull();
  }

  plug(): void {
    this.#networks.plug();
  }

  /** The first thing one noticed that fits, in the past or the future. */
  async sees(who: string, words: RegExp): Promise<Noticed> {
    for (;;) {
      const found = this.noticed.find((each) => each.who === who && words.test(each.words));
      if (found !== undefined) return found;
      await this.#anything();
    }
  }

  /** Resolves once one has noticed so many things. */
  async grown(who: string, count: number): Promise<void> {
    while (this.wordsOf(who).length < count) await this.#anything();
  }

  wordsOf(who: string): readonly string[] {
    return this.noticed.filter((each) => each.who === who).map(({ words }) => words);
  }

  async #anything(): Promise<void> {
    await Promise.race(this.#children.map((child) => next(child.process, "message")));
  }

  #start(end: "server" | "client", ...args: readonly (string | number)[]): Child {
    const child = new Child(this.#networks.at(end, SIDE), end, ...args);
    this.#children.push(child);
    child.process.on("message", (message) => {
      const { type, who, at, words } = message as Message;
      if (type !== "noticed") return;
      this.noticed.push({ who: `${end} ${who}`, words, afterMs: at - this.#pulledAt });
    });
    return child;
  }
}

/** Of the clock that all processes of a machine share. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
