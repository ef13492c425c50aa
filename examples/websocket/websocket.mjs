// `pnpm websocket`: a page in a real browser, judged over its WebSocket, which it shares with text of its own.
// The browser's WebSocket is asked the transport contract; then the page is too busy to beat for a while, comes
// back, and the browser crashes. Exit code 0 only if it went that way.

import { drive, explain } from "@systole/core";
import { createEndpoint } from "@systole/core/endpoint";
import { systemHost } from "@systole/core/system";
import { open } from "./chromium.mjs";
import { serve } from "./server.mjs";
import { bindSocket } from "./socket.mjs";

const BUSY_MS = 1_000;
const BUSY_NO_MORE = "I was busy";

let hasCrashed = false;
const seen = [];
const said = [];
const ends = new Map();
const host = systemHost();
const endpoint = createEndpoint({
  id: "server",
  host,
  policy: { intervalMs: 100, suspectAfterMs: 300, deadAfterMs: 20_000 },
  accept: ({ id }) => id === "browser",
  send: (_peer, frame, path) => ends.get(path)?.send(frame) ?? false,
  emit(output) {
    if (output.type === "changed") follow(output);
    if (output.type === "refused") ends.get(output.path)?.close();
  },
});
const driving = drive(endpoint, host);

const server = await serve((ws) => {
  const end = bindSocket(ws, endpoint);
  ends.set(ws, end);
  endpoint.opened(ws);
  ws.on("close", () => ends.delete(ws));
  ws.on("message", (data, isBinary) => isBinary || hear(String(data)));
});
const browser = open(`http://${server.host}/`);
void browser.gone.then((how) => hasCrashed || finish(`the browser ended: ${how}`));

function hear(line) {
  console.log(`browser: ${line}`);
  said.push(line);
  if (line === BUSY_NO_MORE && !seen.includes("suspect")) void finish("nobody noticed");
}

function follow(change) {
  console.log(`server:  ${explain(change)}`);
  seen.push(change.to);
  if (change.to === "alive" && seen.length === 1) change.path.send(String(BUSY_MS));
  if (change.to === "alive" && seen.length > 1) crash();
  if (change.to !== "dead") return;
  ends.get(change.path)?.close();
  void finish();
}

function crash() {
  hasCrashed = true;
  browser.kill();
}

async function finish(failure) {
  driving[Symbol.dispose]();
  endpoint.close();
  server.close();
  hasCrashed = true;
  browser.kill();
  await browser.gone;
  const [contract = "", ...changes] = said;
  const ok =
    failure === undefined &&
    /^(\d+) of \1 cases/.test(contract) &&
    changes[0] === "server is alive (session 1)" &&
    seen.join().startsWith("alive,suspect,alive") &&
    seen.at(-1) === "dead";
  console.log(ok ? "As it must be." : `NOT as it must be: ${failure ?? seen.join(", ")}`);
  process.exitCode = ok ? 0 : 1;
}
