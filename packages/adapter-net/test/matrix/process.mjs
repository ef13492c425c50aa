// `process.mjs server ID POLICY` and `process.mjs client ID POLICY PORT [reconnect]`: one side of a round
// in a process of its own, that can be frozen and killed. Tells every change in words.
import { connect, createServer } from "@systole/adapter-net";

const [role, id, policy, port, reconnect] = process.argv.slice(2);
const options = { id, policy: JSON.parse(policy) };
const say = (message) => process.send(message);

const side =
  role === "server"
    ? createServer(options)
    : connect({
        ...options,
        host: "127.0.0.1",
        port: Number(port),
        reconnect: reconnect !== undefined,
      });
side.on("change", ({ to, session, reason }) => {
  say({ type: to, words: `${to}#${session}${reason ? ` ${reason}` : ""}` });
});
process.on("disconnect", () => process.exit());
if (role === "server") {
  await side.listen(0, "127.0.0.1");
  say({ type: "listening", port: side.address().port });
}
