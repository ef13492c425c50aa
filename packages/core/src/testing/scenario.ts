// A scenario is a story in readable text: what happens to a monitor, line by line, and below each line what
// the monitor says to it. Played in virtual time, so that a rule, a policy or a detector can be read. What
// the lines mean is here, how they are taken apart in scenario-lines.ts.

import type { Detector } from "../detectors/detector.ts";
import { drive } from "../drive.ts";
import { SystoleTypeError } from "../errors.ts";
import { createMonitor, type Monitor } from "../monitor/monitor.ts";
import type { MonitorOutput } from "../monitor/outputs.ts";
import type { PeerRef } from "../monitor/refs.ts";
import { explain } from "../peer/evidence.ts";
import { type PolicyOptions, standard } from "../policy.ts";
import { ManualHost } from "./manual-host.ts";
import {
  endingOf,
  instantOf,
  policyOf,
  roleOf,
  type Sighting,
  sightingOf,
} from "./scenario-lines.ts";

/** Options of `playScenario`. */
export interface ScenarioOptions {
  /** Detectors by the names that `detector=` and `shadow=` give them. Default: none. */
  readonly detectors?: Readonly<Record<string, Detector>> | undefined;
}

/** Lines that begin like this are what the monitor said. */
const SAID = "  > ";

/**
 * Plays a scenario, and returns it with what the monitor really says: equal to what was given where the
 * story is true. A file of it is written by hand without answers, and completed by writing back what this
 * returns. `#` begins a comment; times are in ms.
 *
 * ```text
 * policy strict deadAfterMs=9000      the policy of all: a preset, and what differs; JSON for what is no number
 * hand-ticked                         nobody drives the monitor; only ticks do
 * show-beats                          also say when a beat or a probe is to be sent
 *
 * at 0 add worker role=listen         a peer is added; `both` where no role is given
 * at 0 heard worker                   something valid came from it: numbered, or seq=4; nonce=3000 echoes what
 *                                     we sent then; also rttMs=, heldMs=, sentAtMs=, gapMs=, declaredMs=
 * from 1000 to 9000 every 1000 heard worker    the same, again and again; so for each of these lines
 * at 0 sent worker                    something besides beats was sent to it
 * at 0 ended worker left              somebody knows that it is over, and why; returnInMs=5000
 * at 0 dial worker                    it is being connected again
 * at 0 remove worker                  we are no longer interested
 * at 0 policy worker relaxed          it gets another policy
 * at 0 pause worker                   from here on its silence is our doing; `pause all`
 * at 0 resume worker
 * at 0 thaw worker other              we were frozen since the line before; beats of these had piled up
 * at 0 tick                           somebody ticks by hand
 * at 0 stalled 300                    a loop that ticks by hand noticed a stall by itself
 * at 0 wait                           time passes
 * ```
 *
 * @throws TypeError `ERR_SYSTOLE_SCENARIO` that says which line makes no sense, and why.
 * @example
 * ```ts
 * const text = readFileSync("a-lost-beat.txt", "utf8");
 * assert.equal(playScenario(text, { detectors: { mine } }), text);
 * ```
 */
