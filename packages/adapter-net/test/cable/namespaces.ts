// Two networks of one machine, joined by a cable that can be pulled: namespaces with the two ends of a
// veth pair. Needs root and iproute2.
import { execFileSync } from "node:child_process";
import type { Placed } from "../waiting.ts";

let made = 0;

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}

/** Whether this machine lets us. */
export function canPullCables(): boolean {
  try {
    new Networks()[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}

/** Where each side of a test lives; its address is the same in all of them. */
export const ADDRESS = { server: "10.77.0.1", client: "10.77.0.2" };

export class Networks implements Disposable {
  readonly #server: string;
  readonly #client: string;

  constructor() {
    made += 1;
    this.#server = `systole-${process.pid}-${made}s`;
    this.#client = `systole-${process.pid}-${made}c`;
    try {
      this.#lay();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  #lay(): void {
    ip("netns", "add", this.#server);
    ip("netns", "add", this.#client);
    const there = ["type", "veth", "peer", "name", "cable", "netns", this.#client];
    ip("-n", this.#server, "link", "add", "cable", ...there);
    for (const [name, address] of [
      [this.#server, ADDRESS.server],
      [this.#client, ADDRESS.client],
    ] as const) {
      ip("-n", name, "address", "add", `${address}/24`, "dev", "cable");
      ip("-n", name, "link", "set", "lo", "up");
      ip("-n", name, "link", "set", "cable", "up");
    }
  }

  /** A script that runs at one end. */
  at(end: "server" | "client", script: URL): Placed {
    const name = end === "server" ? this.#server : this.#client;
    return { script, through: ["/usr/bin/env", "ip", "netns", "exec", name] };
  }

  /** At the server's end: the client's own interface stays up, without a carrier. */
  pull(): void {
    ip("-n", this.#server, "link", "set", "cable", "down");
  }

  plug(): void {
    ip("-n", this.#server, "link", "set", "cable", "up");
  }

  /** What the client's end says goes to nobody's hardware address; it still hears the other. */
  mute(): void {
    const wrong = ["lladdr", "02:00:00:00:00:99", "nud", "permanent"];
    ip("-n", this.#client, "neigh", "replace", ADDRESS.server, "dev", "cable", ...wrong);
  }

  unmute(): void {
    ip("-n", this.#client, "neigh", "del", ADDRESS.server, "dev", "cable");
  }

  [Symbol.dispose](): void {
    for (const name of [this.#server, this.#client]) {
      try {
        ip("netns", "delete", name);
      } catch {
        // It was never made.
      }
    }
  }
}
