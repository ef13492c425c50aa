// `pnpm chat`: a chat in which everybody sees whether the others are still there. Four guests, each a
// process, play a scene on Bea's screen: one freezes and comes back, one crashes, one freezes for good,
// one leaves. Exit code 0 only if the room told it as it was. To chat yourself, in terminals of your own:
//
//   node examples/chat/chat.mjs serve 7000
//   node examples/chat/guest.mjs ann 7000

import { fork } from "node:child_process";
import { openRoom } from "./room.mjs";
import { shown } from "./screen.mjs";

const [mode, port] = process.argv.slice(2);
if (mode === "serve") await serve(Number(port));
else process.exitCode = (await play()) ? 0 : 1;

async function serve(wanted) {
  const room = await openRoom({ port: wanted, onTold: (what) => console.log(shown(what)) });
  console.log(`The room is open: node examples/chat/guest.mjs YOUR-NAME ${room.port}`);
}

/** Every step waits for what the room tells, never for a time. */
async function play() {
  const told = [];
  let tellNext = () => {};
  const onTold = (what) => {
    told.push(what);
    tellNext();
  };
  const room = await openRoom({ onTold });
  const guests = new Map();
  let seen = 0;
  const heard = async (who, what) => {
    for (; ; seen++) {
      while (seen === told.length) {
        await new Promise((resolve) => {
          tellNext = resolve;
        });
      }
      const each = told[seen];
      if (each.who === who && (each.is === what || each.says === what)) return each;
    }
  };
  const comes = async (name) => {
    const stdio = ["ignore", name === "bea" ? "inherit" : "ignore", "inherit", "ipc"];
    const env = { ...process.env, ...(process.stdout.isTTY && { FORCE_COLOR: "1" }) };
    const file = new URL("guest.mjs", import.meta.url);
    guests.set(name, fork(file, [name, `${room.port}`], { stdio, env }));
    await heard(name, "here");
  };
  const says = (name, text) => {
    guests.get(name).send({ says: text });
    return heard(name, text);
  };
  const signal = (name, what) => guests.get(name).kill(what);

  for (const name of ["bea", "ann", "carl", "dora"]) await comes(name);
  await says("ann", "Did somebody close the door of the server room?");
  await says("bea", "Carl wanted to.");
  signal("carl", "SIGSTOP");
  await heard("carl", "quiet");
  await says("bea", "Carl?");
  signal("carl", "SIGCONT");
  await heard("carl", "back");
  await says("carl", "Sorry, my laptop slept for a moment. The door is shut.");
  signal("ann", "SIGKILL");
  await heard("ann", "gone");
  signal("dora", "SIGSTOP");
  await says("bea", "Dora, do you still see Ann?");
  await heard("dora", "gone");
  await says("carl", "It is only us two, then. Good night!");
  guests.get("carl").send({});
  await heard("carl", "gone");

  const others = ["SIGCONT", "SIGKILL"];
  for (const how of others) signal("dora", how);
  guests.get("bea").send({});
  await new Promise((resolve) => guests.get("bea").once("exit", resolve));
  await room.close();
  const gone = told.filter(({ is }) => is === "gone").map(({ who, reason }) => `${who} ${reason}`);
  const doubted = new Set(told.filter(({ is }) => is === "quiet").map(({ who }) => who));
  return (
    gone.join(", ") === "ann closed, dora silence, carl left, bea left" &&
    // A busy machine may keep others waiting, too.
    doubted.has("carl") &&
    doubted.has("dora")
  );
}
