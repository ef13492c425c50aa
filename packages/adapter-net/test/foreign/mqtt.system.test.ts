// A real MQTT broker, and a real client. QoS 0 is never acknowledged: whoever only publishes hears
// nothing, and what it sends must not stand in for asking.
import type { Socket } from "node:net";
import mqtt, { type MqttClient, type Packet } from "mqtt";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { next } from "../waiting.ts";
import { Watched } from "../watched.ts";
import { diesWithinItsPolicy, livesAgain, POLICY } from "./freezing.ts";
import { isInstalled, mosquitto, Running } from "./programs.ts";

describe.skipIf(!isInstalled(mosquitto))(
  "Mosquitto with MQTT.js, beat: () => client.sendPing()",
  () => {
    let broker: Running;
    let client: MqttClient;
    let watched: Watched;
    const sent: string[] = [];
    const received: string[] = [];

    beforeEach(async () => {
      broker = await Running.start(mosquitto);
      // Without a keepalive of its own: what keeps this connection alive is ours.
      client = mqtt.connect({
        port: broker.port,
        host: "127.0.0.1",
        keepalive: 0,
        reconnectPeriod: 0,
      });
      client.on("error", () => {});
      await next(client, "connect");
      for (const packets of [sent, received]) packets.length = 0;
      client.on("packetsend", ({ cmd }: Packet) => sent.push(cmd));
      client.on("packetreceive", ({ cmd }: Packet) => received.push(cmd));
      watched = new Watched(client.stream as unknown as Socket, "broker", POLICY, () =>
        client.sendPing(),
      );
      await watched.story.reached("broker", "alive");
    });

    afterEach(async () => {
      watched.liveness.unwatch();
      client.end(true);
      await broker.kill();
    });

    const publish = () => client.publish("news", "of today", { qos: 0 });

    test("mqttjs/MQTT.js#1861: publishing QoS 0 every half interval and never receiving: alive, as beats still leave", async () => {
      const publishing = setInterval(publish, POLICY.intervalMs / 2);
      await watched.beatsMore(15);
      clearInterval(publishing);
      const count = (packets: string[], cmd: string) =>
        packets.filter((each) => each === cmd).length;
      console.log(
        `mqtt: ${count(sent, "publish")} published, ${count(sent, "pingreq")} beats left, ${count(received, "pingresp")} answered, ${watched.story.of("broker").join(", ")}`,
      );
      expect(watched.story.of("broker")).toEqual(["alive#1"]);
      expect(new Set(received)).toEqual(new Set(["pingresp"]));
      expect(count(sent, "publish")).toBeGreaterThan(count(sent, "pingreq"));
    });

    test("SIGSTOP: suspect, then dead within the policy, while keepalive sees nothing", async () => {
      const publishing = setInterval(publish, POLICY.intervalMs / 2);
      await diesWithinItsPolicy(broker, watched, "broker");
      clearInterval(publishing);
    });

    test("SIGCONT in time: alive on the same connection", async () => {
      await livesAgain(broker, watched, "broker", publish);
      expect(client.connected).toBe(true);
    });
  },
);
