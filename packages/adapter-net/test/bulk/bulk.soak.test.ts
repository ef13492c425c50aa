import { afterAll } from "vitest";
import { soakRows } from "../../../../proof/soaks.ts";
import { killChildren } from "../waiting.ts";
import { describeBulk } from "./bulk.ts";

afterAll(killChildren);

describeBulk(50, soakRows("soak-bulk", "packages/adapter-net/test/bulk"));
