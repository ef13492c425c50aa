/** With more than this unsent, a beat would only wait: it is refused instead. */
const MAX_QUEUED_BYTES = 65_536;
const OPEN = 1;

/** Binds an endpoint to an open WebSocket: a browser's, or one of `ws`. Text is left to the application. */
export function bindSocket(ws, endpoint) {
  let open = true;
  ws.binaryType = "arraybuffer";
  ws.addEventListener("message", ({ data }) => {
    if (open && typeof data !== "string") endpoint.receive(new Uint8Array(data), ws);
  });
  ws.addEventListener("close", () => {
    open = false;
    endpoint.ended(ws, "closed");
  });
  return {
    path: ws,
    send(frame) {
      if (!open || ws.readyState !== OPEN || ws.bufferedAmount > MAX_QUEUED_BYTES) return false;
      ws.send(frame);
      return true;
    },
    close() {
      open = false;
      // Who is dead answers no closing handshake; a browser waits for it where nobody sees it.
      if (ws.terminate) ws.terminate();
      else ws.close();
    },
  };
}
