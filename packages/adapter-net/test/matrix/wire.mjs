// @ts-check
// A wire that can be cut: a proxy between a client and a server, on which every connection passes
// through hands that may hold, drop, forge and break.
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** @typedef {import("node:net").Socket} Socket */

/** One connection: `near` is the client's end in our hands, `far` the server's. */
export class Cable {
  /** @param {Socket} near @param {Socket} far */
  constructor(near, far) {
    this.near = near;
    this.far = far;
    /** What happens to bytes on their way. @type {(bytes: Buffer) => unknown} */
    this.toServer = (bytes) => far.write(bytes);
    /** @type {(bytes: Buffer) => unknown} */
    this.toClient = (bytes) => near.write(bytes);
    /** What happens when the other end is over. @type {(end: Socket) => unknown} */
    this.passOn = (end) => end.destroyed || end.end();
    near.on("data", (bytes) => this.toServer(bytes));
    far.on("data", (bytes) => this.toClient(bytes));
    for (const [end, other] of [
      [near, far],
      [far, near],
    ]) {
      end.on("error", () => {}); // 'close' follows.
      end.on("end", () => this.passOn(other));
      end.on("close", () => this.passOn(other));
    }
  }

  /** From now on nothing passes, and neither end hears of the other. */
  swallow() {
    this.toServer = () => {};
    this.toClient = () => {};
    this.passOn = () => {};
  }

  /** Both ends are closed in order. */
  fin() {
    this.near.end();
    this.far.end();
  }

  /** Both ends are broken. */
  reset() {
    this.swallow();
    this.near.resetAndDestroy();
    this.far.resetAndDestroy();
  }
}

/** Listens, and connects everybody who comes to `port`. */
export class Wire {
  /** @type {Set<Socket>} */
  #ends = new Set();
  #server;
  /** @type {((cable: Cable) => void)[]} */
  #waiting = [];
  /** The connection there is. @type {Promise<Cable>} */
  cable;

  /**
   * @param {number} port
   * @param {(cable: Cable) => unknown} [prepare] called with every new cable, before any byte passes
   */
  constructor(port, prepare = () => {}) {
    this.cable = new Promise((resolve) => this.#waiting.push(resolve));
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      const far = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
      for (const end of [near, far]) {
        this.#ends.add(end);
        end.once("close", () => this.#ends.delete(end));
      }
      const cable = new Cable(near, far);
      prepare(cable);
      for (const resolve of this.#waiting.splice(0)) resolve(cable);
    });
    this.#server.listen(0, "127.0.0.1");
  }

  async port() {
    if (!this.#server.listening) await once(this.#server, "listening");
    return /** @type {import("node:net").AddressInfo} */ (this.#server.address()).port;
  }

  /** Takes every end out of our hands, and is over when all are closed. */
  async close() {
    const closed = [...this.#ends].map((end) => end.closed || once(end, "close"));
    for (const end of this.#ends) end.destroy();
    this.#server.close();
    await Promise.all(closed);
  }
}
