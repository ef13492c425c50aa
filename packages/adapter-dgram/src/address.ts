// Where peers are. To the endpoint an address is one string, its path; to the socket it is an IP
// address and a port, and never a name.

import { isIP, isIPv4, SocketAddress } from "node:net";
import { SystoleRangeError, SystoleTypeError } from "@systole/core";

/** Where a peer is: an IP address, never a name, and a port. */
export interface PeerAddress {
  readonly address: string;
  readonly port: number;
}

const MAPPED = "::ffff:";

/** Datagrams go to addresses: a name would be looked up for every single one of them. */
export function asItIs(
  address: string,
  family: unknown,
  callback: (error: null, address: string, family: number) => void,
): void {
  callback(null, address, family as number);
}

export function pathOf({ address, port }: PeerAddress): string {
  // As the kernel writes it: an IPv6 address has many spellings. Those with a scope are left alone.
  const isPlain6 = isIP(address) === 6 && !address.includes("%");
  const plain = isPlain6 ? new SocketAddress({ address, family: "ipv6" }).address : address;
  return pathFrom({ address: plain, port });
}

/** Of a datagram that arrived. A socket for both families sees IPv4 addresses inside of IPv6 ones. */
export function pathFrom({ address, port }: PeerAddress): string {
  return address.startsWith(MAPPED)
    ? `${address.slice(MAPPED.length)}|${port}`
    : `${address}|${port}`;
}

/** What a socket of this family calls an address. */
export function asSeenBy(family: string, address: string): string {
  return family === "IPv6" && isIPv4(address) ? MAPPED + address : address;
}

/** So many paths are kept ready; whoever sends from more addresses than that only makes us slower. */
export const KEPT_PATHS = 65_536;

/** Paths of senders, made once: every datagram brings its address as a new string. */
export class Paths {
  readonly #byAddress: Map<string, Map<number, string>> = new Map();
  #kept = 0;

  of(from: PeerAddress): string {
    return this.#byAddress.get(from.address)?.get(from.port) ?? this.#keep(from);
  }

  #keep({ address, port }: PeerAddress): string {
    if (this.#kept === KEPT_PATHS) {
      this.#byAddress.clear();
      this.#kept = 0;
    }
    const path = pathFrom({ address, port });
    const byPort = this.#byAddress.get(address);
    if (byPort) byPort.set(port, path);
    else this.#byAddress.set(address, new Map([[port, path]]));
    this.#kept += 1;
    return path;
  }
}

export function addressOf(path: string): PeerAddress {
  const at = path.lastIndexOf("|");
  return { address: path.slice(0, at), port: Number(path.slice(at + 1)) };
}

export function checkAddress({ address, port }: PeerAddress, leastPort: 0 | 1): void {
  if (typeof address !== "string" || isIP(address) === 0) {
    throw new SystoleTypeError(
      "ERR_SYSTOLE_OPTION",
      `address must be an IPv4 or IPv6 address (got ${JSON.stringify(address)}).\nLook a name up once, with dns.lookup, and give the address.`,
      address,
    );
  }
  if (!(Number.isInteger(port) && port >= leastPort && port <= 65_535)) {
    throw new SystoleRangeError(
      "ERR_SYSTOLE_OPTION",
      `port must be a whole number from ${leastPort} to 65535 (got ${port}).\nGive the port the other node is bound to.`,
      port,
    );
  }
}
