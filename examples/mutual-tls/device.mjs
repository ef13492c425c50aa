// A device in a process of its own; what it needs to connect comes from its parent. It lives until it is
// killed.

import { connect } from "@systole/adapter-net";

process.once("message", ({ id, port, tls }) => {
  const device = connect({ id, host: "127.0.0.1", port, tls });
  device.on("message", (bytes) => device.send(bytes));
});
process.on("disconnect", () => process.exit());
