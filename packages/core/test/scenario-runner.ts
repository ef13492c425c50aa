// Plays a scenario: a text of commands, each followed by what the monitor said to it. See
// scenarios/README.txt for the language.
import { drive } from "../src/drive.ts";
import { createMonitor, type Monitor } from "../src/monitor/monitor.ts";
import type { MonitorOutput } from "../src/monitor/outputs.ts";
import type { PeerRef } from "../src/monitor/refs.ts";
import { explain } from "../src/peer/evidence.ts";
import type { EndReason, Role } from "../src/peer/state.ts";
import { type PolicyOptions, relaxed, standard, strict } from "../src/policy.ts";
import { ManualHost } from "../src/testing/manual-host.ts";

/** Lines that begin like this are what the monitor said. */
const SAID = "  > ";

/** Plays `text` and returns it with what the monitor really said. */
export function playScenario(text: string): string {
  const player = new Player();
  const lines = text.split("\n").filter((line) => !line.startsWith(SAID));
  return lines.flatMap((line) => [line, ...player.play(line.replace(/#.*/, "").trim())]).join("\n");
}

const presets: Readonly<Record<string, PolicyOptions>> = { strict, standard, relaxed };

class Player {
  readonly #host: ManualHost = new ManualHost();
  #policy: PolicyOptions = standard;
  #byHand = false;
  #showsBeats = false;
  #monitor: Monitor | undefined;
  #said: string[] = [];

  /** Plays one command and returns what was said until it was done. */
  play(command: string): readonly string[] {
    this.#said = [];
    if (command === "") return [];
    const [verb = "", ...words] = command.split(/\s+/);
    switch (verb) {
      case "policy":
        this.#policy = policyOf(words, standard);
        break;
      case "hand-ticked":
        this.#byHand = true;
        break;
      case "show-beats":
        this.#showsBeats = true;
        break;
      case "at":
        this.#at(Number(words[0]), words.slice(1));
        break;
      default:
        throw new Error(`a scenario has no command ${verb}`);
    }
    return this.#said.map((line) => SAID + line);
  }

  #at(at: number, [verb = "", ...words]: readonly string[]): void {
    const monitor = this.#running();
    const ms = at - this.#host.now();
    // Frozen: nothing runs until then, whatever has fallen due meanwhile.
    if (verb === "thaw") this.#host.freeze(ms);
    else this.#host.advance(ms);
    const [name = "", ...more] = words;
    const id = name;
    const peer = monitor.find(id) as PeerRef;
    const options = Object.fromEntries(more.map((word) => word.split("=")));
    switch (verb) {
      case "add":
        monitor.add(id, { role: options.role as Role });
        break;
      case "heard":
        this.#heard(peer, more);
        break;
      case "ended": {
        const returnInMs =
          options.returnInMs === undefined ? undefined : Number(options.returnInMs);
        monitor.ended(peer, more[0] as EndReason, { returnInMs });
        break;
      }
      case "policy":
        monitor.setPolicy(peer, policyOf(more, this.#policy));
        break;
      case "sent":
      case "dial":
      case "remove":
        monitor[verb](peer);
        break;
      case "pause":
      case "resume":
        monitor[verb](name === "all" ? undefined : peer);
        break;
      case "stalled":
        monitor.stalled(Number(name));
        break;
      case "tick":
        monitor.tick();
        break;
      case "thaw":
        // The backlog is read before the timers' tick: the word after is who is in it.
        for (const late of words) monitor.heard(monitor.find(late) as PeerRef);
        this.#host.advance(0);
        break;
      case "wait":
        break;
      default:
        throw new Error(`nothing is called ${verb} at ${at}`);
    }
  }

  #heard(peer: PeerRef, words: readonly string[]): void {
    const nonceAt = words.find((word) => word.startsWith("nonce="))?.slice("nonce=".length);
    const seq = words.find((word) => word.startsWith("seq="))?.slice("seq=".length);
    const sign = nonceAt === undefined ? {} : { proof: true, nonceAt: Number(nonceAt) };
    if (seq === undefined) this.#running().heard(peer, sign);
    else this.#running().heardBeat(peer, Number(seq), sign);
  }

  #running(): Monitor {
    if (this.#monitor !== undefined) return this.#monitor;
    this.#monitor = createMonitor({
      host: this.#host,
      policy: this.#policy,
      seed: 1,
      emit: (output) => this.#onOutput(output),
    });
    if (!this.#byHand) drive(this.#monitor, this.#host);
    return this.#monitor;
  }

  #onOutput(output: MonitorOutput): void {
    const say = (text: string) => this.#said.push(`${this.#host.now()} ${text}`);
    switch (output.type) {
      case "changed":
        say(`${output.from} → ${output.to}: ${explain(output)}`);
        break;
      case "beat":
        if (this.#showsBeats) say(`${output.probe ? "probe" : "beat"} for ${output.id}`);
        this.#monitor?.sent(output.peer);
        break;
      case "dial":
        say(`dial ${output.id}, attempt ${output.attempt}`);
        break;
      case "forget":
        say(`forget ${output.id}`);
        break;
      case "stalled":
        say(`we were stalled for ${output.stallMs} ms`);
        break;
      case "health":
        say(`our own health went from ${output.from} to ${output.to}`);
        break;
    }
  }
}

/** `strict deadAfterMs=9000`: a preset, and what differs. */
function policyOf(words: readonly string[], base: PolicyOptions): PolicyOptions {
  const [first = "", ...rest] = words;
  const preset = presets[first];
  const settings = (preset === undefined ? words : rest).map((word) => {
    const [name = "", value = ""] = word.split("=");
    return [name, Number.isNaN(Number(value)) ? JSON.parse(value) : Number(value)] as const;
  });
  return { ...(preset ?? base), ...Object.fromEntries(settings) };
}
