// Somebody's server. It knows nothing of Systole: it answers PING with PONG, and echoes all other lines.

import { createServer } from "node:net";
import { createInterface } from "node:readline";

const server = createServer((socket) => {
  socket.on("error", () => {});
  createInterface(socket).on("line", (line) => {
    socket.write(line === "PING" ? "PONG\n" : `${line}\n`);
  });
});
server.listen(0, "127.0.0.1", () => process.send(server.address().port));
