// Processes that speak the protocol in a simulated network: datagrams between names, or messages and
// streams on connections that can be closed at one end only. Keeps what every property asks about:
// what each process said, sent and received, and whether its peers' lives were legal.
import { drive } from "../src/drive.ts";
import { decodeFrame } from "../src/endpoint/decode.ts";
import { createEndpoint, type Endpoint } from "../src/endpoint/endpoint.ts";
import type { Frame } from "../src/endpoint/frame.ts";
import type { EndpointOptions, Transport } from "../src/endpoint/options.ts";
import type { DropReason, EndpointChange, EndpointOutput } from "../src/endpoint/outputs.ts";
import type { PeerRef } from "../src/monitor/refs.ts";
import type { Status } from "../src/peer/state.ts";
import { type NetworkOptions, SimulatedNetwork } from "../src/testing/simulated-network.ts";
import type { NodeOptions, SimulatedNode } from "../src/testing/simulated-node.ts";

/** One end of a connection. */
export interface Link {
  readonly number: number;
  readonly remote: string;
}

/** Datagrams go to names, everything else goes over links. */
export type Path = string | Link;

export interface Sent {
  readonly to: string;
  readonly frame: Frame;
  readonly bytes: Uint8Array;
  readonly at: number;
}

export interface Received {
  readonly from: string;
  readonly bytes: Uint8Array;
  /** Frames that left while this one was being taken in. */
  readonly caused: readonly Sent[];
}

type Options = Partial<Omit<EndpointOptions<Path>, "host" | "transport" | "send">> & NodeOptions;

/** Whose address this is: behind a NAT a process has its name and something behind it. */
export function nameAt(address: string): string {
  return address.split("~")[0] as string;
}

const OPEN = 0;
const BYTES = 1;
const CLOSE = 2;

export class Cluster {
  readonly network: SimulatedNetwork;
  readonly transport: Transport;
  readonly processes: Map<string, Process> = new Map();
  /** Called for every output, before anybody else can have noticed. */
  onOutput: (process: Process, output: EndpointOutput<Path>) => void = () => {};
  /** Called for every frame that a process is about to take in, and for every one that it sends. */
  onFrame: (process: Process, way: "taken" | "sent", frame: Frame, other: string) => void =
    () => {};
  /** Keep what was sent and received. */
  recording = false;
  /** Decides over single frames, where chance is too blunt. */
  loses: (from: string, to: string, frame: Frame) => boolean = () => false;
  links = 0;

  constructor(transport: Transport, options: NetworkOptions) {
    this.transport = transport;
    this.network = new SimulatedNetwork(options);
  }

  /** A process at the address `name`; one that ran there before is gone without a word. */
  start(name: string, options: Options = {}): Process {
    this.processes.get(name)?.stop();
    const process = new Process(this, name, options);
    this.processes.set(name, process);
    return process;
  }

  process(name: string): Process {
    return this.processes.get(name) as Process;
  }

  run(ms: number): void {
    this.network.run(ms);
  }

  /** Lets time pass until something is so, and at most `ms`. */
  runUntil(isSo: () => boolean, ms: number): void {
    for (let passedMs = 0; passedMs < ms && !isSo(); passedMs += 100) this.network.run(100);
  }
}

export class Process {
  readonly cluster: Cluster;
  readonly name: string;
  readonly host: SimulatedNode;
  readonly endpoint: Endpoint<Path>;
  readonly outputs: EndpointOutput<Path>[] = [];
  readonly sent: Sent[] = [];
  readonly received: Received[] = [];
  /** The number of the conversation it last took part in, by the name of the other. */
  readonly speaksIn: Map<string, number> = new Map();
  /** Every epoch it ever said it is of. */
  readonly epochs: Set<number> = new Set();
  /** The frame that is being taken in. */
  taking: Frame | undefined;
  readonly driving: Disposable;
  readonly #links: Map<number, Link> = new Map();
  readonly #lives: Map<PeerRef, { status: Status; session: number }> = new Map();
  readonly #addresses: Map<PeerRef, string> = new Map();
  readonly #options: Options;
  #caused: Sent[] = [];
  stopped = false;

