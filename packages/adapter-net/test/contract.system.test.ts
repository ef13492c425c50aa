// The transport contract over real sockets: the adapter's own glue, with a stand-in for its endpoint, on
// TCP, unix sockets and TLS.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  type AddressInfo,
  createServer,
  type ListenOptions,
  type NetConnectOpts,
  type Server,
  type Socket,
  connect as tcp,
} from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, connect as tls } from "node:tls";
import type { Endpoint } from "@systole/core/endpoint";
import {
  type ContractEnd,
  type ContractReceiver,
  type MakePair,
  transportContract,
} from "@systole/core/testing";
import { describe, test } from "vitest";
import { Link } from "../src/link.ts";
import { authority } from "./certificates.ts";

const issue = authority();
const [here, there] = [issue("scheduler"), issue("worker-7")];
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What the adapter's endpoint has to do with a connection, all of which the contract asks about. */
function end(socket: Socket, receiver: ContractReceiver): ContractEnd {
  const link = new Link(socket, receiver as unknown as Endpoint<Link>, undefined);
  return {
    path: link,
    send: (frame) => link.send(frame, undefined),
    close: () => socket.destroy(),
  };
}

/** Pairs of connections to a server of this kind. */
function pairsOf(
  listener: () => Server,
  where: () => ListenOptions,
  dial: (to: NetConnectOpts) => Socket,
  accepted = "connection",
  connected = "connect",
): MakePair {
  return async (left, right) => {
    const server = listener().listen(where());
    await once(server, "listening");
    const socket = dial(asDialled(server.address() as AddressInfo | string));
    const [[other]] = (await Promise.all([once(server, accepted), once(socket, connected)])) as [
      [Socket],
      unknown,
    ];
    return {
      left: end(socket, left),
      right: end(other, right),
      settle: turn,
      dispose: () => new Promise((resolve) => server.close(resolve)),
    };
  };
}

const asDialled = (to: AddressInfo | string): NetConnectOpts =>
  typeof to === "string" ? { path: to } : { host: to.address, port: to.port };

const loopback = (): ListenOptions => ({ host: "127.0.0.1", port: 0 });
const unix = (): ListenOptions => ({ path: join(tmpdir(), `systole-${randomUUID()}`) });

describe.each<readonly [string, MakePair]>([
  ["TCP", pairsOf(createServer, loopback, tcp)],
  ["a unix socket", pairsOf(createServer, unix, tcp)],
  [
    "TLS",
    pairsOf(
      () => createTlsServer({ ...here, requestCert: true }),
      loopback,
      (to) => tls({ ...to, ...there }),
      "secureConnection",
      "secureConnect",
    ),
  ],
])("the transport contract over %s", (_name, makePair) => {
  // node:net writes after `send` has returned; endpoints never touch a frame again.
  const options = { transport: "stream", keepsFrames: true, patience: 10_000 } as const;
  for (const { name, run } of transportContract(makePair, options)) test(name, run);
});
