// @systole/core/testing: names only.

export {
  type History,
  type HistoryEvent,
  type HistoryStep,
  type PlayedStep,
  playHistory,
} from "./history.ts";
export { ManualHost, type ManualHostOptions } from "./manual-host.ts";
export { playScenario, type ScenarioOptions } from "./scenario.ts";
export {
  type Bursts,
  type LinkOptions,
  type NetworkOptions,
  SimulatedNetwork,
} from "./simulated-network.ts";
export { type NodeOptions, SimulatedNode } from "./simulated-node.ts";
export {
  type ContractEnd,
  type ContractPair,
  type ContractPath,
  type ContractReceiver,
  type MakePair,
  TransportContractError,
  type TransportRule,
} from "./transport-bench.ts";
export {
  type ContractCase,
  type TransportContractOptions,
  transportContract,
} from "./transport-contract.ts";
