// A copy of the repository in a temporary directory, for a bug to be planted in: nobody's tree is touched. Its
// packages are those that are installed; caches are its own.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { apply, type Bug } from "./patch.ts";

/** What is not copied: what is made, and two tests of what is no source. */
const LEFT_OUT = [
  ...["node_modules", ".git", "dist", "reports", "coverage"],
  // That patches apply, which one no longer does, and that a page tells the last results, which are coming in.
  ...["planted.test.ts", "trust.test.ts"],
];

export class Copy {
  readonly root: string = mkdtempSync(join(tmpdir(), "systole-planted-"));
  /** What the files were that a bug is in. */
  readonly #before: Map<string, string> = new Map();

  constructor(from: string) {
    cpSync(from, this.root, {
      recursive: true,
      filter: (path) => !LEFT_OUT.includes(basename(path)) && !path.endsWith(".tsbuildinfo"),
    });
    const installed = join(from, "node_modules");
    mkdirSync(join(this.root, "node_modules"));
    for (const name of readdirSync(installed)) {
      if (name === ".cache" || name.startsWith(".vite")) continue;
      symlinkSync(join(installed, name), join(this.root, "node_modules", name));
    }
  }

  /** Puts a bug in. Throws where it no longer applies. */
  plant(bug: Bug): void {
    for (const file of bug.files) {
      const path = join(this.root, file.path);
      const source = readFileSync(path, "utf8");
      const patched = apply(source, file);
      this.#before.set(path, source);
      writeFileSync(path, patched);
    }
  }

  /** Takes it out again, and what was made of it. */
  restore(): void {
    for (const [path, source] of this.#before) writeFileSync(path, source);
    this.#before.clear();
    for (const made of ["reports", "node_modules/.vite", "node_modules/.cache"])
      rmSync(join(this.root, made), { recursive: true, force: true });
  }

  remove(): void {
    // What was killed just now may still be writing.
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}
