// The ways to send and receive messages: Systole's, and a loop over length-prefixed ones as it is written by
// hand; and that loop by somebody who knows that a socket can be corked, as ours are.

import { createConnection, createServer as createNetServer } from "node:net";
import { connect, createServer } from "@systole/adapter-net";
import { policyFor } from "./traffic.mjs";

export const MESSAGE_LOOPS = ["length-prefixed loop", "the same, corked", "Systole"];

const HEADER_BYTES = 4;
const policy = policyFor(1_000);

/** Listens, and calls `onMessage` with the bytes of each; resolves to the port. */
export async function receive(name, bytes, onMessage) {
  if (name === "Systole") {
    const server = createServer({ id: "server", policy, maxMessageBytes: bytes });
    server.on("peer", (peer) => peer.on("message", onMessage));
    await server.listen(0, "127.0.0.1");
    return server.address().port;
  }
  const server = createNetServer({ noDelay: true }, (socket) => cutMessages(socket, onMessage));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server.address().port;
}

/** Connects; `onFlushed` calls back once the kernel has what was sent last. */
export async function openSender(name, bytes, port) {
  const target = { host: "127.0.0.1", port };
  if (name === "Systole") {
    const peer = connect({ ...target, id: "sender", policy, maxMessageBytes: bytes });
    await peer.alive();
    let last;
    return {
      send: (message) => peer.send(message, last),
      onDrain: (callback) => peer.on("drain", callback),
      onFlushed(callback) {
        last = () => callback();
      },
    };
  }
  const socket = createConnection({ ...target, noDelay: true });
  await new Promise((resolve) => socket.once("connect", resolve));
  let last;
  const write = (message) => socket.write(framed(message), last);
  return {
    send: name === "the same, corked" ? corked(socket, write) : write,
    onDrain: (callback) => socket.on("drain", callback),
    onFlushed(callback) {
      last = () => callback();
    },
  };
}

/** What is sent in one go leaves in one call of the system. */
function corked(socket, write) {
  let isCorked = false;
  const uncork = () => {
    isCorked = false;
    socket.uncork();
  };
  return (message) => {
    if (!isCorked) {
      isCorked = true;
      socket.cork();
      process.nextTick(uncork);
    }
    return write(message);
  };
}

function framed(message) {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + message.length);
  frame.writeUInt32BE(message.length, 0);
  frame.set(message, HEADER_BYTES);
  return frame;
}

/** Joins what is incomplete, and hands out views of what is not. */
function cutMessages(socket, onMessage) {
  let held = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const endsAt = at + HEADER_BYTES + bytes.readUInt32BE(at);
      if (endsAt > bytes.length) break;
      onMessage(bytes.subarray(at + HEADER_BYTES, endsAt));
      at = endsAt;
    }
    held = bytes.subarray(at);
  });
}
