import { afterAll } from "vitest";
import { soakRows } from "../../../../proof/soaks.ts";
import { killChildren } from "../waiting.ts";
import { describeMatrix } from "./matrix.ts";

afterAll(killChildren);

describeMatrix(
  { instant: 10_000, timed: 400 },
  soakRows("soak-matrix", "packages/adapter-net/test/matrix"),
);
