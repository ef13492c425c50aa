/** Binds an endpoint to its end of a MessageChannel. */
export function bindPort(port, endpoint) {
  let open = true;
  port.on("message", (frame) => open && endpoint.receive(frame, port));
  port.on("close", () => {
    open = false;
    endpoint.ended(port, "closed");
  });
  return {
    path: port,
    send(frame) {
      if (open) port.postMessage(frame);
      return open;
    },
    close() {
      open = false;
      port.close();
    },
  };
}
