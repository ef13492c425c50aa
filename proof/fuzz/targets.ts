// The targets: names only.
import type { Target } from "./target.ts";
import { endpoint } from "./targets/endpoint.ts";
import { frames } from "./targets/frames.ts";
import { policy } from "./targets/policy.ts";
import { replays } from "./targets/replay.ts";
import { streams } from "./targets/streams.ts";

export const TARGETS: readonly Target[] = [frames, streams, endpoint, replays, policy];
