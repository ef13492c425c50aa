// A web server that has all the page needs, and WebSockets: one kind for the endpoint, and pairs of which each
// end hears what the other one says.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

export { WebSocket } from "ws";

const HERE = new URL(".", import.meta.url);
const CORE = new URL(".", import.meta.resolve("@systole/core/package.json"));
const TYPES = { html: "text/html", mjs: "text/javascript", js: "text/javascript" };

/** Listens on a free port; `onSocket` gets the connections to /life. Resolves to where it is, and its end. */
export async function serve(onSocket) {
  const { exports } = JSON.parse(await readFile(new URL("package.json", CORE), "utf8"));
  const imports = Object.entries(exports).flatMap(([subpath, { default: file }]) =>
    file === undefined ? [] : [[`@systole/core${subpath.slice(1)}`, `/core${file.slice(1)}`]],
  );
  const importMap = `<script type="importmap">${JSON.stringify({
    imports: Object.fromEntries(imports),
  })}</script>`;

  const http = createServer(async ({ url }, response) => {
    try {
      const path = /^[\w/-]+\.(?:html|mjs|js)$/.exec(url === "/" ? "page.html" : url.slice(1))[0];
      const file = path.startsWith("core/")
        ? new URL(path.slice("core/".length), CORE)
        : new URL(path, HERE);
      const text = await readFile(file, "utf8");
      response.setHeader("content-type", TYPES[path.split(".").at(-1)]);
      response.end(text.replace("<!-- imports -->", importMap));
    } catch {
      response.writeHead(404).end();
    }
  });
  const wss = new WebSocketServer({ server: http });
  const waiting = new Map();
  wss.on("connection", (ws, { url }) => {
    ws.on("error", () => {}); // "close" follows
    if (url === "/life") return onSocket(ws);
    const other = waiting.get(url);
    if (waiting.delete(url)) join(ws, other);
    else waiting.set(url, ws);
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address();
  return {
    host: `127.0.0.1:${port}`,
    close() {
      for (const ws of wss.clients) ws.terminate();
      http.close();
      http.closeAllConnections();
    },
  };
}

function join(one, other) {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ]) {
    from.on("message", (data, isBinary) => to.send(data, { binary: isBinary }));
    from.on("close", () => to.close());
  }
}
