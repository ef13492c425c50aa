// `pnpm ping-pong`: a server that speaks lines of text, and knows nothing of us, is judged over a socket by
// its PONGs. It is frozen and comes back, is frozen for good, and is dead. Exit code 0 only if it went that way.

import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createMonitor, drive, explain } from "@systole/core";
import { systemHost } from "@systole/core/system";
import { bindLines } from "./lines.mjs";

const WANTED = ["alive", "suspect", "alive", "suspect", "dead"];

const server = fork(new URL("server.mjs", import.meta.url));
const [port] = await once(server, "message");
const socket = connect(port, "127.0.0.1");
await once(socket, "connect");

const seen = [];
const host = systemHost();
const monitor = createMonitor({
  host,
  // It speaks only when asked, so that ours are the beats and its answers are the life.
  policy: { intervalMs: 100, suspectAfterMs: 400, deadAfterMs: 1_500, solicits: true },
  emit(output) {
    if (output.type === "beat") end.send();
    if (output.type === "changed") follow(output);
  },
});
const end = bindLines(socket, {
  heard: () => monitor.heard(peer),
  ended: (_socket, reason) => monitor.ended(peer, reason),
});
const driving = drive(monitor, host, { ref: true });
const peer = monitor.add("their server");

function follow(change) {
  console.log(explain(change));
  seen.push(change.to);
  const isFirst = seen.length < 4;
  if (change.to === "alive") freeze();
  if (change.to === "suspect" && isFirst) server.kill("SIGCONT");
  if (change.to === "dead") finish();
}

function freeze() {
  console.log("→ SIGSTOP");
  server.kill("SIGSTOP");
}

function finish() {
  driving[Symbol.dispose]();
  end.close();
  server.kill("SIGKILL");
  const ok = seen.join() === WANTED.join();
  console.log(ok ? "As it must be." : `NOT as it must be: ${seen.join(", ")}`);
  process.exitCode = ok ? 0 : 1;
}
