// Packs every package as it would be published, lints the tarballs, installs them offline into an
// empty project and uses them there, by `import`, by `require`, and as docs/custom-transports.md tells a new
// user to.
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { entries, root } from "./entries.mjs";

const names = entries.map(({ name }) => name);
const manifests = names
  .filter((name) => name.split("/").length === 2)
  .map((n) => `${n}/package.json`);

const uses = {
  "by-import.mjs": `
    import { scenario } from './scenario.mjs'
    const modules = {}
    for (const name of ${JSON.stringify(names)}) modules[name] = await import(name)
    ${check()}`,
  "by-require.cjs": `
    const { scenario } = require('./scenario.mjs')
    const modules = {}
    for (const name of ${JSON.stringify(names)}) modules[name] = require(name)
    for (const name of ${JSON.stringify(manifests)}) require(name)
    ${check()}`,
};

function check() {
  return `
    for (const [name, module] of Object.entries(modules))
      if (Object.keys(module).length === 0) throw new Error(name + ' exports nothing')
    scenario(modules['@systole/core'], modules['@systole/core/testing'], modules['@systole/core/endpoint'])`;
}

const project = await mkdtemp(join(tmpdir(), "systole-pack-"));
try {
  await run(
    "pnpm",
    ["-r", "--filter", "./packages/*", "pack", "--pack-destination", project],
    root,
  );
  const tarballs = (await readdir(project)).filter((file) => file.endsWith(".tgz"));
  await Promise.all(tarballs.map(lint));

  await writeFile(join(project, "package.json"), '{ "private": true }');
  await copyFile(join(root, "scripts/scenario.mjs"), join(project, "scenario.mjs"));
  const install = ["install", "--silent", "--offline", "--no-audit", "--no-package-lock"];
  await run("npm", [...install, ...tarballs.map((file) => `./${file}`)], project);
  for (const [file, code] of Object.entries(uses)) {
    await writeFile(join(project, file), code);
    await run(process.execPath, ["--disable-warning=ExperimentalWarning", file], project);
    console.log(`packed: ${names.length} subpaths and the scenario ok ${file.split(".")[0]}`);
  }
  await followPage();
} finally {
  await rm(project, { recursive: true, force: true });
}

/** The files of the page, saved under the names it gives them; with Node's own test runner. */
async function followPage() {
  const page = await readFile(join(root, "docs/custom-transports.md"), "utf8");
  const block = (name) => page.split(`<!-- example: ${name} -->`)[1].split(/```\w*\n/)[1];
  await writeFile(join(project, "port.mjs"), block("port"));
  const contract = block("contract").replace('"vitest"', '"node:test"');
  await writeFile(join(project, "port.test.mjs"), contract);
  await writeFile(join(project, "live.mjs"), block("live"));
  await run(process.execPath, ["--test", "port.test.mjs"], project);
  await run(process.execPath, ["live.mjs"], project);
  console.log("packed: docs/custom-transports.md leads to a transport that is proven, and lives");
}

async function lint(tarball) {
  await run("publint", ["run", "--strict", tarball], project);
  await run("attw", [tarball, "--profile", "esm-only", "--format", "ascii"], project);
  console.log(`packed: ${tarball} passes publint and attw`);
}

/** Quiet while all is well; a failing command's own output is the message. */
async function run(command, args, cwd) {
  try {
    await promisify(execFile)(command, args, { cwd });
  } catch (error) {
    console.error(`${command} ${args.join(" ")}\n${error.stdout}${error.stderr || error.message}`);
    throw new Error(`${command} failed`);
  }
}
