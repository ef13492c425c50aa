// Whoever does not read hears nothing, and that is nobody's silence: readers that pause for ten times
// the silence that kills, while the other side sends all it can. And no byte may go astray meanwhile.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Writable } from "node:stream";
import { connect as tlsConnect, createServer as tlsServer } from "node:tls";
import {
  createServer as createSystoleServer,
  connect as systoleConnect,
} from "@systole/adapter-net";
import { describe, expect, test } from "vitest";
import { certificate } from "../matrix/certificate.mjs";
import { beatsOf, next, Story } from "../waiting.ts";
import { Watched } from "../watched.ts";

const POLICY = { intervalMs: 75, suspectAfterMs: 300, deadAfterMs: 600 };
/** Jitter shortens the gaps between beats by up to a quarter. */
const BEATS_OF_TEN_DEATHS = (10 * POLICY.deadAfterMs) / (0.75 * POLICY.intervalMs);

/** Byte n of a stream is n modulo this: what is lost, doubled or reordered shows. */
const PERIOD = 251;
const CHUNK = Uint8Array.from({ length: 64 * PERIOD }, (_, n) => n % PERIOD);

/** Ways not to read. Each begins to read the whole stream when it is called back. */
const PAUSES: Readonly<
  Record<string, (socket: Socket) => (read: (bytes: Buffer) => void) => void>
> = {
  "has no reader yet": (socket) => (read) => socket.on("data", read),
  "is paused by its reader": (socket) => {
    const early: Buffer[] = [];
    const keep = (bytes: Buffer) => early.push(bytes);
    socket.on("data", keep).once("data", () => socket.pause());
    return (read) => {
      socket.off("data", keep);
      for (const bytes of early) read(bytes);
      socket.on("data", read).resume();
    };
  },
  "is piped into something that is stuck": (socket) => {
    let release = () => {};
    let read: (bytes: Buffer) => void = () => {};
    const freed = new Promise<void>((resolve) => {
      release = resolve;
    });
    socket.pipe(
      new Writable({
        write(bytes, _encoding, done) {
          freed.then(() => read(bytes)).then(() => done(), done);
        },
      }),
    );
    return (reader) => {
      read = reader;
      release();
    };
  },
};

export function describeReaders(): void {
  describe.concurrent("a reader pauses for 10 × deadAfterMs, while the other side sends", () => {
    for (const transport of ["tcp", "tls"] as const) {
      test.for(Object.entries(PAUSES))(`watch over ${transport}: a socket that %s`, ([, pause]) =>
        flooded(transport, async (socket) => {
          const watched = new Watched(socket, "flood", POLICY, () => {});
          const resume = pause(socket);
          await watched.story.reached("flood", "alive");
          await watched.beatsMore(BEATS_OF_TEN_DEATHS);
          expect(watched.story.of("flood")).toEqual(["alive#1"]);

          // From the first byte on, whatever was watched meanwhile.
          let seen = 0;
          let astray = 0;
          resume((bytes) => {
            for (const byte of bytes) if (byte !== seen++ % PERIOD) astray += 1;
          });
          await watched.beatsMore(10);
          expect(watched.story.of("flood")).toEqual(["alive#1"]);
          expect([seen > 10 * CHUNK.length, astray]).toEqual([true, 0]);
          watched.liveness.unwatch();
        }),
      );
    }

    test("a peer that was paused by its user, over messages", async () => {
      const server = createSystoleServer({ id: "reader", policy: POLICY });
      await server.listen(0, "127.0.0.1");
      const { port } = server.address() as AddressInfo;
      const peer = systoleConnect({ host: "127.0.0.1", port, id: "writer", policy: POLICY });
      const story = new Story(server);
      const [there] = await Promise.all([
        next<NonNullable<ReturnType<typeof server.peer>>>(server, "peer"),
        peer.alive(),
      ]);
      there.pause();
      let sent = 0;
      const fill = () => {
        while (peer.send(Uint8Array.of(sent++ % PERIOD, ...new Uint8Array(999))));
      };
      peer.on("drain", fill);
      fill();
      // The other direction goes on.
      await beatsOf("reader", BEATS_OF_TEN_DEATHS);
      expect(story.of("writer")).toEqual(["alive#1"]);
      let [seen, astray] = [0, 0];
      const enough = new Promise<void>((resolve) => {
        there.on("message", ([first]) => {
          if (first !== seen++ % PERIOD) astray += 1;
          if (seen === 5_000) resolve();
        });
      });
      there.resume();
      await enough;
      expect([story.of("writer"), astray]).toEqual([["alive#1"], 0]);
      peer.off("drain", fill);
      peer.destroy();
      await server.close();
    });
  });
}

/** A connection to a server that sends as much as it can, all the time. */
async function flooded(
  transport: "tcp" | "tls",
  test: (socket: Socket) => Promise<void>,
): Promise<void> {
  const accepted = new Set<Socket>();
  const flood = (socket: Socket) => {
    accepted.add(socket);
    const fill = () => {
      while (socket.write(CHUNK));
    };
    socket.on("error", () => {}).on("drain", fill);
    fill();
  };
  const server: Server =
    transport === "tls" ? tlsServer(certificate(), flood) : createServer(flood);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const to = { host: "127.0.0.1", port, rejectUnauthorized: false };
  const socket = transport === "tls" ? tlsConnect(to) : connect(to);
  try {
    await test(socket);
  } finally {
    socket.destroy();
    for (const each of accepted) each.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}
