import { afterAll } from "vitest";
import { killChildren } from "../waiting.ts";
import { describeMatrix } from "./matrix.ts";

afterAll(killChildren);

describeMatrix({ instant: 10_000, timed: 400 });
