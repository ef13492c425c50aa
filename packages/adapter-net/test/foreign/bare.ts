// What the rest of Node notices of a server: a bare connection with the keepalive of the system.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { kernelViewOf } from "../kernel.mjs";

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
