// The long ones at the same time: most of them wait for a wire or for a silence, only the rounds of the
// fault matrix compute. Everything that is judged lives in a process of its own, is excused with it, or has
// time.
import { afterAll } from "vitest";
import { describeUdpCable } from "../packages/adapter-dgram/test/cable.ts";
import { describePython } from "../packages/adapter-dgram/test/python.ts";
import { describeBulk } from "../packages/adapter-net/test/bulk/bulk.ts";
import { describeCable } from "../packages/adapter-net/test/cable/cable.ts";
import { describeFaults } from "../packages/adapter-net/test/faults.ts";
import { describeMatrix } from "../packages/adapter-net/test/matrix/matrix.ts";
import { describeProcesses } from "../packages/adapter-net/test/matrix/processes.ts";
import { describeReaders } from "../packages/adapter-net/test/readers/readers.ts";
import { killChildren } from "../packages/adapter-net/test/waiting.ts";
import { describeScenes } from "./scenes.ts";

afterAll(killChildren);

// The longest first, and before the rest whose tests wait for each other: whatever begins last is waited for.
describeBulk(5);
describeProcesses();
describeFaults();
describeScenes();
describeMatrix({ instant: 1_000, timed: 20 });
describeCable();
describeUdpCable();
describeReaders();
describePython();
