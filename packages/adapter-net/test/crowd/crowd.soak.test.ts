import { soakFigures } from "../../../../proof/soaks.ts";
import { describeCrowd } from "./crowd.ts";

describeCrowd(5_000, soakFigures("soak-crowd-tcp", "packages/adapter-net/test/crowd"));
