// Two endpoints that are healthy, a link between them that takes no time, and an attacker. Keeps what an
// attacker may know, and checks after everything that happens what was promised.
import { createEndpoint, type Endpoint } from "../../../packages/core/src/endpoint/endpoint.ts";
import type { EndpointOptions } from "../../../packages/core/src/endpoint/options.ts";
import type { EndpointOutput } from "../../../packages/core/src/endpoint/outputs.ts";
import type { PeerRef } from "../../../packages/core/src/monitor/refs.ts";
import type { PolicyOptions } from "../../../packages/core/src/policy.ts";
import { ManualHost } from "../../../packages/core/src/testing/manual-host.ts";
import { must } from "../target.ts";
import { checkAnswers, checkLife, isDeath, type Life, type Said } from "./conduct.ts";
import type { Knowledge, Model } from "./forger.ts";
import { CUT_REASONS, type Position, SEAL_FAULTS } from "./positions.ts";
import { checksumSealing } from "./sealing.ts";

/** What the pair shares, where it has keys. */
export const KEY = 7;
export const PAIR_IDS = ["a", "b"] as const;
const WIRE = "wire";
const POLICY = { intervalMs: 1_000, suspectAfterMs: 3_000, deadAfterMs: 6_000, jitter: 0 };
const LIMITS = { peers: 3, candidates: 4 };
/** So many frames the attacker remembers. */
const KEPT = 24;
const MOST_ROUNDS = 50;
/** Nothing is known of anybody else. */
const VERDICTS: Readonly<Record<string, boolean>> = { a: true, b: true, x: true, "?": false };
/** So long overdue beats take to leave, at most. */
const AWAKE_MS = 300;
/** So often what they hold is counted. */
const LOOK_EVERY = 8;

/** One of the pair. */
class End {
  readonly endpoint: Endpoint<string>;
  readonly lives: Map<PeerRef, Life> = new Map();
  /** What each place sent it, and was sent by it. */
  readonly ledger: Map<
    string,
    { inBytes: number; inFrames: number; outBytes: number; outFrames: number }
  > = new Map();
  /** What it said to the other one, on its way. */
  inFlight: Uint8Array[] = [];
  /** What left while something was taken in. */
  caused: Said[] = [];
  /** Connections to close. */
  readonly refused: string[] = [];

  constructor(make: (end: End) => Endpoint<string>) {
    this.endpoint = make(this);
  }

  /** The other one of the pair. */
  get peer(): PeerRef {
    return [...this.endpoint][0] as PeerRef;
  }
}

export class World {
  readonly position: Position;
  readonly knowledge: Knowledge;
  /** Whether it is still worth attacking. */
  isFit = true;
  readonly #ends: readonly [End, End];
  /** The places of the two, as the other one knows them. */
  readonly #paths: readonly [string, string];
  #now = 0;
  #lost = 0;
  #inputs = 0;
  /** The pair found each other: from now on nothing may change where the attacker is harmless. */
  #isSettled = false;