  constructor(cluster: Cluster, name: string, options: Options) {
    const { driftPpm, epochMs, countsSleep, ...rest } = options;
    this.cluster = cluster;
    this.name = name;
    this.#options = options;
    this.host = cluster.network.node(name, { driftPpm, epochMs, countsSleep });
    this.endpoint = createEndpoint<Path>({
      id: name,
      ...rest,
      host: this.host,
      transport: cluster.transport,
      send: (_peer, frame, path) => this.#send(frame, path),
      emit: (output) => this.#emit(output),
    });
    this.host.onBytes = (bytes, from) => this.#onBytes(bytes, from);
    this.driving = drive(this.endpoint, this.host);
  }

  get changes(): EndpointChange<Path>[] {
    return this.outputs.filter((output) => output.type === "changed");
  }

  deaths(id?: string): EndpointChange<Path>[] {
    return this.changes.filter(
      ({ to, id: of }) => to === "dead" && (id === undefined || of === id),
    );
  }

  /** Adds the process at `address`, and on connections opens one to it. */
  add(
    address: string,
    options: Parameters<Endpoint<Path>["add"]>[1] & { id?: string } = {},
  ): PeerRef {
    const { id = address, ...rest } = options;
    if (this.cluster.transport === "datagram") {
      return this.endpoint.add(id, { path: address, ...rest });
    }
    const ref = this.endpoint.add(id, rest);
    this.dial(ref, address);
    return ref;
  }

  /** Opens a connection for a peer. */
  dial(ref: PeerRef, address: string): void {
    this.cluster.links += 1;
    this.#addresses.set(ref, address);
    const link = { number: this.cluster.links, remote: address };
    this.#links.set(link.number, link);
    this.#put(link, OPEN);
    this.endpoint.dial(ref, link);
  }

