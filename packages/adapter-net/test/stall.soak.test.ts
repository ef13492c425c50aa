import { soakRows } from "../../../proof/soaks.ts";
import { describeStalls } from "./stall.ts";

describeStalls("tcp", 10, soakRows("soak-stalls-tcp", "packages/adapter-net/test/stall"));
