// What others may listen in on, without touching our objects: the diagnostics channels of Node.
// Without subscribers they cost nothing.

import { type Channel, channel } from "node:diagnostics_channel";

/** Every change of status, as `{ transport, local, ...change }`; `transport` is `tcp` or `watch`. */
export const changeChannel: Channel = channel("systole:change");

/** Every beat sent or received, as `{ transport, local, id, direction, … }`. */
export const beatChannel: Channel = channel("systole:beat");

/** `local` is our own id; a watch has none. */
export function publish(
  on: Channel,
  transport: "tcp" | "watch",
  local: string | undefined,
  message: object,
): void {
  if (on.hasSubscribers) on.publish({ transport, local, ...message });
}
