// The example of keys in the package's README, run as it stands; the first one has its test in adapter-net.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("keys rotate as the README says, and the process ends by itself", async () => {
  const directory = new URL("../", import.meta.url);
  const readme = readFileSync(new URL("README.md", directory), "utf8");
  const [code = ""] = [...readme.matchAll(/```js\n([\s\S]+?)```/g)]
    .map(([, block = ""]) => block)
    .filter((block) => block.includes("setKeys"));
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", `${code}\nconsole.log(node.stats().opened);`],
    { cwd: fileURLToPath(directory) },
  );
  expect([stdout.trim(), stderr]).toEqual(["{ k2: 0 }", ""]);
});
