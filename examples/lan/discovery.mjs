// Who is out there: a few announcements to a multicast group, and nothing more. Whether somebody is
// still there is no question for multicast; that is asked and answered between two addresses.

import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";

const GROUP = { address: "239.255.83.89", port: 41_289 };
const TIMES = 3;
const EVERY_MS = 200;

/**
 * Announces `{ id, port }` on an interface (the address of this machine on that network), and calls
 * `onFound({ id, address, port })` for every announcement heard, one's own and repeated ones included.
 * Who belongs together has the same `party`: others may use the group, too.
 */
export async function discover({ party, id, port, interfaceAddress, onFound }) {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  socket.on("message", (bytes, { address }) => {
    const found = parsed(bytes);
    if (found?.party === party) onFound({ id: found.id, port: found.port, address });
  });
  await new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(GROUP.port, resolve);
  });
  socket.addMembership(GROUP.address, interfaceAddress);
  socket.setMulticastInterface(interfaceAddress);
  // As far as the router, and no further.
  socket.setMulticastTTL(1);
  const bytes = JSON.stringify({ party, id, port });
  // An announcement may get lost; several in a row hardly do.
  for (let n = 0; n < TIMES; n++) {
    socket.send(bytes, GROUP.port, GROUP.address);
    await sleep(EVERY_MS);
  }
  return { close: () => socket.close() };
}

/** Anybody may send anything to a group: what is no announcement is no error. */
function parsed(bytes) {
  try {
    const { party, id, port } = JSON.parse(bytes);
    const isFit = typeof id === "string" && Number.isInteger(port) && port > 0 && port < 65_536;
    return isFit ? { party, id, port } : undefined;
  } catch {
    return undefined;
  }
}
