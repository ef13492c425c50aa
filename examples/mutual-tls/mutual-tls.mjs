// `pnpm mutual-tls`: a gateway and its devices, each side with a certificate that the other one checks.
// Whoever has none, or one of another authority, does not get through TLS; whoever has a good one but
// says another name is told apart by it. Then the device freezes, which no certificate shows. Exit
// code 0 only if all went that way.

import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, createServer, explain } from "@systole/adapter-net";
import { certificates } from "./authority.mjs";

const POLICY = { intervalMs: 250, suspectAfterMs: 750, deadAfterMs: 1_500 };
const startedAt = performance.now();

const ours = certificates("our-authority", ["gateway", "device-1", "device-2"]);
const theirs = certificates("their-authority", ["device-1"]);
line("certificates of two authorities are made");

const gateway = createServer({
  id: "gateway",
  policy: POLICY,
  tls: { ...ours.gateway, requestCert: true, rejectUnauthorized: true },
  // TLS has found the certificate good; whether it is that of the id, only we can say.
  authenticate({ id, socket }) {
    const { CN } = socket.getPeerCertificate().subject;
    line(`gateway: "${id}" comes by ${socket.getProtocol()}, with the certificate of ${CN}`);
    return CN === id;
  },
});
gateway.on("change", (change) => line(`gateway: ${explain(change)}`));
await gateway.listen(0, "127.0.0.1");
const { port } = gateway.address();

const child = fork(new URL("device.mjs", import.meta.url));
const tls = Object.fromEntries(
  Object.entries(ours["device-1"]).map(([name, pem]) => [name, String(pem)]),
);
child.send({ id: "device-1", port, tls });
const [device] = await once(gateway, "peer");
device.send(new TextEncoder().encode("echo"));
const [bytes] = await once(device, "message");
line(`device-1 answers: "${new TextDecoder().decode(bytes)}"`);

const refusals = [
  await refusal("without a certificate", { id: "device-2", tls: { ca: ours.ca } }),
  await refusal("with a certificate of another authority", {
    id: "device-1",
    tls: { ...theirs["device-1"], ca: ours.ca },
  }),
  await refusal("with the certificate of device-2, as device-1", {
    id: "device-1",
    tls: ours["device-2"],
  }),
  await refusal("who knows only the other authority", {
    id: "device-2",
    tls: { ...ours["device-2"], ca: theirs.ca },
  }),
];

// Until device-1 beats at the pace that the gateway asked for.
await sleep(1_000);
line("→ SIGSTOP device-1: its kernel goes on answering for it");
child.kill("SIGSTOP");
const [{ reason }] = await once(device, "dead");
const { acceptErrors, dropped } = gateway.stats();
await gateway.close();
child.kill("SIGKILL");

const ok = refusals.every(Boolean) && dropped["not-authentic"] === 1 && reason === "silence";
console.log(`\n  gateway counted: ${JSON.stringify({ ...acceptErrors, ...dropped })}`);
console.log(
  `  ${ok ? "Only device-1 got in, and was missed when it froze." : "NOT as it must be."}\n`,
);
process.exit(ok ? 0 : 1);

/** Whether somebody who must not get in did not, and what it knows of that. */
async function refusal(who, options) {
  let isIn = false;
  const peer = connect({ host: "127.0.0.1", port, ...options });
  peer.once("alive", () => {
    isIn = true;
  });
  const [{ reason, failure, error }] = await once(peer, "dead");
  await peer.close();
  line(
    `somebody ${who} ${isIn ? "GETS IN" : "is turned away"}: ${error?.code ?? failure ?? reason}`,
  );
  return !isIn;
}

function line(text) {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(2).padStart(6);
  console.log(`${seconds} s  ${text}`);
}
