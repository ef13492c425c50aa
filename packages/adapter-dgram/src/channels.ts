// What others may listen in on, without touching our objects: the diagnostics channels of Node.
// Without subscribers they cost nothing.

import { type Channel, channel } from "node:diagnostics_channel";

/** Every change of status, as `{ transport, local, ...change }`. */
export const changeChannel: Channel = channel("systole:change");

/** Every beat sent or received, as `{ transport, local, id, direction, at, seq }`. */
export const beatChannel: Channel = channel("systole:beat");

/** `local` is our own id. */
export function publish(on: Channel, local: string, message: object): void {
  if (on.hasSubscribers) on.publish({ transport: "udp", local, ...message });
}