export function playScenario(text: string, options: ScenarioOptions = {}): string {
  const story = new Story(options.detectors ?? {});
  const played: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.startsWith(SAID)) continue;
    try {
      played.push(line, ...story.play(line.replace(/#.*/, "").trim()));
    } catch (error) {
      throw inLine(index + 1, line, error);
    }
  }
  return played.join("\n");
}

function inLine(number: number, line: string, error: unknown): SystoleTypeError {
  const why = error instanceof Error ? error.message : String(error);
  const message = `Line ${number} of the scenario, ${JSON.stringify(line)}: ${why}`;
  const wrong = new SystoleTypeError("ERR_SYSTOLE_SCENARIO", message, line);
  wrong.cause = error;
  return wrong;
}

class Story {
  readonly #detectors: Readonly<Record<string, Detector>>;
  readonly #host: ManualHost = new ManualHost();
  readonly #numbers: Map<string, number> = new Map();
  #policy: PolicyOptions = standard;
  #byHand = false;
  #showsBeats = false;
  #monitor: Monitor | undefined;
  #said: string[] = [];

  constructor(detectors: Readonly<Record<string, Detector>>) {
    this.#detectors = detectors;
  }

  /** Plays one line and returns what was said until it was done. */
  play(line: string): readonly string[] {
    this.#said = [];
    const [verb = "", ...words] = line === "" ? [] : line.split(/\s+/);
    if (verb === "at") this.#at(instantOf(words[0]), words.slice(1));
    else if (verb === "from") this.#repeat(words);
    else if (verb !== "") this.#set(verb, words);
    return this.#said.map((said) => SAID + said);
  }

  /** What holds from the beginning. */
  #set(verb: string, words: readonly string[]): void {
    if (!["policy", "hand-ticked", "show-beats"].includes(verb)) {
      throw new Error(`nothing is called ${verb} here: policy, hand-ticked, show-beats, at, from`);
    }
    if (this.#monitor !== undefined) throw new Error(`${verb} stands before the first instant`);
    if (verb === "policy") this.#policy = policyOf(words, standard, this.#detectors);
    else if (verb === "hand-ticked") this.#byHand = true;
    else this.#showsBeats = true;
  }

  /** `1000 to 9000 every 1000 heard worker` */
  #repeat([from, to, until, every, period, ...words]: readonly string[]): void {
    if (to !== "to" || every !== "every") throw new Error("it is: from … to … every … and what");
    const [last, periodMs] = [instantOf(until), instantOf(period)];
    if (periodMs === 0) throw new Error("every 0 ms is for ever");
    for (let at = instantOf(from); at <= last; at += periodMs) this.#at(at, words);
  }

  #at(at: number, [verb = "", ...words]: readonly string[]): void {
    const act = Object.hasOwn(ACTIONS, verb) ? ACTIONS[verb] : undefined;
    if (act === undefined) {
      throw new Error(`nothing is called "${verb}": ${Object.keys(ACTIONS).join(", ")}`);
    }
    const ms = at - this.#host.now();
    if (ms < 0) throw new Error(`it is ${this.#host.now()} already`);
    this.#monitor ??= this.#begin();
    // Frozen: nothing runs until then, whatever has fallen due meanwhile.
    if (verb === "thaw") this.#host.freeze(ms);
    else this.#host.advance(ms);
    act(this, this.#monitor, words);
  }

  /** A peer that was added before. */
  peer(monitor: Monitor, id: string | undefined): PeerRef {
    if (id === undefined) throw new Error("which peer?");
    const peer = monitor.find(id);
    if (peer === undefined) throw new Error(`there is no peer ${id}`);
    return peer;
  }

  policy(words: readonly string[]): PolicyOptions {
    return policyOf(words, this.#policy, this.#detectors);
  }

  heard(monitor: Monitor, id: string, { seq, sign }: Sighting): void {
    const peer = this.peer(monitor, id);
    const number = seq === "next" ? (this.#numbers.get(id) ?? 0) + 1 : seq;
    if (number === undefined) return void monitor.heard(peer, sign);
    this.#numbers.set(id, number);
    monitor.heardBeat(peer, number, sign);
  }

  /** The backlog is read before the timers' tick. */
  thaw(monitor: Monitor, late: readonly string[]): void {
    for (const id of late) monitor.heard(this.peer(monitor, id));
    this.#host.advance(0);
  }

  #begin(): Monitor {
    const monitor = createMonitor({
      host: this.#host,
      policy: this.#policy,
      seed: 1,
      emit: (output) => this.#onOutput(output),
    });
    if (!this.#byHand) drive(monitor, this.#host);
    return monitor;
  }

  #onOutput(output: MonitorOutput): void {
    if (output.type === "beat") this.#monitor?.sent(output.peer);
    if (output.type === "beat" && !this.#showsBeats) return;
    this.#said.push(`${this.#host.now()} ${inWords(output)}`);
  }
}

/** What follows an instant. */
const ACTIONS: Readonly<
  Record<string, (story: Story, monitor: Monitor, words: readonly string[]) => void>
> = {
  add(_story, monitor, [id, ...words]) {
    if (id === undefined) throw new Error("which peer?");
    monitor.add(id, { role: roleOf(words) });
  },
  heard(story, monitor, [id = "", ...words]) {
    story.heard(monitor, id, sightingOf(words));
  },
  sent: (story, monitor, [id]) => monitor.sent(story.peer(monitor, id)),
  ended(story, monitor, [id, ...words]) {
    const { reason, options } = endingOf(words);
    monitor.ended(story.peer(monitor, id), reason, options);
  },
  dial: (story, monitor, [id]) => monitor.dial(story.peer(monitor, id)),
  remove: (story, monitor, [id]) => monitor.remove(story.peer(monitor, id)),
  policy(story, monitor, [id, ...words]) {
    monitor.setPolicy(story.peer(monitor, id), story.policy(words));
  },
  pause(story, monitor, [id]) {
    monitor.pause(id === "all" ? undefined : story.peer(monitor, id));
  },
  resume(story, monitor, [id]) {
    monitor.resume(id === "all" ? undefined : story.peer(monitor, id));
  },
  thaw: (story, monitor, ids) => story.thaw(monitor, ids),
  tick: (_story, monitor) => monitor.tick(),
  stalled: (_story, monitor, [ms]) => monitor.stalled(instantOf(ms)),
  wait() {},
};

function inWords(output: MonitorOutput): string {
  switch (output.type) {
    case "changed":
      return `${output.from} → ${output.to}: ${explain(output)}`;
    case "beat":
      return `${output.probe ? "probe" : "beat"} for ${output.id}`;
    case "dial":
      return `dial ${output.id}, attempt ${output.attempt}`;
    case "forget":
      return `forget ${output.id}`;
    case "stalled":
      return `we were stalled for ${output.stallMs} ms`;
    case "health":
      return `our own health went from ${output.from} to ${output.to}`;
  }
}
