// What runs in the browser: first its WebSocket is asked the transport contract, then an endpoint lives on one.
// What it has to say goes to the server as text, beside the frames on the same connection.

import { drive, explain, relaxed } from "@systole/core";
import { createEndpoint } from "@systole/core/endpoint";
import { systemHost } from "@systole/core/system";
import { contractFailures } from "/contract.mjs";
import { bindSocket } from "/socket.mjs";

const ws = new WebSocket(`ws://${location.host}/life`);
await new Promise((resolve) => ws.addEventListener("open", resolve, { once: true }));
say(await contractFailures(WebSocket, `ws://${location.host}`));

const endpoint = createEndpoint({
  id: "browser",
  host: systemHost(),
  // No slower than the server will ask for: its deadlines hold from the first beat on.
  policy: { ...relaxed, intervalMs: 100 },
  send: (_peer, frame) => end.send(frame),
  emit(output) {
    if (output.type === "changed") say(explain(output));
    if (output.type === "changed" && output.to === "dead") end.close();
    if (output.type === "refused") end.close();
  },
});
const end = bindSocket(ws, endpoint);
drive(endpoint, systemHost());
endpoint.add("server", { path: end.path });

// As a page does that is busy: for so long nothing else runs in it.
ws.addEventListener("message", ({ data }) => {
  if (typeof data !== "string") return;
  for (const until = performance.now() + Number(data); performance.now() < until; );
  say("I was busy");
});

function say(line) {
  document
    .querySelector("#lines")
    .append(Object.assign(document.createElement("li"), { textContent: line }));
  ws.send(line);
}
