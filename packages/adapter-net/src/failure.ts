// What a socket failed of, told apart for whoever decides what to do about it, and for people.

import { TLSSocket } from "node:tls";
import { explain as explainVerdict, type PeerChange } from "@systole/core";
import type { Link } from "./link.ts";

/**
 * - `dns`: the name has no address.
 * - `refused`: nobody listens there, or there is no such path.
 * - `unreachable`: no way there, or no answer from the machine.
 * - `tls`: the handshake failed, or a certificate was not good enough.
 * - `broken`: the connection was up, and is not any more.
 */
export type Failure = "dns" | "refused" | "unreachable" | "tls" | "broken" | "other";

const BY_CODE: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: "refused",
  ENOENT: "refused",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EHOSTDOWN: "unreachable",
  ENETDOWN: "unreachable",
  EADDRNOTAVAIL: "unreachable",
  ETIMEDOUT: "unreachable",
  ECONNRESET: "broken",
  ECONNABORTED: "broken",
  EPIPE: "broken",
};

/** What a change says of the error that its connection failed of. */
export function failed({ socket, error }: Link): { error?: Error; failure?: Failure } {
  if (error === undefined) return {};
  const { code = "", syscall } = error as NodeJS.ErrnoException;
  // Only the system's own errors have one, but for the several of one that tried several addresses.
  const isOfTls = socket instanceof TLSSocket && !syscall && !(error instanceof AggregateError);
  const byCode = isOfTls ? "tls" : (BY_CODE[code] ?? "other");
  return { error, failure: syscall === "getaddrinfo" ? "dns" : byCode };
}

/**
 * One sentence about a change, with what its connection failed of.
 *
 * @example
 * ```ts
 * peer.on("suspect", (change) => log.warn(explain(change)));
 * // worker-7 is suspect after 3012 ms of silence …
 * ```
 */
export function explain(change: PeerChange & { readonly error?: Error | undefined }): string {
  const words = explainVerdict(change);
  return change.error === undefined ? words : `${words} (${change.error.message})`;
}
