// A scenario: everything that happens in one cluster, as plain data that can be read, shrunk and kept in a
// file. draw.ts makes them up, world.ts plays them.
import type { PolicyOptions, Role } from "@systole/core";
import { adaptive, type Detector, phi } from "@systole/core/detectors";
import type { Transport } from "@systole/core/endpoint";
import type { LinkOptions } from "@systole/core/testing";

/** Detectors by name. `own` is one that a user may write. */
export type DetectorName = "fixed" | "phi" | "adaptive" | "own";

/** A policy as data. */
export type PolicyPlan = Omit<PolicyOptions, "detector" | "shadow"> & {
  readonly detector: DetectorName;
  readonly shadow?: DetectorName | undefined;
};

export interface NodePlan {
  readonly policy: PolicyPlan;
  readonly driftPpm: number;
  readonly countsSleep: boolean;
}

/** Two nodes that know each other: `from` adds `to`, which takes it in, or adds it too. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly byHand: boolean;
  readonly roles: readonly [Role, Role];
  /** Of each end towards the other, where it is not that of the node. */
  readonly policies: readonly [PolicyPlan | null, PolicyPlan | null];
}

/** What can happen. `who` is a node, `edge` an edge, both by their numbers. */
export type Fault =
  | { readonly type: "nothing" | "heal all" }
  | { readonly type: "cut"; readonly edge: number; readonly way: "both" | "there" | "back" }
  | { readonly type: "heal"; readonly edge: number }
  | { readonly type: "split"; readonly first: number; readonly count: number }
  | { readonly type: "freeze" | "sleep"; readonly who: number; readonly ms: number }
  | { readonly type: "throttle"; readonly who: number; readonly ms: number }
  | { readonly type: "crash"; readonly who: number }
  | { readonly type: "restart"; readonly who: number; readonly clockMs: number }
  | { readonly type: "leave" | "pause" | "resume"; readonly edge: number; readonly end: 0 | 1 }
  | {
      readonly type: "policy";
      readonly edge: number;
      readonly end: 0 | 1;
      readonly policy: PolicyPlan;
    }
  | { readonly type: "rebind"; readonly who: number; readonly oldWorks: boolean }
  | { readonly type: "hang up" | "half open"; readonly who: number }
  | { readonly type: "weather"; readonly link: LinkOptions };

export interface Step {
  readonly fault: Fault;
  /** How long nothing else happens after it, in ms. */
  readonly waitMs: number;
}

export interface Scenario {
  /** What the network, the clocks and the endpoints draw from. */
  readonly seed: number;
  readonly transport: Transport;
  /** Whether datagrams are sealed. */
  readonly keys: boolean;
  readonly link: LinkOptions;
  readonly nodes: readonly NodePlan[];
  readonly edges: readonly Edge[];
  readonly steps: readonly Step[];
  /** Whether the monitors of the first four nodes are played in lock step with their dumb twins. */
  readonly twins: boolean;
  /** Whether in the end all but one go, and the last one must forget them. */
  readonly buries: boolean;
}

/** Suspects later where frames are lost, and never looks at a clock. */
function lossAware(
  { lost, received }: { lost: number; received: number },
  policy: { suspectAfterMs: number },
) {
  const share = lost + received === 0 ? 0 : lost / (lost + received);
  return policy.suspectAfterMs * (1 + share);
}

const DETECTORS: Readonly<Record<DetectorName, Detector | undefined>> = {
  fixed: undefined,
  phi: phi(),
  adaptive: adaptive(),
  own: lossAware,
};

/** A policy as endpoints want it. */
export function policyOf({ detector, shadow, ...numbers }: PolicyPlan): PolicyOptions {
  return {
    ...numbers,
    detector: DETECTORS[detector],
    shadow: shadow === undefined ? undefined : DETECTORS[shadow],
  };
}
