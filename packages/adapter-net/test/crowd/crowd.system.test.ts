import { describeCrowd } from "./crowd.ts";

describeCrowd(1_000);
