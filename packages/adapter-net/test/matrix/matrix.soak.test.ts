import { describeMatrix } from "./matrix.ts";

describeMatrix({ instant: 10_000, timed: 400 });
