import { describeCable } from "./cable.ts";

describeCable();
