// The transport contract, asked of the WebSockets of whoever runs this: a browser, or `ws` in Node. Both ends
// are here, and the server hands on what one says to the other.

import { transportContract } from "@systole/core/testing";
import { bindSocket } from "./socket.mjs";

/** Two connected ends. */
export function pairsOf(WebSocket, url) {
  let pairs = 0;
  return async (left, right) => {
    const to = `${url}/pair/${pairs++}`;
    const [one, other] = [new WebSocket(to), new WebSocket(to)];
    await Promise.all([one, other].map((ws) => new Promise((resolve) => (ws.onopen = resolve))));
    return {
      left: bindSocket(one, left),
      right: bindSocket(other, right),
      settle: () => new Promise((resolve) => setTimeout(resolve, 0)),
    };
  };
}

/** What is broken, in words. */
export async function contractFailures(WebSocket, url) {
  const cases = transportContract(pairsOf(WebSocket, url), { transport: "message" });
  const failures = [];
  for (const { name, run } of cases) {
    await run().catch((error) => failures.push(`\n${name}\n  ${error}`));
  }
  return `${cases.length - failures.length} of ${cases.length} cases of the contract hold${failures.join("")}`;
}
