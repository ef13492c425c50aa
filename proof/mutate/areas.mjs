// What is mutated, by which tests it is judged, and which score is demanded of it.

const core = "packages/core/src";
const test = "packages/core/test";

/**
 * The tests of an area stand in the order in which they run: the quick and sharp ones first, because the
 * first that fails ends a mutant.
 */
export const areas = {
  peer: {
    least: 95,
    mutate: [`${core}/peer/*.ts`],
    tests: [
      "transition",
      "table",
      "evidence",
      "suspicion",
      "policy",
      "scenarios",
      "rules.property",
      "tally.property",
      "beats.property",
      "machine.property",
      "monitor",
      "drive",
      "stalls.property",
    ],
  },
  policy: {
    least: 95,
    mutate: ["policy", "define-policy", "policy-variants", "bounds"].map(
      (name) => `${core}/${name}.ts`,
    ),
    tests: ["policy", "suspicion", "negotiation", "negotiation.property", "transition"],
  },
  frames: {
    least: 95,
    mutate: ["frame", "layout", "encode", "decode", "text"].map(
      (name) => `${core}/endpoint/${name}.ts`,
    ),
    tests: ["frame", "stranger-bytes", "frame.property"],
  },
  monitor: {
    least: 95,
    mutate: [`${core}/monitor/*.ts`],
    tests: [
      "deadlines",
      "extras",
      "policies",
      "monitor",
      "turn",
      "refs",
      "suspicion",
      "monitor-found",
      "drive",
      "crowd",
      "stalls.property",
      "monitor.property",
    ],
    // One crowd takes as long as all that come before it.
    without: "over crowds",
  },
  endpoint: {
    least: 85,
    mutate: [
      `${core}/endpoint/*.ts`,
      ...["frame", "layout", "encode", "decode", "text", "index"].map(
        (name) => `!${core}/endpoint/${name}.ts`,
      ),
    ],
    tests: [
      "alarms",
      "bucket",
      "incarnation",
      "negotiation",
      "endpoint",
      "endpoint-options",
      "endpoint-handshakes",
      "endpoint-messages",
      "endpoint-beacons",
      "endpoint-seals",
      "endpoint-turns",
      "endpoint-lives",
      "endpoint-newcomers",
      "endpoint-outputs",
      "endpoint-recorded",
      "conversation",
      "what-counts",
      "strangers",
      "contests",
      "moves",
      "notices",
      "sessions",
      "minimal-responder",
      "explored",
      "found.simulation",
      "negotiation.property",
      "notices.property",
      "ordinary-out.property",
      "ordinary.property",
      "ledger.property",
      "stream.property",
      "strays.property",
      "tombstones.property",
      "endpoint.property",
      "identity.simulation",
      "rivals.simulation",
      "beacons.simulation",
      "healing.simulation",
      "held-back.simulation",
      "lockout.simulation",
      "offpath.simulation",
      "onpath.simulation",
      "recordings.simulation",
      "promise.simulation",
      "seal.simulation",
      "trust.simulation",
      "throttled.simulation",
      "answers.simulation",
      "conduct.simulation",
      "moves.simulation",
      "limits.simulation",
    ],
  },
};

export const testFiles = (area) => areas[area].tests.map((name) => `${test}/${name}.test.ts`);
