// "Nothing grows without bound": conversations, handshakes, strangers, tombstones and timers, after every step
// and, above all, once everybody has gone.
import type { Process } from "../../../packages/core/test/cluster.ts";
import type { World } from "../world.ts";
import type { Check } from "./check.ts";

export class Growth implements Check {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  afterStep(): void {
    for (const process of this.#world.running) {
      const { endpoint, name, host } = process;
      const { sessions, candidates, tombstones, peers } = endpoint.stats();
      const known = this.#world.ends[Number(name.slice(1))]?.size ?? 0;
      const places = this.#placesAround(process);
      this.#expect(peers <= known, `${name} has ${peers} peers of ${known}`);
      // For each peer: the conversation, the one before, and a rival's.
      this.#expect(sessions <= 3 * peers + candidates, `${name} has ${sessions} conversations`);
      this.#expect(candidates <= places, `${name} has ${candidates} strangers at ${places} places`);
      this.#expect(tombstones <= peers, `${name} has ${tombstones} tombstones of ${peers} peers`);
      this.#expect(host.timers <= 1, `${name} has ${host.timers} timers`);
    }
  }

  /** Places at which somebody may be who is not known there yet. */
  #placesAround({ name }: Process): number {
    const { ends, addresses, cluster } = this.#world;
    // On connections each that was ever opened; the limit of the endpoint is another test's.
    if (cluster.transport !== "datagram") return cluster.links;
    const known = ends[Number(name.slice(1))] ?? new Map();
    return [...known.keys()].reduce((sum, id) => sum + 1 + (addresses.get(id)?.length ?? 0), 0);
  }

  /** Everybody else is gone for long: whoever came by itself is forgotten, and nothing is left of it. */
  buried({ endpoint, name, host }: Process, known: number): void {
    const { peers, tombstones, sessions, handshakes } = endpoint.stats();
    this.#expect(peers <= known, `${name} remembers ${peers}, and must know ${known}`);
    this.#expect(tombstones === 0, `${name} keeps ${tombstones} tombstones`);
    this.#expect(handshakes === 0, `${name} keeps ${handshakes} handshakes`);
    this.#expect(sessions <= 3 * known + endpoint.stats().candidates, `${name} keeps ${sessions}`);
    endpoint.close();
    const left = endpoint.stats();
    const nothing = left.peers + left.tombstones + left.handshakes;
    this.#expect(nothing === 0, `${name} keeps ${JSON.stringify(left)} after close()`);
    this.#expect(left.sessions <= left.candidates, `${name} keeps ${left.sessions} conversations`);
    this.#expect(host.timers === 0, `${name} keeps ${host.timers} timers after close()`);
  }

  #expect(isSo: boolean, text: string): void {
    if (!isSo) this.#world.report("nothing grows without bound", text);
  }
}
