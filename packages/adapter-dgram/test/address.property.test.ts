// Paths of addresses: one for each address and port, whichever way the system spells it.
import fc from "fast-check";
import { expect, test } from "vitest";
import { addressOf, asSeenBy, Paths, pathFrom, pathOf } from "../src/address.ts";

const ports = fc.integer({ min: 1, max: 65_535 });
const senders = fc.record({ address: fc.oneof(fc.ipV4(), fc.ipV6()), port: ports });

test("a path is an address and a port: nobody shares one, and it leads back", () => {
  // Few enough of each that many have something in common, as behind a NAT.
  const nat = fc.record({
    address: fc.constantFrom("192.0.2.1", "192.0.2.2", "2001:db8::1"),
    port: fc.constantFrom(7_000, 7_001, 40_000),
  });
  fc.assert(
    fc.property(fc.array(fc.oneof(senders, nat)), (arrivals) => {
      const paths = new Paths();
      for (const from of arrivals) {
        expect(paths.of(from)).toBe(pathFrom(from));
        expect(addressOf(paths.of(from))).toEqual(addressOf(pathFrom(from)));
      }
      const named = new Set(arrivals.map(pathFrom));
      expect(new Set(arrivals.map((from) => paths.of(from)))).toEqual(named);
    }),
  );
});

test("an IPv4 address is the same place on a socket for both families", () => {
  fc.assert(
    fc.property(fc.ipV4(), ports, (address, port) => {
      const seen = asSeenBy("IPv6", address);
      expect(pathFrom({ address: seen, port })).toBe(pathOf({ address, port }));
      expect(addressOf(pathFrom({ address: seen, port }))).toEqual({ address, port });
      expect(asSeenBy("IPv4", address)).toBe(address);
    }),
  );
});
