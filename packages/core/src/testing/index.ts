// @systole/core/testing: time that moves when told to.

export { ManualHost, type ManualHostOptions } from "./manual-host.ts";
