// The worker's end: it judges nobody by itself, beats as its watcher asks, and blocks when told to.

import { parentPort, workerData } from "node:worker_threads";
import { drive } from "@systole/core";
import { createEndpoint } from "@systole/core/endpoint";
import { systemHost } from "@systole/core/system";
import { bindPort } from "./port.mjs";

const host = systemHost();
const end = bindPort(workerData.port, {
  receive: (frame, from) => endpoint.receive(frame, from),
  ended: (from, reason) => endpoint.ended(from, reason),
});
const endpoint = createEndpoint({
  id: "worker",
  host,
  send: (_peer, frame) => end.send(frame),
  emit() {},
});
drive(endpoint, host);
endpoint.add("main", { path: end.path });

parentPort.on("message", (blockMs) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockMs);
});
