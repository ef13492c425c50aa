// Runs one tool on one copy, and says whether it found anything.
import { spawn } from "node:child_process";
import { COMPILER, type Command, PLANTED_IN, type Tool } from "./tools.ts";

/** `unseen`: the bug is where the tool never is; `hangs`: it was not done within its limit, which is no finding. */
export interface Found {
  readonly how: "found" | "nothing" | "unseen" | "hangs";
  readonly seconds: number;
  readonly what?: string;
}

/** A violation may tell whole states. */
const KEPT_CHARACTERS = 2_000_000;

/** `files` are those a bug is in. */
export async function look(root: string, tool: Tool, files: readonly string[]): Promise<Found> {
  const startedAt = performance.now();
  const seconds = () => Math.round(performance.now() - startedAt) / 1_000;
  for (const command of tool.commands) {
    const { code, output } = await run(root, command, files);
    if (code === undefined) return { how: "hangs", seconds: Math.round(seconds()) };
    if (code === 0) continue;
    const what = tool.finding(output, root) ?? `ends with ${code}: ${output.slice(-400)}`;
    return { how: "found", seconds: Math.round(seconds()), what };
  }
  return { how: "nothing", seconds: Math.round(seconds()) };
}

/** Throws where a copy does not compile. */
export async function compile(root: string): Promise<void> {
  const { code, output } = await run(root, COMPILER, []);
  if (code !== 0)
    throw new Error(
      `does not compile, so nobody could have committed it:\n${output.slice(0, 500)}`,
    );
}

/** The code it ended with, or undefined where it had to be ended. */
function run(
  cwd: string,
  { args, env, says, limitSeconds }: Command,
  files: readonly string[],
): Promise<{ code: number | undefined; output: string }> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that its workers end with it.
    const child = spawn(process.execPath, [...args], {
      cwd,
      env: { ...withoutOurs(), ...env, [PLANTED_IN]: files.join() },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let ended: "found" | "late" | undefined;
    const end = (why: "found" | "late") => {
      ended ??= why;
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    };
    const keep = (text: string) => {
      output = (output + text).slice(-KEPT_CHARACTERS);
      if (ended === undefined && says?.test(output)) end("found");
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    const limit = setTimeout(() => end("late"), limitSeconds * 1_000);
    const onExit = () => end("late");
    // Before the copy it works in is removed.
    process.prependOnceListener("exit", onExit);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(limit);
      process.off("exit", onExit);
      resolve({ code: ended === "late" ? undefined : (code ?? 1), output });
    });
  });
}

/** What whoever runs us set for a run of their own must not decide over these. */
function withoutOurs(): NodeJS.ProcessEnv {
  const { CI, FC_RUNS, FC_SEED, FC_PATH, ...env } = process.env;
  return env;
}
