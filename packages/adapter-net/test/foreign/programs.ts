// Servers that nobody here wrote, from the packages of the distribution: started on a port of their
// own, frozen, thawed, killed.
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { type AddressInfo, createServer } from "node:net";

/** What it takes to start one. */
export interface Program {
  readonly name: string;
  args(port: number): readonly string[];
  /** What it prints when it can be connected to. */
  readonly ready: RegExp;
}

export const redis: Program = {
  name: "redis-server",
  args: (port) => ["--bind", "127.0.0.1", "--port", `${port}`, "--save", "", "--daemonize", "no"],
  ready: /Ready to accept connections/,
};

export const mosquitto: Program = {
  name: "mosquitto",
  args: (port) => ["-p", `${port}`],
  ready: /mosquitto version .* running/,
};

/** Debian keeps some servers out of a user's PATH. */
const DIRECTORIES = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];

function pathOf({ name }: Program): string | undefined {
  return DIRECTORIES.map((directory) => `${directory}/${name}`).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export function isInstalled(program: Program): boolean {
  return pathOf(program) !== undefined;
}

/** One running server. */
export class Running {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(port: number, process: ChildProcess) {
    this.port = port;
    this.#process = process;
  }

  /** These programs cannot pick a port, and one that is free now may be taken before they have it. */
  static async start(program: Program): Promise<Running> {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const child = spawn(pathOf(program) as string, program.args(port));
      const trouble = await new Promise<string | undefined>((resolve) => {
        let said = "";
        const listen = (bytes: Buffer) => {
          said += bytes;
          if (program.ready.test(said)) resolve(undefined);
        };
        child.stdout.on("data", listen);
        child.stderr.on("data", listen);
        child.once("exit", (code) => resolve(`${program.name} exited with ${code}: ${said}`));
      });
      if (trouble === undefined) return new Running(port, child);
      if (attempt === 3) throw new Error(trouble);
    }
  }

  freeze(): void {
    this.#process.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process.kill("SIGCONT");
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await exited;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
