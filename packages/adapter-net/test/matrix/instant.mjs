// @ts-check
// Faults that show at once. Each function is one round: it makes the fault, and waits until both sides
// have said what they have to say.
import { once } from "node:events";
import { connect as netConnect, createServer as netServer } from "node:net";
import { createServer } from "@systole/adapter-net";
import { certificate } from "./certificate.mjs";

/** @typedef {import("./round.mjs").Round} Round */

/** Below those that the system gives away: one that was free a moment ago may be somebody else's by now. */
const NOBODYS_PORT = 1;
/** Longer than any label of a name may be: the resolver fails without asking anybody. */
const NO_SUCH_HOST = `${"x".repeat(64)}.invalid`;
const GARBAGE = "220 somebody else's service\r\n";
/** The head of a DATA frame, and a length nobody agreed to. */
const OVERSIZED = Buffer.from("530105000000000affffffff", "hex");

/** @type {Readonly<Record<string, (round: Round) => Promise<unknown>>>} */
export const instant = {
  async leave(round) {
    const client = round.client({ port: round.side.port });
    await client.alive();
    await client.close();
    await round.forgotten();
  },

  async fin(round) {
    const { client, cable } = await round.joined();
    cable.fin();
    await once(client, "close");
  },

  async rst(round) {
    const { client, cable } = await round.joined();
    cable.reset();
    await once(client, "close");
  },

  async refused(round) {
    await once(round.client({ port: NOBODYS_PORT }), "close");
  },

  async dns(round) {
    await once(round.client({ host: NO_SUCH_HOST, port: NOBODYS_PORT }), "close");
  },

  async "TLS: a certificate that nobody vouches for"(round) {
    const { policy } = round.side;
    const server = createServer({ id: "server over TLS", policy, tls: certificate() });
    server.on("change", ({ to }) => round.says("server over TLS", to));
    await server.listen(0, "127.0.0.1");
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    await once(round.client({ port, tls: {} }), "close");
    await server.close();
  },

  async "TLS: a server that speaks none"(round) {
    const server = netServer((socket) =>
      socket
        .on("error", () => {})
        .resume()
        .end(GARBAGE),
    );
    await once(round.client({ port: await portOf(server), tls: {} }), "close");
    await closed(server);
  },

  async "garbage to the server before hello"(round) {
    const stranger = netConnect(round.side.port, "127.0.0.1", () => stranger.write(GARBAGE));
    stranger.on("error", () => {});
    await once(stranger.resume(), "close");
  },

  async "garbage to the client before hello"(round) {
    const wire = round.wire((cable) => {
      cable.toServer = () => {};
      cable.near.write(GARBAGE);
    });
    await once(round.client({ port: await wire.port() }), "close");
  },

  async "garbage between frames"(round) {
    const { client, cable } = await round.joined();
    cable.far.write(GARBAGE);
    await once(client, "close");
  },

  async "a truncated hello"(round) {
    const wire = round.wire((cable) => {
      cable.toServer = (bytes) => {
        cable.toServer = () => {};
        cable.far.write(bytes.subarray(0, 10));
        cable.fin();
      };
    });
    await once(round.client({ port: await wire.port() }), "close");
  },

  async "a truncated message"(round) {
    const { client, cable } = await round.joined();
    round.side.server.peer(round.id)?.on("message", () => round.says("message", "arrived"));
    cable.toServer = (bytes) => {
      cable.toServer = () => {};
      cable.far.write(bytes.subarray(0, bytes.length - 1));
      cable.fin();
    };
    client.send(new Uint8Array(100));
    await once(client, "close");
  },

  async "an oversized frame"(round) {
    const { client, cable } = await round.joined();
    cable.far.write(OVERSIZED);
    await once(client, "close");
  },

  async "closed during the handshake, before the server heard"(round) {
    const wire = round.wire((cable) => {
      cable.toServer = () => cable.fin();
    });
    await once(round.client({ port: await wire.port() }), "close");
  },

  async "closed during the handshake, before the client heard"(round) {
    const wire = round.wire((cable) => {
      cable.toClient = () => cable.fin();
    });
    await once(round.client({ port: await wire.port() }), "close");
  },

  async "broken during a large message"(round) {
    const { client, cable } = await round.joined();
    round.side.server.peer(round.id)?.on("message", () => round.says("message", "arrived"));
    let passed = 0;
    cable.toServer = (bytes) => {
      cable.far.write(bytes);
      passed += bytes.length;
      if (passed > 16_384) cable.reset();
    };
    // The kernel may have had all of it or not: either is told, once.
    const told = new Promise((resolve) => {
      client.send(LARGE, () => resolve(round.says("callback", "told")));
    });
    await Promise.all([once(client, "close"), told]);
  },

  async "destroyed, and back at once under the same id"(round) {
    const { client } = await round.joined();
    client.destroy();
    await round.left(await round.joined({}, "client again"));
  },
};

/** @param {import("node:net").Server} server */
async function portOf(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return /** @type {import("node:net").AddressInfo} */ (server.address()).port;
}

/** @param {import("node:net").Server} server */
async function closed(server) {
  await new Promise((resolve) => server.close(resolve));
}

const LARGE = new Uint8Array(1_000_000);
