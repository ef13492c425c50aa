// A NAT on loopback: one side talks to it as if it were the other, which sees the address of its outer
// socket. `rebind` is a mapping that was lost: another port, or another address, and the old one is gone.
import { createSocket, type Socket } from "node:dgram";

export interface Place {
  readonly address: string;
  readonly port: number;
}

async function bound(address: string): Promise<Socket> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  return socket;
}

export class Nat implements AsyncDisposable {
  readonly #inner: Socket;
  readonly #target: Place;
  #outer: Socket;
  #client: Place | undefined;
  /** What it carried outwards, for who wants to say it again. */
  readonly carried: Buffer[] = [];

  private constructor(inner: Socket, outer: Socket, target: Place) {
    this.#inner = inner;
    this.#outer = outer;
    this.#target = target;
    inner.on("message", (datagram, from) => {
      this.#client = from;
      this.carried.push(datagram);
      this.#outer.send(datagram, this.#target.port, this.#target.address);
    });
    this.#listen();
  }

  static async to(target: Place): Promise<Nat> {
    return new Nat(await bound("127.0.0.1"), await bound("127.0.0.1"), target);
  }

  /** Where the client must send to. */
  get inside(): Place {
    return { address: "127.0.0.1", port: this.#inner.address().port };
  }

  /** What the target sees. */
  get outside(): Place {
    const { address, port } = this.#outer.address();
    return { address, port };
  }

  /** Says something of its own to the target. */
  say(datagram: Uint8Array): void {
    this.#outer.send(datagram, this.#target.port, this.#target.address);
  }

  async rebind(address = "127.0.0.1"): Promise<void> {
    const before = this.#outer;
    this.#outer = await bound(address);
    this.#listen();
    await new Promise<void>((resolve) => before.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of [this.#inner, this.#outer])
      await new Promise<void>((resolve) => socket.close(resolve));
  }

  #listen(): void {
    this.#outer.on("message", (datagram) => {
      const client = this.#client;
      if (client !== undefined) this.#inner.send(datagram, client.port, client.address);
    });
  }
}
