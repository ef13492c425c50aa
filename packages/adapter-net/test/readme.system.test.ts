// The first example of each README, run as it stands.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test.each([
  ["adapter-net", ["worker-7 left"]],
  ["adapter-dgram", ["device-1 is alive (session 1)", "device-1 left"]],
])("the first example of %s prints what it says, and ends by itself", async (name, printed) => {
  const directory = new URL(`../../${name}/`, import.meta.url);
  const readme = readFileSync(new URL("README.md", directory), "utf8");
  const [, code = ""] = readme.match(/```js\n([\s\S]+?)```/) ?? [];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", code],
    { cwd: fileURLToPath(directory) },
  );
  expect(stdout.trim().split("\n")).toEqual(printed);
});
