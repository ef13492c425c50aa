import { describeStalls } from "./stall.ts";

describeStalls("tcp", 1);
