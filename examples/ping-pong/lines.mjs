/** Binds whoever judges to a socket on which lines are spoken, PING and PONG among them. */
export function bindLines(socket, judge) {
  let open = true;
  let unfinished = "";
  socket.setEncoding("latin1");
  socket.on("data", (text) => {
    if (!open) return;
    judge.heard(socket); // any byte is life, not only a PONG
    const lines = (unfinished + text).split(/\r?\n/);
    unfinished = lines.pop().slice(-1_024); // whoever sends no line end costs no memory
    for (const line of lines) if (open && line === "PING") socket.write("PONG\n");
  });
  socket.on("error", () => {}); // "close" follows
  socket.on("close", () => {
    open = false;
    judge.ended(socket, "closed");
  });
  return {
    path: socket,
    send() {
      const isSent = open && !socket.writableNeedDrain; // what waits in a queue says nothing later
      if (isSent) socket.write("PING\n");
      return isSent;
    },
    close() {
      open = false;
      socket.destroy();
    },
  };
}
