// What listens for a server: a TCP or TLS server of ours, or one of the user's own.

import { createServer as createTcpServer, type Server } from "node:net";
import { createServer as createTlsServer, type TlsOptions, Server as TlsServer } from "node:tls";
import { definePolicy, type PolicyOptions } from "@systole/core";
import { checkOption } from "@systole/core/adapter";
import type { EndpointLimits } from "@systole/core/endpoint";

/** What of the options of a server is about that. */
interface ListenerOptions {
  readonly server?: Server | undefined;
  readonly tls?: TlsOptions | undefined;
  readonly policy?: PolicyOptions | undefined;
  readonly limits?: EndpointLimits | undefined;
}

/** @throws TypeError or RangeError as `createServer` */
export function listenerOf({ server, tls, policy, limits }: ListenerOptions): Server {
  const wayOut = "Give the options of TLS to your own tls.createServer.";
  const isEither = server === undefined || tls === undefined;
  checkOption(isEither, "tls", "both", "left out where there is a server", wayOut);
  if (server !== undefined) return server;
  if (tls === undefined) return createTcpServer();
  // Before its handshake of TLS nobody can say who it is, so that is as long as ours may take.
  const { deadAfterMs } = definePolicy(policy);
  return createTlsServer({ handshakeTimeout: limits?.handshakeMs ?? deadAfterMs, ...tls });
}

/** When a connection can be spoken on: with TLS, after its handshake. */
export function readyEvent(server: Server): "connection" | "secureConnection" {
  return server instanceof TlsServer ? "secureConnection" : "connection";
}
