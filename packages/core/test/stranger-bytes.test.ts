// A connection may lead to anything: what is not our protocol is no life.
import { createEndpoint, type EndpointOutput } from "@systole/core/endpoint";
import { ManualHost } from "@systole/core/testing";
import { expect, test } from "vitest";

test("bytes of somebody who never said who it is bring nobody to life", () => {
  const outputs: EndpointOutput<string>[] = [];
  const endpoint = createEndpoint<string>({
    id: "client",
    host: new ManualHost(),
    transport: "stream",
    send: () => true,
    emit: (output) => outputs.push(output),
  });
  const server = endpoint.add("server", { anyId: true });
  endpoint.dial(server, "connection");
  endpoint.receive(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n"), "connection");
  const changes = outputs.flatMap((output) => (output.type === "changed" ? [output] : []));
  expect(changes.map(({ to, reason }) => [to, reason])).toEqual([["dead", "protocol-error"]]);
});
