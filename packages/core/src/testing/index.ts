// @systole/core/testing: names only.

export { ManualHost, type ManualHostOptions } from "./manual-host.ts";
export {
  type LinkOptions,
  type NetworkOptions,
  type NodeOptions,
  SimulatedNetwork,
  SimulatedNode,
} from "./simulated-network.ts";
