import { soakRows } from "../../../proof/soaks.ts";
import { describeStalls } from "../../adapter-net/test/stall.ts";

describeStalls("udp", 10, soakRows("soak-stalls-udp", "packages/adapter-dgram/test/stall"));