  /** Ends a connection; the other side hears of it when it can. */
  hangUp(link: Link): void {
    if (!this.#links.delete(link.number)) return;
    this.#put(link, CLOSE);
    this.endpoint.ended(link, "closed");
  }

  /** Ends all of its connections. */
  hangUpAll(): void {
    for (const link of [...this.#links.values()]) this.hangUp(link);
  }

  /** Forgets every connection without a word: what the other side has left of them is half open. */
  dropLinks(): void {
    this.#links.clear();
  }

  status(id: string): Status | undefined {
    const ref = this.endpoint.find(id);
    return ref === undefined ? undefined : this.endpoint.state(ref)?.status;
  }

  session(id: string): number {
    const ref = this.endpoint.find(id);
    return (ref !== undefined && this.endpoint.state(ref)?.session) || 0;
  }

  dropped(reason: DropReason): number {
    return this.endpoint.stats().dropped[reason] ?? 0;
  }

  trustsFor(id: string): number {
    const ref = this.endpoint.find(id);
    if (ref === undefined) return Number.NEGATIVE_INFINITY;
    return this.endpoint.trustedUntil(ref) - this.host.now();
  }

  stop(): void {
    this.stopped = true;
    this.driving[Symbol.dispose]();
    this.host.stop();
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────

  #send(bytes: Uint8Array<ArrayBuffer>, path: Path | undefined): boolean {
    const isLink = typeof path === "object";
    if (path === undefined || (isLink && !this.#links.has(path.number))) return false;
    const { network, recording, transport } = this.cluster;
    const to = isLink ? path.remote : path;
    const decoded = this.#decode(bytes);
    if (!decoded.ok) throw new Error(`${this.name} sent what is no frame: ${decoded.fault}`);
    const { frame } = decoded;
    // An ECHO that counted nothing may be of a conversation that never begins.
    if (frame.type === "beat" || (frame.type === "echo" && frame.counted)) {
      this.speaksIn.set(nameAt(to), frame.session);
      this.epochs.add(frame.epoch);
    }
    this.cluster.onFrame(this, "sent", frame, nameAt(to));
    if (recording) {
      const sent = { to, frame, bytes, at: network.now };
      this.sent.push(sent);
      this.#caused.push(sent);
    }
    if (this.cluster.loses(this.name, to, frame)) return true;
    if (!isLink) return this.host.send(to, bytes);
    // Streams keep no boundaries.
    const cut = transport === "stream" && network.next() % 4 === 0 ? network.next() % 60 : 0;
    if (cut > 0) this.#put(path, BYTES, bytes.subarray(0, cut));
    return this.#put(path, BYTES, bytes.subarray(cut));
  }

  /** What is in front of the seal, authentic or not. */
  #decode(bytes: Uint8Array) {
    return decodeFrame(bytes, bytes.length - (this.#options.sealing?.sealBytes ?? 0));
  }

  #put({ number, remote }: Link, kind: number, bytes: Uint8Array = new Uint8Array(0)): boolean {
    const packet = new Uint8Array(5 + bytes.length);
    new DataView(packet.buffer).setUint32(0, number);
    packet[4] = kind;
    packet.set(bytes, 5);
    return this.host.send(remote, packet, true);
  }

  #onBytes(bytes: Uint8Array, from: string): void {
    if (this.cluster.transport === "datagram") return this.#receive(bytes, from, from);
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    const kind = bytes[4];
    if (kind === OPEN) this.#links.set(number, { number, remote: from });
    const link = this.#links.get(number);
    if (link === undefined) {
      // A process that was started anew knows nothing of the connections of the one before.
      if (kind === BYTES) this.#put({ number, remote: from }, CLOSE);
      return;
    }
    if (kind === BYTES) this.#receive(bytes.subarray(5), link, from);
    if (kind === CLOSE) {
      this.#links.delete(number);
      this.endpoint.ended(link, "closed");
    }
  }

  #receive(bytes: Uint8Array, path: Path, from: string): void {
    this.#caused = [];
    const decoded = this.#decode(bytes);
    this.taking = decoded.ok ? decoded.frame : undefined;
    if (decoded.ok) this.cluster.onFrame(this, "taken", decoded.frame, nameAt(from));
    this.endpoint.receive(bytes, path);
    this.taking = undefined;
    if (this.cluster.recording) this.received.push({ from, bytes, caused: this.#caused });
    this.#caused = [];
  }

  #emit(output: EndpointOutput<Path>): void {
    this.outputs.push(output);
    if (output.type === "changed") this.#checkLife(output);
    this.cluster.onOutput(this, output);
    if (output.type === "forget") this.#lives.delete(output.peer);
    if (output.type === "dial") this.dial(output.peer, this.#addresses.get(output.peer) as string);
    if (output.type === "refused" && typeof output.path === "object") this.hangUp(output.path);
    const isDeath = output.type === "changed" && output.to === "dead";
    if (isDeath && typeof output.path === "object") this.hangUp(output.path);
    this.#options.emit?.(output);
  }

  /** Dead is final for a session, alive becomes dead by suspicion or for a reason, sessions count up. */
  #checkLife({ peer, id, from, to, session, reason }: EndpointChange<Path>): void {
    const life = this.#lives.get(peer) ?? { status: "connecting", session: 1 };
    const next = from === "dead" ? life.session + 1 : life.session;
    const legal =
      from === life.status &&
      session === next &&
      (from !== "dead" || to === "connecting") &&
      !(from === "alive" && to === "dead" && reason === "silence");
    if (!legal) throw new Error(`${this.name}: ${id} went ${from} → ${to} in session ${session}`);
    this.#lives.set(peer, { status: to, session });
  }
}
