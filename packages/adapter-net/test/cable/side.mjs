// `side.mjs server ADDRESS` and `side.mjs client ADDRESS PORT BARE_PORT`: one end of the cable, and
// beside it what everybody else uses: bare sockets, with keepalive, with keepalive and a timeout. All
// that is noticed is told, dated by a clock that the ends share.
import { once } from "node:events";
import { connect as bareConnect, createServer as bareServer } from "node:net";
import { connect, createServer, strict } from "@systole/adapter-net";
import { kernelViewOf } from "../kernel.mjs";

const [role, address, ...ports] = process.argv.slice(2);
const say = (message) => process.send(message);
const now = () => performance.timeOrigin + performance.now();

const roles = { server: serve, client: join };
await roles[role]();
process.on("disconnect", () => process.exit());

function tellChanges(emitter) {
  emitter.on("change", (change) => {
    const { to, session, reason } = change;
    const words = `${to}#${session}${reason ? ` ${reason}` : ""}`;
    say({ type: "noticed", who: "systole", at: now(), words });
  });
}

async function serve() {
  const server = createServer({ id: "server", policy: strict });
  tellChanges(server);
  await server.listen(0, address);
  // Answers everything: whoever keeps talking hears something, too.
  const bare = bareServer((socket) => socket.on("error", () => {}).pipe(socket));
  bare.listen(0, address);
  await once(bare, "listening");
  say({ type: "listening", port: server.address().port, bare: bare.address().port });
}

async function join() {
  const [port, bare] = ports.map(Number);
  const peer = connect({ host: address, port, id: "client", policy: strict, reconnect: true });
  tellChanges(peer);
  // Idle, so that keepalive is what is sent.
  const idle = await open("keepalive, idle socket", bare);
  // Busy: while bytes wait for an acknowledgement keepalive does nothing, and each write is activity
  // to the timeout.
  const busy = await open("keepalive and setTimeout, busy socket", bare);
  busy.setTimeout(strict.deadAfterMs);
  setInterval(() => busy.writable && busy.write("tick\n"), strict.intervalMs);
  await peer.alive();
  say({ type: "joined", idle: await kernelViewOf(idle) });
}

async function open(who, port) {
  const socket = bareConnect({
    host: address,
    port,
    keepAlive: true,
    keepAliveInitialDelay: 1_000,
  });
  socket.resume();
  for (const event of ["timeout", "error", "end"]) {
    socket.on(event, (error) =>
      say({ type: "noticed", who, at: now(), words: error?.code ?? event }),
    );
  }
  await once(socket, "connect");
  return socket;
}
