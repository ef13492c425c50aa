// What there is between two ends: the sides, the frames on their way, and the notes that are kept of it all.

import type { Endpoint } from "../../packages/core/src/endpoint/endpoint.ts";
import type { DataFrame, Frame, Word64 } from "../../packages/core/src/endpoint/frame.ts";
import type { Hub } from "../../packages/core/src/endpoint/hub.ts";
import type { Claim } from "../../packages/core/src/endpoint/incarnation.ts";
import type { Pair } from "../../packages/core/src/endpoint/session.ts";
import type { PeerRef } from "../../packages/core/src/monitor/refs.ts";
import type { PeerState, Status } from "../../packages/core/src/peer/state.ts";
import type { Policy } from "../../packages/core/src/policy.ts";
import type { ManualHost } from "../../packages/core/src/testing/manual-host.ts";

export type Name = "a" | "b";
export const NAMES: readonly Name[] = ["a", "b"];
export const otherOf = (name: Name): Name => (name === "a" ? "b" : "a");

/** What one process is known to have seen of the other side. */
export interface Notes {
  status: Status;
  session: number;
  /** When that was told. */
  changedAt: number;
  /** Time in which it ran since something counted; and the same with a part of each freeze, as DESIGN wants it. */
  silentMs: number;
  creditedMs: number;
  /** The same since it began to doubt. */
  doubtedMs: number;
  doubtedCreditedMs: number;
  /** For how long it has been frozen, as long as it has not found that out. */
  frozenMs: number;
  /** The highest number it was given in the conversation it is in, and which one that is. */
  highest: number;
  conversation: string;
  /** Its last verdict: from when on it was safe, and over which conversation of which process. */
  safeAt: number;
  dead: Claim | undefined;
  /** It gave up somebody whom it never reached. */
  unreached: boolean;
  /** Who lives in the session it is in. */
  lived: Claim | undefined;
  /** Another process that claims the same id meanwhile, and since when. */
  rival: Word64 | undefined;
  rivalAt: number;
}

/** A frame on its way. */
export interface Flying {
  readonly to: Name;
  readonly frame: Exclude<Frame, DataFrame>;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** For how many units the copy of one that arrived has been under way; −1: it has not arrived. */
  copyAge: number;
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
    | ("losses" | "doubles" | "delays" | "crashes" | "freezes" | "leaves" | "policyChanges")
    | ("cuts" | "forgeries"),
    number
  >;
  /** Frames to this side are lost. */
  readonly cut: Record<Name, boolean>;
}

/** A side as it is at an instant. Snapshots cost, so each is made once and handed on. */
export interface View {
  readonly side: Side;
  readonly hub: Hub | undefined;
  readonly ref: PeerRef | undefined;
  readonly pair: Pair | undefined;
  readonly state: PeerState | undefined;
  readonly policy: Policy | undefined;
}

export type Views = Readonly<Record<Name, View>>;

export function viewOf(side: Side): View {
  const { endpoint } = side;
  const hub = endpoint && hubOf(endpoint);
  const ref = refOf(side);
  if (!endpoint || !hub || ref === undefined)
    return { side, hub, ref, pair: undefined, state: undefined, policy: undefined };
  const [state, policy] = [endpoint.state(ref), endpoint.policy(ref)];
  return { side, hub, ref, pair: hub.pairs.get(ref), state, policy };
}

export function viewsOf({ sides }: World): Views {
  return { a: viewOf(sides.a), b: viewOf(sides.b) };
}

/** Private fields are opened by the bundle that this runs in; see open.ts. */
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

export function stallsOf({ monitor }: Hub): OpenStalls {
  return (monitor as unknown as { readonly $stalls: OpenStalls }).$stalls;
}
