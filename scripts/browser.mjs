// Serves the built core on loopback, runs the smoke scenario in headless Chromium and reads the
// verdict back from the page. CHROMIUM names another binary.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "../examples/websocket/chromium.mjs";
import { entries, root } from "./entries.mjs";

const TIME_LIMIT_MS = 60_000;
const core = entries.filter(({ name }) => /^@systole\/core(\/|$)/.test(name));
const imports = Object.fromEntries(core.map(({ name, built }) => [name, `/${built}`]));
const served = /^\/(packages\/core\/dist\/[\w/-]+|scripts\/scenario)\.m?js$/;

const page = `<!doctype html>
<link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports })}</script>
<body>NO VERDICT<script type="module">
try {
  const { scenario } = await import('/scripts/scenario.mjs')
  const modules = {}
  for (const name of ${JSON.stringify(Object.keys(imports))}) modules[name] = await import(name)
  scenario(modules['@systole/core'], modules['@systole/core/testing'], modules['@systole/core/endpoint'])
  document.body.textContent = 'PASS ' + navigator.userAgent
} catch (error) {
  document.body.textContent = 'FAIL ' + error
}
</script>`;

const server = createServer(async (request, response) => {
  if (request.url === "/") {
    response.setHeader("content-type", "text/html");
    response.end(page);
    return;
  }
  try {
    if (!served.test(request.url)) throw new Error("not part of the page");
    const file = await readFile(join(root, request.url));
    response.setHeader("content-type", "text/javascript");
    response.end(file);
  } catch {
    response.statusCode = 404;
    response.end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const profile = await mkdtemp(join(tmpdir(), "systole-browser-"));
try {
  const [dom, log] = await dump(`http://127.0.0.1:${server.address().port}/`);
  const verdict = /(PASS|FAIL|NO VERDICT)[^<]*/.exec(dom.replace(/<script[\s\S]*?<\/script>/g, ""));
  console.log(`browser: ${verdict?.[0].trim() ?? `no page came back\n${log}`}`);
  process.exitCode = verdict?.[1] === "PASS" ? 0 : 1;
} finally {
  server.close();
  server.closeAllConnections();
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}

function dump(url) {
  const chromium = start(profile, ["--virtual-time-budget=10000", "--dump-dom", url], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: TIME_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const read = (stream) => stream.setEncoding("utf8").reduce((whole, chunk) => whole + chunk, "");
  const closed = new Promise((resolve, reject) => {
    chromium.on("error", reject);
    chromium.on("close", resolve);
  });
  return Promise.all([read(chromium.stdout), read(chromium.stderr), closed]);
}
