// `sender.mjs NAME BYTES MESSAGES WARM_UP PORT`: sends so many messages, and says what those after the
// warm-up cost.

import { openSender } from "./loops.mjs";

const [name, ...numbers] = process.argv.slice(2);
const [bytes, messages, warmUp, port] = numbers.map(Number);
const message = new Uint8Array(bytes);
message[bytes - 1] = 1;

process.on("disconnect", () => process.exit());
const { send, onDrain, onFlushed } = await openSender(name, bytes, port);
let left = messages;
let cpuBefore;
onDrain(pump);
pump();

function pump() {
  while (left > 0) {
    if (messages - left === warmUp) cpuBefore = process.cpuUsage();
    left -= 1;
    if (left === 0) onFlushed(done);
    if (!send(message)) return;
  }
}

function done() {
  const { user, system } = process.cpuUsage(cpuBefore);
  process.send({ cpuMicros: user + system });
}
