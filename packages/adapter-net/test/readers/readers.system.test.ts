import { describeReaders } from "./readers.ts";

describeReaders();
