import { describeBulk } from "./bulk.ts";

describeBulk(50);
