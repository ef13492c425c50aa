// @ts-check
// One round of a fault: clients that are new in it, and a server that lives through all of them. What
// each side says of the other is written down in words: `alive#1`, `dead#1 closed refused`.
import { once, setMaxListeners } from "node:events";
import { connect, createServer } from "@systole/adapter-net";
import { Wire } from "./wire.mjs";

/** @typedef {import("@systole/adapter-net").Peer} Peer */
/** @typedef {import("./wire.mjs").Cable} Cable */
/** @typedef {import("@systole/adapter-net").Change} Change */

/** Where only time can tell, soon; elsewhere so late that no busy machine comes near it. */
export const POLICIES = {
  timed: { intervalMs: 200, suspectAfterMs: 1_500, deadAfterMs: 2_500, minSuspicionMs: 300 },
  instant: { intervalMs: 1_000, suspectAfterMs: 10_000, deadAfterMs: 20_000 },
};

/** The server of all rounds, and what it said of whom. */
export class Side {
  /** Of all clients: a listener left on it is seen in the end. */
  signal = new AbortController().signal;
  /** @type {Map<string, { said: string[], session: number, since: number }>} */
  #diaries = new Map();

  /** @param {"instant" | "timed"} kind */
  constructor(kind) {
    this.policy = POLICIES[kind];
    this.server = createServer({ id: "server", policy: this.policy });
  }

  async open() {
    setMaxListeners(0, this.signal);
    this.server.on("change", (change) => {
      const diary = this.#of(change.id);
      diary.session = change.session;
      diary.said.push(inWords(change, diary.since));
    });
    await this.server.listen(0, "127.0.0.1");
    return this;
  }

  get port() {
    return /** @type {import("node:net").AddressInfo} */ (this.server.address()).port;
  }

  /** What was said of a client since it was last asked for; sessions are counted from there. */
  said(/** @type {string} */ id) {
    const diary = this.#of(id);
    diary.since = diary.session;
    return diary.said.splice(0);
  }

  #of(/** @type {string} */ id) {
    const diary = this.#diaries.get(id) ?? { said: [], session: 0, since: 0 };
    this.#diaries.set(id, diary);
    return diary;
  }
}

export class Round {
  /** @type {Peer[]} */
  #clients = [];
  /** @type {Wire[]} */
  #wires = [];
  /** What each client, and whatever else had to say something, said. @type {Map<string, string[]>} */
  #said = new Map();

  #phase = "playing";

  /** @param {Side} side @param {string} id */
  constructor(side, id) {
    this.side = side;
    this.id = id;
  }

  /** A wire to the server, or to whoever listens at `port`. @param {ConstructorParameters<typeof Wire>[1]} [prepare] */
  wire(prepare, port = this.side.port) {
    const wire = new Wire(port, prepare);
    this.#wires.push(wire);
    return wire;
  }

  /**
   * @param {Partial<import("@systole/adapter-net").ConnectOptions>} to
   * @param {string} [name]
   */
  client(to, name = "client") {
    const { signal, policy } = this.side;
    const client = connect({ host: "127.0.0.1", id: this.id, policy, signal, ...to });
    client.on("change", (change) => this.says(name, inWords(change)));
    this.#clients.push(client);
    return client;
  }

  /** A client that is alive over a wire. @param {Partial<import("@systole/adapter-net").ConnectOptions>} [options] */
  async joined(options, name = "client") {
    const wire = this.wire();
    const client = this.client({ port: await wire.port(), ...options }, name);
    await client.alive();
    return { client, cable: await wire.cable };
  }

  /**
   * Lets a client leave over its wire. Nothing goes the other way any more: our end of the wire would
   * break of writing to a client that is gone, before it has read what the client said last.
   * @param {{ client: Peer, cable: Cable }} joined
   */
  async left({ client, cable }) {
    cable.toClient = () => {};
    await client.close();
    await this.forgotten();
  }

  /** @param {string} who @param {string} words */
  says(who, words) {
    const said = this.#said.get(who);
    if (said) said.push(words);
    else this.#said.set(who, [words]);
  }

  /** @param {import("node:events").EventEmitter<any>} emitter @param {string} to */
  async changed(emitter, to) {
    for (;;) {
      const [change] = await once(emitter, "change");
      if (change.to === to) return change;
    }
  }

  /** For a round that is stuck. */
  standing() {
    const clients = this.#clients.map(({ status }) => status);
    const said = JSON.stringify(Object.fromEntries(this.#said));
    return `stuck in ${this.#phase}; clients ${clients}; said ${said}; ${this.side.server.peer(this.id)?.status ?? "nobody"} at the server; ${process.getActiveResourcesInfo()}`;
  }

  /** Until the server has given up this client. */
  async forgotten() {
    while (this.side.server.peer(this.id)) await turn();
  }

  /** Ends whatever the fault has left. */
  async over() {
    this.#phase = "closing the clients";
    await Promise.all(this.#clients.map((client) => client.close()));
    this.#phase = "closing the wires";
    await Promise.all(this.#wires.map((wire) => wire.close()));
    this.#phase = "waiting for the server";
    await this.forgotten();
    this.#said.set("server", this.side.said(this.id));
    return [...this.#said]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([who, words]) => `${who}: ${words.join(", ") || "nothing"}`)
      .join(" | ");
  }
}

export function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}

/** @param {Change} change @param {number} [since] the last session of the round before */
function inWords({ to, session, reason, failure }, since = 0) {
  return [`${to}#${session - since}`, reason, failure].filter(Boolean).join(" ");
}
