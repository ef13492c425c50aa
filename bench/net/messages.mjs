// `messages.mjs OPTIONS`: messages of one size, one way, as fast as back-pressure lets them. Prints what
// a message costs the receiver (this process) and the sender (a child) in CPU time.

import { fork } from "node:child_process";
import { once } from "node:events";
import { receive } from "./loops.mjs";

const { name, bytes, messages } = JSON.parse(process.argv[2]);
const WARM_UP_SHARE = 0.2;

const warmUp = Math.floor(messages * WARM_UP_SHARE);
let received = 0;
let cpuBefore;
let startedAt;
let sum = 0;
let finish;
const finished = new Promise((resolve) => {
  finish = resolve;
});
const port = await receive(name, bytes, (message) => {
  sum += message[message.length - 1];
  received += 1;
  if (received === warmUp) {
    startedAt = performance.now();
    cpuBefore = process.cpuUsage();
  }
  if (received === messages) finish();
});
const args = [name, bytes, messages, warmUp, port].map(String);
const child = fork(new URL("sender.mjs", import.meta.url), args);
const sent = once(child, "message");
await finished;
const cpu = process.cpuUsage(cpuBefore);
const ms = performance.now() - startedAt;
if (sum !== messages) throw new Error(`${sum} of ${messages} messages arrived whole`);
const measured = messages - warmUp;
const [{ cpuMicros }] = await sent;
const receiverMicros = (cpu.user + cpu.system) / measured;
const senderMicros = cpuMicros / measured;
const found = {
  receiverMicros,
  senderMicros,
  // Each has a core of its own: the busier one is the limit.
  perCpuSecond: 1e6 / Math.max(receiverMicros, senderMicros),
  perSecond: (measured / ms) * 1e3,
};
child.kill("SIGKILL");
process.stdout.write(JSON.stringify(found), () => process.exit());
