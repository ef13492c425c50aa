import { afterAll } from "vitest";
import { killChildren } from "../waiting.ts";
import { describeBulk } from "./bulk.ts";

afterAll(killChildren);

describeBulk(50);
