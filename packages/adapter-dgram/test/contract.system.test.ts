// The transport contract over real UDP sockets: the adapter's own socket and addresses, with a stand-in
// for its endpoint, over IPv4, IPv6, and a socket for both.

import { type ContractEnd, type MakePair, transportContract } from "@systole/core/testing";
import { describe, test } from "vitest";
import { Paths, pathOf } from "../src/address.ts";
import { NodeSocket } from "../src/socket.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Two sockets; each reaches the other as `loopback`. */
const pairsAt =
  (bindTo: string, loopback: string): MakePair =>
  async (left, right) => {
    const sockets = [new NodeSocket(undefined), new NodeSocket(undefined)] as const;
    for (const [socket, receiver] of [
      [sockets[0], left],
      [sockets[1], right],
    ] as const) {
      const paths = new Paths();
      await socket.open(0, bindTo, {}, (datagram, from) => {
        receiver.receive(datagram, paths.of(from));
      });
    }
    const [a, b] = sockets.map((socket) =>
      pathOf({ address: loopback, port: socket.address()?.port as number }),
    ) as [string, string];
    // What arrives at an end comes from the other one.
    const end = (socket: NodeSocket, other: string): ContractEnd => ({
      path: other,
      send: (datagram) => socket.send(datagram, other),
      close: () => socket.close(),
    });
    return { left: end(sockets[0], b), right: end(sockets[1], a), settle: turn };
  };

describe.each([
  ["IPv4", "127.0.0.1", "127.0.0.1"],
  ["IPv6", "::1", "::1"],
  ["IPv4, on a socket for both", "::", "127.0.0.1"],
])("the transport contract over %s", (_name, bindTo, loopback) => {
  // node:dgram sends after `send` has returned; endpoints never touch a frame again.
  const options = { transport: "datagram", keepsFrames: true, patience: 10_000 } as const;
  for (const { name, run } of transportContract(pairsAt(bindTo, loopback), options))
    test(name, run);
});
