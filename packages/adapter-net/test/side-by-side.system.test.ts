// The long ones at the same time: most of them wait for a wire or for a silence, only the rounds of the
// fault matrix compute. Everything that is judged lives in a process of its own, or is excused with it.
import { afterAll } from "vitest";
import { describeBulk } from "./bulk/bulk.ts";
import { describeCable } from "./cable/cable.ts";
import { describeMatrix } from "./matrix/matrix.ts";
import { describeReaders } from "./readers/readers.ts";
import { killChildren } from "./waiting.ts";

afterAll(killChildren);

describeBulk(5);
describeCable();
describeReaders();
describeMatrix({ instant: 1_000, timed: 20 });
