import { describeStalls } from "../../adapter-net/test/stall.ts";

describeStalls("udp", 1);
