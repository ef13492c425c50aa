// Tests with real sockets wait for events, never for a time. What they wait for is in here, and child
// processes with it.
import { type ChildProcess, fork } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { EventEmitter } from "node:events";

/** What any adapter says when a peer changes. */
export interface AnyChange {
  readonly id: string;
  readonly session: number;
  readonly from: string;
  readonly to: string;
  readonly reason?: string | undefined;
}

/** Any typed emitter. */
interface Emitter {
  on(event: never, listener: never): unknown;
  off(event: never, listener: never): unknown;
}

/** The next event of this name whose first argument fits. */
export function next<Value>(
  emitter: Emitter,
  event: string,
  fits: (value: Value) => boolean = () => true,
): Promise<Value> {
  const source = emitter as EventEmitter<Record<string, unknown[]>>;
  return new Promise((resolve) => {
    const listener = (value: unknown) => {
      if (!fits(value as Value)) return;
      source.off(event, listener);
      resolve(value as Value);
    };
    source.on(event, listener);
  });
}

/** Keeps every change of something that emits them, and waits for the next one that fits. */
export class Story {
  readonly changes: AnyChange[] = [];
  readonly #source: Emitter;

  constructor(source: Emitter) {
    this.#source = source;
    (source as EventEmitter<{ change: [AnyChange] }>).on("change", (change) => {
      this.changes.push(change);
    });
  }

  /** Resolves once a peer has changed to a status, in the past or the future. */
  async reached(id: string, to: string, session?: number): Promise<AnyChange> {
    const fits = (change: AnyChange) =>
      change.id === id && change.to === to && (session ?? change.session) === change.session;
    return this.changes.find(fits) ?? (await next<AnyChange>(this.#source, "change", fits));
  }

  /** Resolves once a peer has changed so many times. */
  async grown(id: string, changes: number): Promise<void> {
    while (this.of(id).length < changes) await next(this.#source, "change");
  }

  /** The life of one peer as words: `alive#1`, `dead#1 silence`. */
  of(id: string): readonly string[] {
    return this.changes
      .filter((change) => change.id === id)
      .map(({ to, session, reason }) => `${to}#${session}${reason ? ` ${reason}` : ""}`);
  }
}

/** Resolves when so many more beats of a peer have arrived at anybody in this process. */
export async function beatsOf(id: string, count: number): Promise<void> {
  await new Promise<void>((resolve) => {
    let left = count;
    const listener = (message: unknown) => {
      const beat = message as { readonly id: string; readonly direction: string };
      if (beat.id !== id || beat.direction !== "received") return;
      left -= 1;
      if (left > 0) return;
      unsubscribe("systole:beat", listener);
      resolve();
    };
    subscribe("systole:beat", listener);
  });
}

/** Where a soak puts its figures, one row after the other; the system tier keeps none. */
export type Keep = (row: Readonly<Record<string, number | string>>) => void;

const running: Set<Child> = new Set();

/** A script that is started by another command, such as `ip netns exec NAME`. */
export interface Placed {
  readonly script: URL;
  readonly through: readonly string[];
}

/** A child process that talks by messages `{ type, … }`; none is lost, whenever it is asked for. */
export class Child {
  readonly process: ChildProcess;
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | string | null>;
  readonly #said: Record<string, unknown>[] = [];
  readonly #listeners: Set<() => void> = new Set();
  #over = false;

  constructor(what: URL | Placed, ...args: readonly (string | number)[]) {
    const { script, through } = what instanceof URL ? { script: what, through: [] } : what;
    const [execPath = "", ...execArgv] = [...through, process.execPath];
    this.process = fork(script, args.map(String), { execPath, execArgv });
    this.process.on("message", (message) => {
      this.#said.push(message as Record<string, unknown>);
      for (const listener of [...this.#listeners]) listener();
    });
    this.exited = new Promise((resolve) => {
      this.process.once("exit", (code, signal) => {
        running.delete(this);
        resolve(code ?? signal);
      });
      // After 'exit': what it said last has been read by then.
      this.process.once("close", () => {
        this.#over = true;
        for (const listener of [...this.#listeners]) listener();
      });
    });
    running.add(this);
  }

  /** Takes the oldest message of this type that nobody has taken yet. */
  async says<Message>(type: string): Promise<Message> {
    for (;;) {
      const at = this.#said.findIndex((message) => message["type"] === type);
      if (at >= 0) return this.#said.splice(at, 1)[0] as Message;
      if (this.#over) throw new Error(`the child is over, and never said "${type}"`);
      await new Promise<void>((resolve) => {
        const listener = () => {
          this.#listeners.delete(listener);
          resolve();
        };
        this.#listeners.add(listener);
      });
    }
  }

  /** How many messages nobody has taken. */
  get unheard(): number {
    return this.#said.length;
  }

  tell(message: object): void {
    this.process.send(message);
  }

  signal(name: NodeJS.Signals): void {
    this.process.kill(name);
  }

  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.exited;
  }
}

/** Nothing survives a test, frozen processes included. */
export async function killChildren(): Promise<void> {
  await Promise.all([...running].map((child) => child.kill()));
}
