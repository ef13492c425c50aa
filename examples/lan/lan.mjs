// `pnpm lan`: five processes that know nothing of each other find each other by multicast, and then watch
// each other over plain unicast. One comes late, one is killed, one freezes and returns, one leaves.
// Exit code 0 only if all that were left saw all of it. Give the address of a network of yours to
// take part in it: node examples/lan/lan.mjs 192.168.0.17

import { fork } from "node:child_process";

const [interfaceAddress = "127.0.0.1"] = process.argv.slice(2);
const EARLY = ["ash", "birch", "cedar", "dogwood"];
const LATE = "elm";
const startedAt = performance.now();
const members = new Map();
/** By member: what it thinks of every other one. */
const views = new Map();
let check = () => {};

line(`${EARLY.join(", ")} start, and announce themselves to a group`);
for (const id of EARLY) start(id);
await agreed("everybody sees everybody", seesAll(EARLY));
line(`→ ${LATE} starts`);
start(LATE);
await agreed(`everybody sees ${LATE}, and ${LATE} everybody`, seesAll([...EARLY, LATE]));
line("→ SIGKILL birch");
members.get("birch").kill("SIGKILL");
await agreed("everybody else knows that birch is dead", sees("birch", "dead silence"));
line("→ SIGSTOP cedar");
members.get("cedar").kill("SIGSTOP");
await agreed(
  "everybody else suspects cedar, at the least",
  sees("cedar", "suspect", "dead silence"),
);
line("→ SIGCONT cedar");
members.get("cedar").kill("SIGCONT");
await agreed("everybody sees cedar again", sees("cedar", "alive"));
line("→ dogwood leaves");
members.get("dogwood").send("leave");
await new Promise((resolve) => members.get("dogwood").once("exit", resolve));
await agreed("everybody else knows that dogwood left", sees("dogwood", "dead left"));

console.log(`\n${table()}\n`);
for (const member of members.values()) member.kill("SIGKILL");
process.exit(0);

function start(id) {
  views.set(id, new Map());
  const member = fork(new URL("member.mjs", import.meta.url), [
    `party-${process.pid}`,
    id,
    interfaceAddress,
  ]);
  members.set(id, member);
  member.on("message", ({ of, to, reason }) => {
    views.get(id).set(of, reason === undefined ? to : `${to} ${reason}`);
    check();
  });
  member.on("exit", () => {
    members.delete(id);
    views.delete(id);
    check();
  });
}

function seesAll(names) {
  return (id, view) => names.every((of) => of === id || view.get(of) === "alive");
}

/** Who is left sees `of` in any of these ways. */
function sees(of, ...any) {
  return (id, view) => of === id || any.includes(view.get(of));
}

/** Waits until that is so for all who are left. */
async function agreed(text, isSo) {
  await new Promise((resolve) => {
    check = () => [...views].every(([id, view]) => isSo(id, view)) && resolve();
    check();
  });
  line(text);
}

function table() {
  const names = [...EARLY, LATE];
  const rows = [...views].map(([id, view]) =>
    names.map((of) => (of === id ? "·" : (view.get(of) ?? "?")).padEnd(14)),
  );
  const head = `  ${"".padEnd(10)}${names.map((name) => name.padEnd(14)).join("")}`;
  const lines = [...views.keys()].map((id, at) => `  ${id.padEnd(10)}${rows[at].join("")}`);
  return [head.trimEnd(), ...lines.map((each) => each.trimEnd())].join("\n");
}

function line(text) {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(2).padStart(6);
  console.log(`${seconds} s  ${text}`);
}
