import { describeMatrix } from "./matrix.ts";

describeMatrix({ instant: 1_000, timed: 20 });
