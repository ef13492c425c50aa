// A redis-server on a free port, as a process that can be frozen.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

/** Resolves once it can be connected to; ends with this process. */
export async function startRedis(args = []) {
  const port = await freePort();
  const own = ["--bind", "127.0.0.1", "--port", `${port}`, "--save", "", "--dir", "/tmp"];
  const child = spawn("redis-server", [...own, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => child.kill("SIGKILL"));
  await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`redis-server ended with ${code}`)));
    child.stdout.on("data", (text) => /Ready to accept connections/.test(text) && resolve());
  });
  return { port, freeze: () => child.kill("SIGSTOP") };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
