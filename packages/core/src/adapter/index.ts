// @systole/core/adapter: names only. What adapters are made of, besides a monitor or an endpoint.

export { checkOption } from "../errors.ts";
export { ChangeFeed, type Changes, type ChangesOptions } from "./changes.ts";
