// @ts-check
// What the kernel thinks of a connection, as `ss` shows it. Children in namespaces ask, too.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/**
 * State and timer of the connection with this local port: `ESTAB keepalive` where keepalive is armed,
 * `ESTAB on` while bytes wait to be acknowledged, `ESTAB none` where nothing will ever be noticed.
 * @param {import("node:net").Socket} socket
 */
export async function kernelViewOf(socket) {
  const { localPort, remotePort } = socket;
  const { stdout } = await promisify(execFile)("ss", [
    "-tnoH",
    `sport = :${localPort} and dport = :${remotePort}`,
  ]);
  const [state = "gone"] = stdout.trim().split(/\s+/);
  const [, timer = "none"] = stdout.match(/timer:\((\w+)/) ?? [];
  return `${state} ${timer}`;
}
