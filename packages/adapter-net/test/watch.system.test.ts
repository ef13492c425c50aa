// `watch` on real sockets that speak a protocol of their own: here one that echoes every line.
import { type AddressInfo, createServer, type Server, type Socket, connect as tcp } from "node:net";
import { createWatcher, explain, type Watch, watch } from "@systole/adapter-net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { next, Story } from "./waiting.ts";

const QUICK = { intervalMs: 50, suspectAfterMs: 200, deadAfterMs: 400 };
const ECHO = (socket: Socket) => socket.pipe(socket);

let behave: (socket: Socket) => unknown = ECHO;
let server: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  behave = ECHO;
  server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    behave(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

function open(options: { allowHalfOpen?: boolean } = {}): Socket {
  const { port } = server.address() as AddressInfo;
  const socket = tcp({ port, host: "127.0.0.1", ...options });
  sockets.push(socket);
  return socket;
}

/** A beat that tells how often it was asked for. */
function counted(beat: () => unknown): { beat: () => unknown; times(n: number): Promise<void> } {
  let left = Number.POSITIVE_INFINITY;
  let done = () => {};
  return {
    beat() {
      left -= 1;
      if (left === 0) done();
      return beat();
    },
    times: (n) =>
      new Promise((resolve) => {
        left = n;
        done = resolve;
      }),
  };
}

function listeners(socket: Socket): Record<string, number> {
  const names = socket.eventNames().map(String).sort();
  return Object.fromEntries(names.map((name) => [name, socket.listenerCount(name)]));
}

test("any byte is life: a socket is alive by the echo of its beats, and stays so", async () => {
  const socket = open();
  const beats = counted(() => socket.write("ping\n"));
  const liveness = watch(socket, { beat: beats.beat, policy: QUICK, id: "echo" });
  const story = new Story(liveness);
  socket.resume();
  await story.reached("echo", "alive");
  await beats.times(12);
  expect(story.of("echo")).toEqual(["alive#1"]);
  expect(liveness.status).toBe("alive");
  liveness.unwatch();
});

test("the first bytes are never stolen, and no data listener is ever there", async () => {
  behave = (socket) => socket.write("banner\n");
  const socket = open();
  const liveness = watch(socket, { policy: QUICK });
  await next(liveness, "alive");
  expect(socket.listenerCount("data")).toBe(0);
  expect(socket.readableFlowing).toBeNull();
  const first = next<Buffer>(socket, "data");
  expect(String(await first)).toBe("banner\n");
  liveness.unwatch();
});

test("silence is suspect, then dead, and the socket is destroyed before anybody is told", async () => {
  behave = (socket) => socket.once("data", (bytes) => socket.write(bytes)).resume();
  const socket = open();
  const liveness = watch(socket, { beat: "ping\n", policy: QUICK, id: "mute" });
  const story = new Story(liveness);
  socket.resume();
  let destroyed: boolean | undefined;
  liveness.on("dead", () => {
    destroyed = socket.destroyed;
  });
  const change = await story.reached("mute", "dead");
  expect(story.of("mute")).toEqual(["alive#1", "suspect#1", "dead#1 silence"]);
  expect(destroyed).toBe(true);
  expect(explain(change as Parameters<typeof explain>[0])).toMatch(/^mute is dead after \d+ ms/);
  await new Promise((resolve) => socket.once("close", resolve));
  expect(liveness.state()).toBeUndefined();
});

test("with onDead keep the socket stays, and its next byte is a new session", async () => {
  behave = (socket) => socket.write("hello");
  const socket = open();
  const liveness = watch(socket, { policy: QUICK, onDead: "keep", id: "slow" });
  const story = new Story(liveness);
  socket.resume();
  await story.reached("slow", "dead");
  expect(socket.destroyed).toBe(false);
  sockets.find((each) => each !== socket)?.write("again");
  await story.reached("slow", "alive", 2);
  expect(story.of("slow")).toEqual([
    "alive#1",
    "suspect#1",
    "dead#1 silence",
    "connecting#2",
    "alive#2",
  ]);
  liveness.unwatch();
});

test.each([
  ["paused by its user", (socket: Socket) => socket.resume(), (socket: Socket) => socket.pause()],
  ["without any reader", () => {}, () => {}],
])(
  "a stream %s is our pause, however long, while the other side sends",
  async (_how, before, after) => {
    const chunk = Buffer.alloc(65_536, "x");
    behave = (socket) => {
      const fill = () => {
        while (socket.write(chunk));
      };
      socket.on("drain", fill);
      fill();
    };
    const socket = open();
    const beats = counted(() => {});
    const liveness = watch(socket, { beat: beats.beat, policy: QUICK, id: "flood" });
    const story = new Story(liveness);
    before(socket);
    await story.reached("flood", "alive");
    after(socket);
    // Forty beats are five times the silence that kills.
    await beats.times(40);
    expect(story.of("flood")).toEqual(["alive#1"]);
    socket.resume();
    await beats.times(8);
    expect(story.of("flood")).toEqual(["alive#1"]);
    liveness.unwatch();
  },
);

test("pause and resume by hand are no evidence either", async () => {
  behave = (socket) => socket.once("data", (bytes) => socket.write(bytes)).resume();
  const socket = open();
  const beats = counted(() => socket.write("ping\n"));
  const liveness = watch(socket, { beat: beats.beat, policy: QUICK, id: "debugged" });
  const story = new Story(liveness);
  socket.resume();
  await story.reached("debugged", "alive");
  liveness.pause();
  await beats.times(30);
  expect(story.of("debugged")).toEqual(["alive#1"]);
  liveness.resume();
  await story.reached("debugged", "dead");
});

test("a reader of 'readable' events is no paused reader", async () => {
  behave = (socket) => socket.once("data", (bytes) => socket.write(bytes)).resume();
  const socket = open();
  socket.on("readable", () => socket.read());
  const liveness = watch(socket, { beat: "ping\n", policy: QUICK, id: "readable" });
  const story = new Story(liveness);
  await story.reached("readable", "dead");
  expect(story.of("readable")).toEqual(["alive#1", "suspect#1", "dead#1 silence"]);
});

test("the other side's end is closed, at once, and destroys nothing", async () => {
  behave = (socket) => socket.end("bye");
  const socket = open({ allowHalfOpen: true });
  const liveness = watch(socket, { policy: QUICK, id: "ended" });
  const story = new Story(liveness);
  socket.resume();
  const { reason } = await story.reached("ended", "dead");
  expect(reason).toBe("closed");
  expect([socket.destroyed, socket.writable]).toEqual([false, true]);
  socket.destroy();
  await new Promise((resolve) => socket.once("close", resolve));
  expect(liveness.state()).toBeUndefined();
});

test("a publisher that never hears anything still beats, and lives by the answers", async () => {
  behave = (socket) =>
    socket.on("data", (bytes) => {
      if (bytes.includes("ping")) socket.write("pong\n");
    });
  const socket = open();
  const beats = counted(() => socket.write("ping\n"));
  const liveness = watch(socket, { beat: beats.beat, policy: QUICK, id: "publisher" });
  const story = new Story(liveness);
  socket.resume();
  const publishing = setInterval(() => socket.write("news\n"), 10);
  await story.reached("publisher", "alive");
  await beats.times(12);
  clearInterval(publishing);
  expect(story.of("publisher")).toEqual(["alive#1"]);
  liveness.unwatch();
});

test("no beat leaves while bytes go both ways anyhow", async () => {
  const socket = open();
  let beats = 0;
  const liveness: Watch = watch(socket, {
    beat: () => {
      if (liveness.status === "alive") beats += 1;
      return socket.write("ping\n");
    },
    policy: { intervalMs: 400, suspectAfterMs: 800, deadAfterMs: 1_600 },
  });
  let echoes = 0;
  const enough = new Promise<void>((resolve) => {
    // As fast as echoes come back, for several intervals' worth of samples.
    const begun = performance.now();
    socket.on("data", () => {
      echoes += 1;
      if (performance.now() - begun > 2_000) resolve();
      else setTimeout(() => socket.write("data\n"), 5);
    });
  });
  socket.write("data\n");
  await enough;
  expect(echoes).toBeGreaterThan(20);
  expect(beats).toBeLessThanOrEqual(1);
  liveness.unwatch();
});

test("a beat and its answer are no traffic: the next beat is due an interval later, not a sample more", async () => {
  const socket = open();
  socket.resume();
  const beats = counted(() => socket.write("ping\n"));
  // Samples are at most 300 ms apart: a beat that waited for one would come after 500.
  const policy = { intervalMs: 200, suspectAfterMs: 1_200, deadAfterMs: 2_400 };
  const liveness = watch(socket, { beat: beats.beat, policy });
  await next(liveness, "alive");
  const begun = performance.now();
  await beats.times(12);
  // Half as much again is for a busy machine.
  expect((performance.now() - begun) / 12).toBeLessThan(1.5 * policy.intervalMs);
  liveness.unwatch();
});

test("a beat may fail or be rejected: that is counted, and silence is judged as ever", async () => {
  behave = (socket) => socket.resume();
  const socket = open();
  let n = 0;
  const liveness = watch(socket, {
    beat: () => {
      n += 1;
      if (n % 2 === 0) throw new Error("no");
      return Promise.reject(new Error("gone"));
    },
    policy: QUICK,
  });
  const { reason } = await next<{ reason: string }>(liveness, "dead");
  expect(reason).toBe("unreachable");
  expect(liveness.beatFailures).toBeGreaterThan(1);
});

test("unwatching, a signal and closing the watcher leave no listener behind", async () => {
  const watcher = createWatcher({ policy: QUICK });
  const abort = new AbortController();
  const socket = open();
  socket.resume();
  const before = listeners(socket);
  const one = watcher.watch(socket, { beat: "ping\n" });
  const two = watcher.watch(socket, { beat: "ping\n", signal: abort.signal });
  watcher.watch(socket);
  await next(two, "alive");
  expect(watcher.size).toBe(3);
  one.unwatch();
  one[Symbol.dispose]();
  abort.abort();
  expect([one.status, two.status, watcher.size]).toEqual(["dead", "dead", 1]);
  watcher[Symbol.dispose]();
  expect(() => watcher.watch(socket)).toThrow("This watcher is closed");
  expect(listeners(socket)).toEqual(before);
  expect(socket.destroyed).toBe(false);
});

test("a socket that is over already is dead as soon as somebody can listen", async () => {
  const socket = open();
  socket.destroy();
  const liveness = watch(socket, { policy: QUICK });
  expect((await next<{ reason: string }>(liveness, "dead")).reason).toBe("closed");
  liveness.unwatch();
});

test("what is no socket, no beat or no policy is refused with a way out", () => {
  const socket = open();
  expect(() => watch({} as Socket)).toThrow("Give the socket itself");
  expect(() => watch(socket, { beat: 5 as never })).toThrow("() => redis.ping()");
  expect(() => watch(socket, { onDead: "no" as never })).toThrow('"destroy" or "keep"');
  expect(() => watch(socket, { policy: { deadAfterMs: 1 } })).toThrow("deadAfterMs");
  expect(() => createWatcher({ policy: { intervalMs: 0 } })).toThrow("intervalMs");
});
