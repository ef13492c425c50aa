// A headless Chromium on one page (Debian: `apt-get install chromium`). CHROMIUM names another binary.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Starts it with a profile of its own, which is a folder, and does nothing of itself on the network. */
export function start(profile, what, options) {
  const quiet = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
  const args = [...quiet, `--user-data-dir=${profile}`, ...what];
  return spawn(process.env.CHROMIUM ?? "chromium", args, options);
}

/** Opens the page. `kill` is the end of the browser, as a crash is; `gone` resolves when it has ended. */
export function open(url) {
  const profile = mkdtempSync(join(tmpdir(), "systole-browser-"));
  const browser = start(profile, [url], { stdio: "ignore", detached: true });
  const gone = new Promise((resolve) => {
    browser.on("error", (error) => resolve(error.message));
    browser.on("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  // All of its processes: they are a group.
  const kill = () => {
    try {
      process.kill(-browser.pid, "SIGKILL");
    } catch {
      // It has ended already, or never began.
    }
  };
  process.once("exit", () => {
    kill();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  return {
    gone,
    kill,
  };
}
