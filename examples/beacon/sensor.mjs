// `sensor.mjs ID GROUP PORT INTERFACE-ADDRESS`: only sends, to whoever listens to the group. It judges
// nobody, expects nothing, and could sit behind a wire that goes one way.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createNode } from "@systole/adapter-dgram";

const [id, group, port, interfaceAddress] = process.argv.slice(2);

const socket = createSocket("udp4").bind(0, interfaceAddress);
await once(socket, "listening");
socket.setMulticastInterface(interfaceAddress);
socket.setMulticastTTL(1);

const node = createNode({ id, policy: { intervalMs: 250 }, socket });
node.add("everybody", { address: group, port: Number(port), beacon: true });
process.on("disconnect", () => process.exit());
