// What a home router does: each socket inside gets a port outside, until it has been idle for too long, or
// the router starts anew.

import { createSocket } from "node:dgram";
import { once } from "node:events";

/** A NAT on loopback, in front of one server outside. */
export async function startNat({ server, idleMs }) {
  const inside = createSocket("udp4");
  inside.bind(0, "127.0.0.1");
  await once(inside, "listening");
  const mappings = new Map();

  inside.on("message", (datagram, from) => {
    const name = `${from.address}:${from.port}`;
    const mapping = mappings.get(name) ?? map(name, from);
    mapping.timer.refresh();
    mapping.outside.send(datagram, server.port, server.address);
  });

  function map(name, from) {
    const outside = createSocket("udp4");
    outside.bind(0, "127.0.0.1");
    outside.on("message", (datagram) => inside.send(datagram, from.port, from.address));
    const mapping = { outside, timer: setTimeout(() => unmap(name), idleMs) };
    mappings.set(name, mapping);
    return mapping;
  }

  function unmap(name) {
    const { outside, timer } = mappings.get(name);
    clearTimeout(timer);
    outside.close();
    mappings.delete(name);
  }

  return {
    port: inside.address().port,
    restart() {
      for (const name of [...mappings.keys()]) unmap(name);
    },
    close() {
      this.restart();
      inside.close();
    },
  };
}
