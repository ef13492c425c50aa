import { soakRows } from "../../../proof/soaks.ts";
import { describeHostile } from "./hostile.ts";

describeHostile(2_500_000, soakRows("soak-hostile", "packages/adapter-dgram/test/hostile"));
