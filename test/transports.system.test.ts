// The transport contract, asked of the glue in our examples over the real thing: `ws` in Node, a MessagePort,
// lines of text on a TCP socket. That of a browser's WebSocket is asked in the browser, by the example itself.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { MessageChannel } from "node:worker_threads";
import { type ContractReceiver, type MakePair, transportContract } from "@systole/core/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import { bindPort } from "../examples/message-port/port.mjs";
import { bindLines } from "../examples/ping-pong/lines.mjs";
import { serve, WebSocket } from "../examples/websocket/server.mjs";
import { bindSocket } from "../examples/websocket/socket.mjs";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const options = { patience: 10_000 } as const;

describe("a MessagePort", () => {
  const makePair: MakePair = (left, right) => {
    const { port1, port2 } = new MessageChannel();
    return { left: bindPort(port1, left), right: bindPort(port2, right), settle: turn };
  };
  for (const { name, run } of transportContract(makePair, options)) test(name, run);
});

describe("lines of text", () => {
  const makePair: MakePair = async (left, right) => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const [other] = (await once(server, "connection")) as [Socket];
    return {
      left: bindLines(socket, left),
      right: bindLines(other, right),
      settle: turn,
      dispose: () => new Promise((resolve) => server.close(resolve)),
    };
  };
  const cases = transportContract(makePair, { ...options, transport: "signs" });
  for (const { name, run } of cases) test(name, run);
});

describe("ws, client and server", () => {
  let server: Awaited<ReturnType<typeof serve>>;
  let accept: (socket: InstanceType<typeof WebSocket>) => void;
  beforeAll(async () => {
    server = await serve((socket: InstanceType<typeof WebSocket>) => accept(socket));
  });
  afterAll(() => server.close());

  const makePair: MakePair = async (left: ContractReceiver, right: ContractReceiver) => {
    const accepted = new Promise<InstanceType<typeof WebSocket>>((resolve) => {
      accept = resolve;
    });
    const socket = new WebSocket(`ws://${server.host}/life`);
    const [other] = await Promise.all([accepted, once(socket, "open")]);
    return { left: bindSocket(socket, left), right: bindSocket(other, right), settle: turn };
  };
  // ws hands a frame on to its socket, and that may read it later.
  const cases = transportContract(makePair, { ...options, keepsFrames: true });
  for (const { name, run } of cases) test(name, run);
});
