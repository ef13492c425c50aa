// `queue.mjs send ADDRESS TO PORT` or `queue.mjs receive TO PORT`: datagrams to an address that nobody has at
// first, so that they wait: some in the kernel, and what that does not take in the socket's own queue.
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { NodeSocket } from "../../dist/socket.js";

const DATAGRAMS = 200;
const BYTES = 78;
const [, , does, ...args] = process.argv;
if (does === "send") await send(...args);
else await receive(...args);
process.on("disconnect", () => process.exit());
process.send({ type: "ready" });

async function send(address, to, port) {
  const socket = new NodeSocket(undefined);
  // As little as the kernel gives: a handful of datagrams.
  await socket.open(0, address, { sendBytes: 1 }, () => {});
  const written = new Set();
  process.on("message", () => {
    written.clear();
    for (let n = 0; n < DATAGRAMS; n++) {
      const datagram = socket.allocate(BYTES);
      socket.send(datagram.fill(n), `${to}|${port}`);
      written.add(datagram);
    }
    process.send({ type: "sent", buffers: written.size, errors: socket.errors });
  });
}

async function receive(to, port) {
  const socket = createSocket("udp4");
  await new Promise((resolve) => socket.bind(Number(port), resolve));
  let got = [];
  socket.on("message", (datagram) => {
    got.push(datagram.every((byte) => byte === datagram[0]) ? datagram[0] : "mixed");
    if (got.length < DATAGRAMS) return;
    process.send({ type: "received", got });
    got = [];
  });
  process.on("message", () => {
    execFileSync("ip", ["address", "add", `${to}/24`, "dev", "cable"]);
  });
}
