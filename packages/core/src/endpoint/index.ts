// @systole/core/endpoint: names only.

export { ChangeFeed, type Changes, type ChangesOptions } from "../changes.ts";
export { type Decoded, decodeFrame } from "./decode.ts";
export { encodeFrame } from "./encode.ts";
export { createEndpoint, type Endpoint } from "./endpoint.ts";
export {
  type BeatFrame,
  type DataFrame,
  type Frame,
  type FrameFault,
  type Identity,
  type LeaveFrame,
  type LeaveReason,
  MAX_CONTROL_BYTES,
  MAX_ID_BYTES,
  type NoticeFrame,
  type NoticeKind,
  PADDED_BYTES,
  type Word64,
} from "./frame.ts";
export type {
  Acceptance,
  Candidate,
  EndpointAddOptions,
  EndpointLimits,
  EndpointOptions,
  LeaveOptions,
  LeaveSoonOptions,
  Transport,
} from "./options.ts";
export type {
  BeatObserved,
  DeclaredDeadOutput,
  DropReason,
  EndpointChange,
  EndpointOutput,
  EndpointStats,
  MessageOutput,
  MovedOutput,
  NamedOutput,
  RefusedOutput,
  RefusedReason,
  UnauthenticatedOutput,
} from "./outputs.ts";
export type { SealFault, Sealing } from "./sealing.ts";
export type { StreamFault } from "./stream.ts";
