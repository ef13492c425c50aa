// "No verdict against a peer whose fresh frames came in time." Which frames are fresh is worked out here from
// what was sent, and from nothing that an endpoint says: they are of the process that made this session
// alive, in its conversation, newer than all before, and where life needs proof they echo something of ours
// that is younger than D.
import type {
  BeatFrame,
  EndpointChange,
  EndpointOutput,
  Frame,
  Word64,
} from "@systole/core/endpoint";
import type { Path, Process } from "../../../packages/core/test/cluster.ts";
import type { PolicyPlan } from "../scenario.ts";
import type { World } from "../world.ts";
import type { Check } from "./check.ts";

/** As many of our frames as can still be echoed. */
const ECHOED = 64;
/** As many tags of one conversation are good at a time. */
const TAGS = 3;
/** Clocks are doubles. */
const ROUNDING_MS = 1e-3;

/** What one process sent to another in its latest conversation. */
interface Sent {
  session: number;
  readonly seqs: number[];
  readonly ats: number[];
  /** The tags that it handed out last, newest first. */
  readonly handed: Word64[];
}

/** A session that is alive, or was suspected. */
interface Life {
  readonly speaker: Process;
  readonly session: number;
  highest: number;
  freshAt: number;
  suspectedAt: number;
  /** The least of each number of the policies since it began. */
  suspectAfterMs: number;
  deadAfterMs: number;
  minSuspicionMs: number;
}

export class Fresh implements Check {
  readonly #world: World;
  readonly #sent: Map<Process, Map<string, Sent>> = new Map();
  readonly #lives: Map<Process, Map<string, Life>> = new Map();

  constructor(world: World) {
    this.#world = world;
  }

  onStart(process: Process): void {
    this.#sent.set(process, new Map());
    this.#lives.set(process, new Map());
  }

  onFrame(process: Process, way: "taken" | "sent", frame: Frame, other: string): void {
    if (frame.type !== "beat" && frame.type !== "echo") return;
    if (way === "sent") return this.#send(process, frame, other);
    const life = this.#lives.get(process)?.get(other);
    if (life === undefined || !this.#isAhead(process, frame, other, life)) return;
    // Also one that is no life puts those that it overtook behind.
    life.highest = frame.seq;
    if (this.#isTimely(process, frame, other, life)) life.freshAt = process.host.now();
  }

  #send(process: Process, { session, seq, handed }: BeatFrame, other: string): void {
    const all = this.#sent.get(process);
    let sent = all?.get(other);
    if (sent === undefined || sent.session < session) {
      sent = { session, seqs: [], ats: [], handed: [] };
      all?.set(other, sent);
    }
    if (sent.session > session) return;
    sent.seqs[seq % ECHOED] = seq;
    sent.ats[seq % ECHOED] = process.host.now();
    if (sent.handed.some((each) => isSame(each, handed))) return;
    sent.handed.unshift(handed);
    sent.handed.length = Math.min(TAGS, sent.handed.length);
  }

  #isAhead(process: Process, frame: BeatFrame, other: string, life: Life): boolean {
    const { speaker, session, highest } = life;
    const isOf = frame.session === session && speaker.epochs.has(frame.epoch);
    const sent = this.#sent.get(process)?.get(other);
    const isTagged = sent?.handed.some((each) => isSame(each, frame.tag));
    return isOf && isTagged === true && frame.seq > highest;
  }

  #isTimely(process: Process, frame: BeatFrame, other: string, life: Life): boolean {
    const sent = this.#sent.get(process)?.get(other);
    if (this.#world.cluster.transport !== "datagram") return true;
    // What was corrupted on the way is told by its seal, and by nothing in here.
    const slot = frame.echo % ECHOED;
    if (sent?.seqs[slot] !== frame.echo) return false;
    return (
      process.host.now() - (sent.ats[slot] as number) <= life.deadAfterMs && !this.#world.corrupts
    );
  }

  onOutput(process: Process, output: EndpointOutput<Path>): void {
    if (output.type !== "changed") return;
    const lives = this.#lives.get(process);
    const id = output.id as string;
    const life = lives?.get(id);
    if (life) this.#judge(process, life, output);
    if (output.to === "dead") lives?.delete(id);
    const { taking } = process;
    const begins = output.from === "connecting" && output.to === "alive";
    if (!begins || (taking?.type !== "beat" && taking?.type !== "echo")) return;
    const speaker = this.#world.cluster.process(id);
    const plan = this.#world.plans.get(`${process.name}>${id}`) as PolicyPlan;
    const at = process.host.now();
    lives?.set(id, {
      ...{ speaker, session: taking.session, highest: taking.seq, freshAt: at, suspectedAt: at },
      ...numbersOf(plan),
    });
  }

  #judge(process: Process, life: Life, change: EndpointChange<Path>): void {
    const now = process.host.now();
    const silentMs = now - life.freshAt + ROUNDING_MS;
    const { to, reason, evidence, id } = change;
    if (to === "suspect") {
      life.suspectedAt = now;
      const least = evidence.detector === "fixed" ? this.#suspectsAfter(life) : 0;
      const dueMs = Math.max(least, evidence.deadlineMs ?? Number.POSITIVE_INFINITY);
      if (silentMs < dueMs) this.#report(`${process.name} suspects ${id}`, silentMs, dueMs);
    }
    if (reason !== "silence") return;
    const doubtedMs = now - life.suspectedAt + ROUNDING_MS;
    if (silentMs < life.deadAfterMs) {
      this.#report(`${process.name} declares ${id} dead`, silentMs, life.deadAfterMs);
    } else if (doubtedMs < life.minSuspicionMs) {
      this.#report(`${process.name} doubted ${id}`, doubtedMs, life.minSuspicionMs);
    }
  }

  #suspectsAfter({ suspectAfterMs, deadAfterMs, minSuspicionMs }: Life): number {
    return Math.min(suspectAfterMs, deadAfterMs - minSuspicionMs);
  }

  #report(what: string, ms: number, dueMs: number): void {
    const text = `${what} after ${ms} ms, which ought to be ${dueMs} ms`;
    this.#world.report("no verdict against whose frames came in time", text);
  }

  /** The conversation of the other in which a process is with it; undefined where that one is gone. */
  conversation(process: Process, other: Process): number | undefined {
    const life = this.#lives.get(process)?.get(other.name);
    return life?.speaker === other ? life.session : undefined;
  }

  /** A shorter deadline may be in force soon, a longer one at once. */
  onFault(): void {
    for (const [process, lives] of this.#lives) {
      for (const [id, life] of lives) {
        const plan = this.#world.plans.get(`${process.name}>${id}`);
        if (plan === undefined) continue;
        const { suspectAfterMs, deadAfterMs, minSuspicionMs } = numbersOf(plan);
        life.suspectAfterMs = Math.min(life.suspectAfterMs, suspectAfterMs);
        life.deadAfterMs = Math.min(life.deadAfterMs, deadAfterMs);
        life.minSuspicionMs = Math.min(life.minSuspicionMs, minSuspicionMs);
      }
    }
  }
}

function isSame(one: Word64, other: Word64): boolean {
  return one.hi === other.hi && one.lo === other.lo;
}

function numbersOf(plan: PolicyPlan) {
  const { suspectAfterMs = 0, deadAfterMs = 0 } = plan;
  const { minSuspicionMs = (deadAfterMs - suspectAfterMs) / 2 } = plan;
  return { suspectAfterMs, deadAfterMs, minSuspicionMs };
}
