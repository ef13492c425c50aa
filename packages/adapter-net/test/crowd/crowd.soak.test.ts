import { describeCrowd } from "./crowd.ts";

describeCrowd(5_000);