  constructor(position: Position) {
    this.position = position;
    const blank = (): Model => ({ bytes: new Uint8Array(78), complete: new Uint8Array(88) });
    const models = [blank(), blank()] as const;
    this.knowledge = { reads: position.reads, models, seen: [], told: new Map() };
    this.#paths = position.transport === "datagram" ? PAIR_IDS : [WIRE, WIRE];
    this.#ends = [0, 1].map((n) => new End((end) => this.#endpoint(n, end))) as unknown as [
      End,
      End,
    ];
    const [{ endpoint }] = this.#ends;
    // Somebody drives them, and promises to be back: otherwise nothing is a stall.
    for (const end of this.#ends) end.endpoint.onEarlier(() => {});
    endpoint.dial(endpoint.add("b"), this.#paths[1]);
    this.run(1);
    must(this.#isPairAlive, () => "before any attack they do not find each other");
    this.#isSettled = true;
  }

  // ── what an input does ─────────────────────────────────────────────────────────────────────────

  /** Lets time pass; everything that is due happens at its instant. */
  run(ms: number): void {
    const until = this.#now + ms;
    this.#deliver();
    for (let n = 0; ; n++) {
      const at = Math.min(...this.#ends.map(({ endpoint }) => endpoint.nextDeadline()));
      if (!(at <= until)) break;
      must(n < 20 * ms + 200, () => `it ticks ${n} times in ${ms} ms`);
      this.#now = Math.max(this.#now, at);
      for (const { endpoint } of this.#ends)
        if (endpoint.nextDeadline() <= this.#now) endpoint.tick();
      this.#deliver();
    }
    this.#now = until;
  }

  /** Bytes from a place, as it says, to one of the two. What the pair said before arrives before. */
  attack(to: number, place: string, chunks: readonly Uint8Array[]): void {
    const end = this.#ends[to as 0 | 1];
    if (this.position.transport === "stream") {
      for (const chunk of chunks) this.#receive(end, chunk, place);
      return;
    }
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const whole = chunks.length === 1 ? (chunks[0] as Uint8Array) : new Uint8Array(length);
    if (chunks.length > 1)
      for (const chunk of chunks) whole.set(chunk, chunk === chunks[0] ? 0 : length - chunk.length);
    this.#receive(end, whole, place);
  }

  setPolicy(n: number, policy: PolicyOptions): void {
    const { endpoint, peer } = this.#ends[n as 0 | 1];
    endpoint.setPolicy(peer, policy);
  }

  /** One of the two reads nothing for a while, and says so. */
  hold(n: number, ms: number): void {
    const { endpoint, peer } = this.#ends[n as 0 | 1];
    endpoint.pause(peer);
    this.run(Math.min(ms, 450));
    endpoint.resume(peer);
  }

  message(n: number, bytes: Uint8Array): void {
    const { endpoint, peer } = this.#ends[n as 0 | 1];
    endpoint.message(peer, bytes);
  }

  /** A place of the attacker's is over. */
  hangUp(n: number, place: string): void {
    if (this.position.transport !== "datagram")
      this.#ends[n as 0 | 1].endpoint.ended(place, "closed");
  }

  /** Both stand still, as when a laptop sleeps, and come to themselves again before the next time. */
  freeze(ms: number): void {
    this.#deliver();
    this.#now += ms;
    this.run(AWAKE_MS);
  }

  /** What the application found out about somebody. */
  tellWhoItIs(n: number, place: string, isAuthentic: boolean): void {
    if (this.position.asks) this.#ends[n as 0 | 1].endpoint.authenticated(place, isAuthentic);
  }

  /** One leaves or calls again: only where it need not stay alive. */
  part(n: number, how: number): void {
    if (this.position.isHarmless || this.position.keys) return;
    const { endpoint, peer } = this.#ends[n as 0 | 1];
    if ((how & 1) === 1) endpoint.dial(peer, this.#paths[(1 - n) as 0 | 1]);
    else if ((how & 2) === 2) endpoint.leaveSoon(peer, { withinMs: 100 });
    else endpoint.leave(peer, { returnInMs: how });
  }

  loseNext(frames: number): void {
    if (this.position.drops) this.#lost = frames;
  }

  /** After an input: what must hold of everybody. */
  settle(): void {
    this.#deliver();
    this.isFit = this.#isPairAlive;
    must(this.isFit || !this.position.isHarmless, () => "somebody healthy is not alive");
    if (this.position.isReflected) for (const end of this.#ends) this.#checkReflection(end);
    this.#inputs += 1;
    if (this.#inputs % LOOK_EVERY === 0) for (const end of this.#ends) this.#checkSize(end);
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────

  #endpoint(n: number, end: End): Endpoint<string> {
    const host = Object.assign(new ManualHost({ seed: n + 1 }), { now: () => this.#now });
    const { transport, keys } = this.position;
    const options: EndpointOptions<string> = {
      id: PAIR_IDS[n] as string,
      ...{ host, transport, policy: POLICY, seed: n, limits: LIMITS, maxMessageBytes: 200 },
      sealing: keys ? checksumSealing(KEY) : undefined,
      accept: n === 1 ? () => true : undefined,
      acceptBeacon: this.position.beacons && n === 1 ? () => true : undefined,
      authenticate: this.position.asks && n === 1 ? ({ id }) => VERDICTS[id] : undefined,
      send: (_peer, frame, path) => this.#send(n, end, frame, path as string),
      emit: (output) => this.#onOutput(end, output),
    };
    return createEndpoint<string>(options);
  }

  #send(n: number, end: End, frame: Uint8Array, path: string): boolean {
    end.caused.push({ bytes: frame, place: path });
    if (path === this.#paths[1 - n]) end.inFlight.push(frame);
    else {
      const ledger = this.#ledger(end, path);
      ledger.outBytes += frame.length;
      ledger.outFrames += 1;
      // Where it is, it can read.
      if (!this.position.isReflected && frame.length >= 78) this.knowledge.told.set(path, frame);
    }
    return true;
  }

  /** What the two said to each other arrives, and what they answer to that, and so on. */
  #deliver(): void {
    for (let n = 0; n < MOST_ROUNDS; n++) {
      let count = 0;
      for (const [from, end] of this.#ends.entries()) {
        const { inFlight } = end;
        if (inFlight.length === 0) continue;
        end.inFlight = [];
        count += inFlight.length;
        for (const frame of inFlight) this.#carry(from, frame);
      }
      if (count === 0) return;
    }
    must(false, () => "they answer each other without end");
  }

  #carry(from: number, frame: Uint8Array): void {
    const { models, seen } = this.knowledge;
    const model = models[from as 0 | 1];
    const type = frame[2] as number;
    if (type < 3) model.bytes = frame;
    if (type < 3 && ((frame[3] as number) & 1) !== 0) model.complete = frame;
    if (this.position.reads) seen.push({ bytes: frame, to: 1 - from });
    if (seen.length > KEPT) seen.shift();
    if (this.#lost > 0) this.#lost -= 1;
    else this.#take(this.#ends[(1 - from) as 0 | 1], frame, this.#paths[from] as string);
  }

  #receive(end: End, bytes: Uint8Array, place: string): void {
    this.#deliver();
    const ledger = this.#ledger(end, place);
    ledger.inBytes += bytes.length;
    ledger.inFrames += 1;
    // The buffer is the transport's again afterwards.
    const buffer = bytes.slice();
    this.#take(end, buffer, place);
    buffer.fill(0xee);
    // As an adapter does it.
    for (const path of end.refused.splice(0)) {
      if (this.position.transport !== "datagram") end.endpoint.ended(path, "closed");
    }
  }

  #take(end: End, bytes: Uint8Array, place: string): void {
    end.caused = [];
    end.endpoint.receive(bytes, place);
    if (this.position.transport !== "stream") checkAnswers(bytes, end.caused);
    end.caused = [];
  }

  #onOutput(end: End, output: EndpointOutput<string>): void {
    const { isHarmless, keys, transport } = this.position;
    if (output.type === "changed") checkLife(end.lives, output);
    if (output.type === "forget") end.lives.delete(output.peer);
    if (output.type === "refused") end.refused.push(output.path);
    if (!this.#isSettled) return;
    const isOfPair = "id" in output && PAIR_IDS.includes(output.id as "a");
    const told = () => `the attacker caused ${JSON.stringify(output)}`;
    if (isHarmless) {
      must(!isOfPair || output.type === "message", told);
      // Datagrams of somebody who cannot prove a place change nothing at all.
      const isOurs = OUR_OWN.includes(output.type) || (keys && output.type === "unauthenticated");
      if (transport === "datagram") must(isOurs, told);
    } else if (keys) {
      const isHonest = output.type !== "moved" && output.type !== "refused";
      must(isHonest && (!isDeath(output) || CUT_REASONS.includes(output.reason)), told);
    }
  }

  get #isPairAlive(): boolean {
    return this.#ends.every(({ lives, peer }) => lives.get(peer)?.status === "alive");
  }

  #checkSize({ endpoint }: End): void {
    const stats = endpoint.stats();
    const { sessions, candidates, handshakes, tombstones, dropped, moves } = stats;
    const isBounded =
      candidates <= LIMITS.candidates &&
      handshakes <= LIMITS.candidates &&
      stats.peers <= LIMITS.peers &&
      tombstones <= LIMITS.peers &&
      sessions <= 3 * LIMITS.peers + LIMITS.candidates;
    must(isBounded, () => `it grew: ${JSON.stringify(stats)}`);
    const { keys } = this.position;
    must(!keys || moves === 0, () => "somebody was moved");
    const knowsSeals = SEAL_FAULTS.some((fault) => (dropped[fault] ?? 0) > 0);
    must(keys || !knowsSeals, () => "a seal without keys");
  }

  #ledger(end: End, place: string) {
    let ledger = end.ledger.get(place);
    if (!ledger) {
      ledger = { inBytes: 0, inFrames: 0, outBytes: 0, outFrames: 0 };
      end.ledger.set(place, ledger);
    }
    return ledger;
  }

  #checkReflection(end: End): void {
    for (const [place, { inBytes, inFrames, outBytes, outFrames }] of end.ledger) {
      if (place === this.#paths[0] || place === this.#paths[1]) continue;
      const told = () =>
        `${place} sent ${inFrames} of ${inBytes} bytes and got ${outFrames} of ${outBytes}`;
      must(outBytes <= inBytes && outFrames <= inFrames, told);
    }
  }
}

/** What we say about ourselves. */
const OUR_OWN: readonly string[] = ["stalled", "health"];
