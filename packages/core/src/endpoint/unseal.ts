// Which datagrams are authentic, where there is a seal to tell. Whatever is not costs a counter and, now
// and then, one output: its sender is unknown, and so is its address.

import { decodeHeader } from "./decode.ts";
import { HEADER_BYTES } from "./frame.ts";
import { drop, type Hub, pathOf } from "./hub.ts";
import type { SealFault } from "./sealing.ts";
import type { Place } from "./session.ts";

/** So often one fault is told at most. */
const TELL_EVERY_MS = 60_000;

/** How many bytes are left without the seal; undefined where nothing may be read of them. */
export function unsealedBytes(hub: Hub, bytes: Uint8Array, place: Place): number | undefined {
  const { sealing } = hub.options;
  if (!sealing) return bytes.length;
  const lengthBytes = bytes.length - sealing.sealBytes;
  try {
    const opened = lengthBytes < HEADER_BYTES ? "unsealed" : sealing.open(bytes);
    if (opened === "opened") return lengthBytes;
    reject(hub, framedBytes(bytes) === bytes.length ? "unsealed" : opened, place);
  } catch (error) {
    hub.turn.fail(error);
  }
  return undefined;
}

/** Whether a datagram is a frame from end to end, or up to a seal, as far as its header says. */
export function isFramed({ options }: Hub, bytes: Uint8Array): boolean {
  const lengthBytes = framedBytes(bytes);
  return (
    lengthBytes === bytes.length || lengthBytes === bytes.length - (options.sealing?.sealBytes ?? 0)
  );
}

/** How long a frame is that begins here, as it says; undefined where none does. */
function framedBytes(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const header = decodeHeader(bytes);
  return header.ok ? header.lengthBytes : undefined;
}

function reject(hub: Hub, fault: SealFault, place: Place): void {
  drop(hub, fault);
  const { now: at } = hub.turn;
  const told = hub.unauthentic[fault];
  told.datagrams += 1;
  const path = pathOf(place);
  if (path === undefined || at - told.at < TELL_EVERY_MS) return;
  hub.turn.push({ type: "unauthenticated", at, fault, path, datagrams: told.datagrams });
  told.at = at;
  told.datagrams = 0;
}
