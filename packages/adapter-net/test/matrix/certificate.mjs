// @ts-check
// A key and a certificate that signs itself, made on the spot by openssl; once for a process.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** @type {{ key: Buffer, cert: Buffer } | undefined} */
let made;

export function certificate() {
  made ??= make();
  return made;
}

function make() {
  const directory = mkdtempSync(join(tmpdir(), "systole-"));
  try {
    const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
    const how = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1";
    const who = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
    const files = ["-keyout", key, "-out", cert];
    execFileSync("openssl", ["req", ...how.split(" "), ...who, ...files], { stdio: "pipe" });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
