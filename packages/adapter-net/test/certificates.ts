// Certificates made on the spot, by one authority that lives as long as a test: for TLS in both directions.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a side of a TLS connection shows, and whom it believes. */
export interface Credentials {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

/** A new authority; hands out certificates for this machine under any common name. */
export function authority(): (commonName: string) => Credentials {
  const directory = mkdtempSync(join(tmpdir(), "systole-"));
  const openssl = (...args: readonly string[]) =>
    execFileSync("openssl", args, { cwd: directory, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...newKey,
    "-days",
    "1",
    "-subj",
    "/CN=ca",
    "-keyout",
    "ca.key",
    "-out",
    "ca",
  );
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const read = (file: string) => readFileSync(join(directory, file));
  return (commonName) => {
    writeFileSync(join(directory, "san"), "subjectAltName=DNS:localhost,IP:127.0.0.1");
    openssl("req", ...newKey, "-subj", `/CN=${commonName}`, "-keyout", "key", "-out", "csr");
    openssl(
      ...["x509", "-req", "-in", "csr", "-CA", "ca", "-CAkey", "ca.key", "-CAcreateserial"],
      ...["-days", "1", "-extfile", "san", "-out", "cert"],
    );
    return { cert: read("cert"), key: read("key"), ca: read("ca") };
  };
}
