import { describeHostile } from "./hostile.ts";

describeHostile(2_500_000);
