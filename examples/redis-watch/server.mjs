// A redis-server on a free port, as a process that can be frozen.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

const MOST_TRIES = 5;

/**
 * Resolves once it can be connected to; ends with this process. It cannot pick a port itself, and one that is free
 * now may be taken before it has it: then it tries another.
 */
export async function startRedis(args = []) {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const own = ["--bind", "127.0.0.1", "--port", `${port}`, "--save", "", "--dir", "/tmp"];
    const child = spawn("redis-server", [...own, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const code = await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", resolve);
      child.stdout.on("data", (text) => /Ready to accept connections/.test(text) && resolve());
    });
    if (code === undefined) {
      process.on("exit", () => child.kill("SIGKILL"));
      return { port, freeze: () => child.kill("SIGSTOP") };
    }
    if (tries === MOST_TRIES) throw new Error(`redis-server ended with ${code}`);
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
