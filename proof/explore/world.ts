// What there is between two ends: the sides, the frames on their way, and the notes that are kept of it all.

import type { Endpoint } from "../../packages/core/src/endpoint/endpoint.ts";
import type { DataFrame, Frame } from "../../packages/core/src/endpoint/frame.ts";
import type { Hub } from "../../packages/core/src/endpoint/hub.ts";
import type { Claim } from "../../packages/core/src/endpoint/incarnation.ts";
import type { PeerRef } from "../../packages/core/src/monitor/refs.ts";
import type { Status } from "../../packages/core/src/peer/state.ts";
import type { ManualHost } from "../../packages/core/src/testing/manual-host.ts";

export type Name = "a" | "b";
export const NAMES: readonly Name[] = ["a", "b"];
export const otherOf = (name: Name): Name => (name === "a" ? "b" : "a");

/** What one process is known to have seen of the other side. */
export interface Notes {
  status: Status;
  session: number;
  /** Time in which it ran, since it was given something fresh. Never more than the silence it may hold against the other. */
  silentMs: number;
  /** The highest number it was given in the conversation it is in, and which one that is. */
  highest: number;
  conversation: string;
  /** Its last verdict: from when on it was safe, and over which conversation of which process. */
  safeAt: number;
  dead: Claim | undefined;
  /** Who lives in the session it is in. */
  lived: Claim | undefined;
}

/** A frame on its way. */
export interface Flying {
  readonly to: Name;
  readonly frame: Exclude<Frame, DataFrame>;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** It arrived once and may arrive again. */
  doubled: boolean;
}

export interface Side {
  readonly name: Name;
  /** Undefined while the process is down. */
  endpoint: Endpoint<string> | undefined;
  host: ManualHost;
  /** How many processes there were. */
  process: number;
  epoch: number;
  /** For how many units it has been frozen; −1: it is not. */
  frozen: number;
  otherPolicy: boolean;
  hasLeft: boolean;
  /** The deadline that a driver sleeps for. */
  sleepsUntil: number;
  notes: Notes;
}

export interface World {
  now: number;
  readonly sides: Readonly<Record<Name, Side>>;
  flying: Flying[];
  readonly left: Record<
    "losses" | "doubles" | "delays" | "crashes" | "freezes" | "leaves" | "policyChanges" | "cuts",
    number
  >;
  /** Frames to this side are lost. */
  readonly cut: Record<Name, boolean>;
}

/** Private fields are opened by the bundle that this runs in; see main.ts. */
export function hubOf(endpoint: Endpoint<string>): Hub {
  return (endpoint as unknown as { readonly $hub: Hub }).$hub;
}

export function refOf({ endpoint, name }: Side): PeerRef | undefined {
  return endpoint?.find(otherOf(name));
}

export interface OpenStalls {
  readonly lostMs: number;
  readonly countedMs: number;
  readonly graceMs: number;
  readonly steadyFromAt: number;
  readonly health: number;
  readonly $servedAt: number;
  readonly $promisedMs: number;
  readonly $promisesMs: number;
  readonly $healthChangedAt: number;
}

export function stallsOf({ endpoint }: Side): OpenStalls {
  const { monitor } = hubOf(endpoint as NonNullable<Side["endpoint"]>);
  return (monitor as unknown as { readonly $stalls: OpenStalls }).$stalls;
}
