// @ts-check
// Faults that only time can tell. Each function is one round; many are played side by side.
import { once } from "node:events";

/** @typedef {import("./round.mjs").Round} Round */

/** @type {Readonly<Record<string, (round: Round) => Promise<unknown>>>} */
export const timed = {
  async "blackhole from the start"(round) {
    const wire = round.wire((cable) => cable.swallow());
    await once(round.client({ port: await wire.port() }), "close");
  },

  async "blackhole after connect"(round) {
    const { client, cable } = await round.joined();
    cable.swallow();
    await Promise.all([once(client, "close"), round.forgotten()]);
  },

  async "half-open: the server never hears that the client has gone"(round) {
    const { client, cable } = await round.joined();
    cable.swallow();
    cable.near.destroy();
    await Promise.all([once(client, "close"), round.forgotten()]);
  },

  async "half-open: the client never hears that the server has gone"(round) {
    const { client, cable } = await round.joined();
    cable.swallow();
    cable.far.destroy();
    await Promise.all([once(client, "close"), round.forgotten()]);
  },

  async "one way: nothing of the client arrives"(round) {
    const { client, cable } = await round.joined();
    cable.toServer = () => {};
    await once(client, "close");
  },

  async "held back until somebody is suspect, then let go"(round) {
    const { client, cable } = await round.joined();
    const { far, near } = cable;
    /** @type {(() => unknown)[]} */
    const held = [];
    cable.toServer = (bytes) => held.push(() => far.write(bytes));
    cable.toClient = (bytes) => held.push(() => near.write(bytes));
    const there = round.side.server.peer(round.id);
    if (there === undefined) throw new Error("not joined");
    await Promise.all([round.changed(client, "suspect"), round.changed(there, "suspect")]);
    const again = Promise.all([round.changed(client, "alive"), round.changed(there, "alive")]);
    cable.toServer = (bytes) => far.write(bytes);
    cable.toClient = (bytes) => near.write(bytes);
    for (const release of held) release();
    await again;
    await round.left({ client, cable });
  },

  async "crashed without a word, and back under the same id"(round) {
    const { client, cable } = await round.joined();
    cable.swallow();
    const second = await round.joined({}, "client again");
    await once(client, "close");
    await round.left(second);
  },
};
