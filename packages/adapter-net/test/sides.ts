// Servers and peers that a test opens, and that are gone when it ends.
import type { AddressInfo } from "node:net";
import {
  type Connection,
  type ConnectOptions,
  connect,
  createServer,
  type ServerOptions,
  type SystoleServer,
} from "@systole/adapter-net";

export const QUICK = { intervalMs: 100, suspectAfterMs: 400, deadAfterMs: 800 };
const open: AsyncDisposable[] = [];

/** Nothing that was opened outlives its test. */
export async function closeAll(): Promise<void> {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
}

/** Gone with everything else. */
export function keep<Thing extends AsyncDisposable>(thing: Thing): Thing {
  open.push(thing);
  return thing;
}

export async function listening(
  options: Partial<ServerOptions> = {},
): Promise<[server: SystoleServer, port: number]> {
  const server = keep(createServer({ id: "scheduler", policy: QUICK, ...options }));
  await server.listen(0, "127.0.0.1");
  return [server, (server.address() as AddressInfo).port];
}

export function connecting(port: number, options: Partial<ConnectOptions> = {}): Connection {
  return keep(connect({ host: "127.0.0.1", port, id: "worker-7", ...options }));
}

export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
export const bytes = (words: string): Uint8Array => new TextEncoder().encode(words);

/** The payload of a message that is numbered: its number, and so many bytes. */
export function numbered(n: number, lengthBytes: number): Uint8Array {
  const payload = new Uint8Array(lengthBytes);
  new DataView(payload.buffer).setUint32(0, n);
  return payload;
}

export function numberOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}
