// An authority and its certificates, made on the spot by openssl (3.0 or later) in a folder that is
// removed at once: nothing of them outlives this process.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `certificates(authority, names)`: its own certificate, and for each name what `node:tls` wants. */
export function certificates(authority, names) {
  const directory = mkdtempSync(join(tmpdir(), "systole-tls-"));
  const file = (name) => join(directory, name);
  try {
    const own = ["-addext", "basicConstraints=critical,CA:TRUE"];
    request(authority, file("ca"), own);
    const ca = readFileSync(file("ca.crt"));
    const issued = names.map((name) => {
      const host = [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-addext",
        "basicConstraints=CA:FALSE",
      ];
      request(name, file(name), [...host, "-CA", file("ca.crt"), "-CAkey", file("ca.key")]);
      const [key, cert] = ["key", "crt"].map((kind) => readFileSync(file(`${name}.${kind}`)));
      return [name, { key, cert, ca }];
    });
    return { ca, ...Object.fromEntries(issued) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function request(name, path, more) {
  const how = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1".split(" ");
  const files = ["-subj", `/CN=${name}`, "-keyout", `${path}.key`, "-out", `${path}.crt`];
  execFileSync("openssl", ["req", ...how, ...files, ...more], { stdio: "pipe" });
}
