import { describeStalls } from "./stall.ts";

describeStalls("tcp", 3);
