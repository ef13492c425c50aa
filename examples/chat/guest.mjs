// A guest in a process of its own: `guest.mjs NAME PORT [HOST]`. Says what is typed, or what its parent
// process wants it to say, and shows what it hears.

import { createInterface } from "node:readline";
import { connect } from "@systole/adapter-net";
import { decode, encode } from "./messages.mjs";
import { shown } from "./screen.mjs";

const [name, port, host = "127.0.0.1"] = process.argv.slice(2);
const room = connect({ host, port: Number(port), id: name, reconnect: true });
const say = (says) => room.send(encode({ says }));
let isLeaving = false;
const leave = () => {
  isLeaving = true;
  room.close();
};

room.on("message", (bytes) => console.log(shown(decode(bytes), name)));
room.on("suspect", () => console.log(shown({ who: "the room", is: "quiet" }, name)));
room.on("dead", ({ error, retryInMs }) => {
  if (isLeaving || retryInMs === undefined) return;
  const why = error === undefined ? "" : ` (${error.message})`;
  console.log(`  the connection is lost${why}, trying again in ${Math.ceil(retryInMs)} ms`);
});
room.on("close", () => process.exit());

if (process.send === undefined) {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", say);
  lines.on("close", leave);
} else {
  process.on("message", ({ says }) => (says === undefined ? leave() : say(says)));
  process.on("disconnect", () => process.exit());
}
