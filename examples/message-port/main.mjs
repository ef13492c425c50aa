// `node examples/message-port/main.mjs`: a worker thread is watched over a MessagePort. It blocks for a
// while, comes back, and is terminated; each change is a line.

import { MessageChannel, Worker } from "node:worker_threads";
import { drive, explain } from "@systole/core";
import { createEndpoint } from "@systole/core/endpoint";
import { systemHost } from "@systole/core/system";
import { bindPort } from "./port.mjs";

const BLOCK_MS = 1_500;

const { port1, port2 } = new MessageChannel();
const worker = new Worker(new URL("worker.mjs", import.meta.url), {
  workerData: { port: port2 },
  transferList: [port2],
});

const host = systemHost();
let wasBlocked = false;
const endpoint = createEndpoint({
  id: "main",
  host,
  policy: { intervalMs: 100, suspectAfterMs: 500, deadAfterMs: 20_000 },
  send: (_peer, frame) => end.send(frame),
  emit(output) {
    if (output.type !== "changed") return;
    console.log(explain(output));
    if (output.to === "suspect") wasBlocked = true;
    if (output.to === "dead") end.close();
    if (output.to === "alive") wasBlocked ? worker.terminate() : worker.postMessage(BLOCK_MS);
  },
});
const end = bindPort(port1, endpoint);
drive(endpoint, host);
endpoint.add("worker", { path: end.path });
