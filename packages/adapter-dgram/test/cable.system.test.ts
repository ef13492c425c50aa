// Two nodes in namespaces of their own with a cable between them, which is pulled: for both directions, or
// for one only. Both sides notice either way; who still hears the other says so.
import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Child, killChildren } from "../../adapter-net/test/waiting.ts";

const SCRIPT = new URL("children/neighbour.mjs", import.meta.url);
const PORT = 7_001;
const SIDES = [
  { name: "left", address: "10.77.0.1" },
  { name: "right", address: "10.77.0.2" },
] as const;

interface Said {
  readonly session: number;
  readonly reason?: string;
  readonly words: string;
  readonly evidence: { readonly oneWay: boolean };
}

const spaceOf = (name: string) => `systole-${process.pid}-${name}`;
const ip = (...args: string[]) => execFileSync("ip", args, { stdio: "pipe" });
const within = (name: string, ...command: string[]) =>
  ip("netns", "exec", spaceOf(name), ...command);

function canMakeSpaces(): boolean {
  try {
    const name = spaceOf("try");
    ip("netns", "add", name);
    ip("netns", "del", name);
    return true;
  } catch {
    return false;
  }
}

beforeEach(() => {
  if (!canRun) return;
  for (const { name } of SIDES) ip("netns", "add", spaceOf(name));
  ip(
    "link",
    "add",
    "cable",
    "netns",
    spaceOf("left"),
    "type",
    "veth",
    "peer",
    "name",
    "cable",
    "netns",
    spaceOf("right"),
  );
  for (const { name, address } of SIDES) {
    within(name, "ip", "addr", "add", `${address}/24`, "dev", "cable");
    within(name, "ip", "link", "set", "cable", "up");
  }
});

afterEach(async () => {
  await killChildren();
  for (const { name } of SIDES) if (canRun) ip("netns", "del", spaceOf(name));
});

const canRun = canMakeSpaces();
const neighbours = () =>
  SIDES.map(({ name, address }, n) => {
    const other = SIDES[1 - n] as (typeof SIDES)[number];
    const args = [name, address, other.name, other.address, PORT];
    return new Child({ script: SCRIPT, through: ["ip", "netns", "exec", spaceOf(name)] }, ...args);
  }) as [Child, Child];

/** Whoever starts first may have found nobody there yet. */
async function death(side: Child): Promise<Said> {
  for (;;) {
    const said = await side.says<Said>("dead");
    if (said.reason !== "unreachable") return said;
  }
}

test.runIf(canRun)("a cable pulled for both directions is silence on both sides", async () => {
  const [left, right] = neighbours();
  await Promise.all([left.says("alive"), right.says("alive")]);
  within("left", "ip", "link", "set", "cable", "down");
  for (const side of [left, right]) {
    const dead = await death(side);
    expect(dead).toMatchObject({ reason: "silence", evidence: { oneWay: false } });
  }
  within("left", "ip", "link", "set", "cable", "up");
  await Promise.all([left.says("alive"), right.says("alive")]);
});

test.runIf(canRun)(
  "pulled for one direction only, whoever still hears the other says so",
  async () => {
    const [left, right] = neighbours();
    await Promise.all([left.says("alive"), right.says("alive")]);
    // What the right one says goes to nobody's hardware address; it still hears the left one.
    const wrong = ["lladdr", "02:00:00:00:00:99", "nud", "permanent"];
    within("right", "ip", "neigh", "replace", SIDES[0].address, "dev", "cable", ...wrong);
    const deaf = await death(left);
    expect(deaf).toMatchObject({ reason: "silence", evidence: { oneWay: false } });
    const mute = await death(right);
    console.log(`left: ${deaf.words}\nright: ${mute.words}`);
    expect(mute).toMatchObject({ reason: "silence", evidence: { oneWay: true } });
    expect(mute.words).toContain("one-way: we hear it, it does not hear us");
    within("right", "ip", "neigh", "del", SIDES[0].address, "dev", "cable");
    await Promise.all([left.says("alive"), right.says("alive")]);
  },
);
