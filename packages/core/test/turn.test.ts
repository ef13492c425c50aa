// A turn: one reading of the clock, outputs first in first out, and sinks that may throw.
import { describe, expect, test } from "vitest";
import { Turn } from "../src/turn.ts";

/** A turn whose clock reads off a list, and whose sink is given. */
function turnOf(readings: readonly number[], emit: (output: string, turn: Turn<string>) => void) {
  const log: string[] = [];
  let next = 0;
  const clock = { now: () => readings[Math.min(next++, readings.length - 1)] as number };
  const turn: Turn<string> = new Turn(
    clock,
    (output) => {
      log.push(output);
      emit(output, turn);
    },
    () => log.push("settled"),
  );
  return { turn, log, readings: () => next };
}

test("the clock is read once per outermost call; nested calls inherit its instant", () => {
  const { turn, readings } = turnOf([0, 10, 20], (output) => {
    if (output === "a") turn.run(() => expect(turn.now).toBe(10));
  });
  turn.run(() => turn.run(() => turn.push("a")));
  expect(turn.now).toBe(10);
  expect(readings()).toBe(2);
});

test("outputs of sinks that call back queue behind those that are waiting", () => {
  const { turn, log } = turnOf([0], (output, inner) => {
    if (output === "a") inner.run(() => inner.push("c"));
    if (output === "c") inner.run(() => inner.push("d"));
  });
  turn.run(() => {
    turn.push("a");
    turn.push("b");
  });
  expect(log).toEqual(["a", "b", "c", "d", "settled"]);
});

test("a result comes back, also from a nested call", () => {
  const { turn } = turnOf([0], () => {});
  expect(turn.run(() => turn.run(() => 7))).toBe(7);
});

describe("a sink that throws", () => {
  const throwing = (...names: readonly string[]) =>
    turnOf([0, 1, 2], (output) => {
      if (names.includes(output)) throw new Error(output);
    });
  const abc = (turn: Turn<string>) => () => {
    for (const output of ["a", "b", "c"]) turn.push(output);
  };

  test("loses nothing: everything else is delivered, then its own error is thrown", () => {
    const { turn, log } = throwing("a");
    expect(() => turn.run(abc(turn))).toThrow(/^a$/);
    expect(log).toEqual(["a", "b", "c", "settled"]);
  });

  test("several errors come together, in their order", () => {
    const { turn, log } = throwing("a", "c");
    let error: unknown;
    try {
      turn.run(abc(turn));
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors.map(String)).toEqual(["Error: a", "Error: c"]);
    expect(log.at(-1)).toBe("settled");
  });

  test("leaves the turn usable", () => {
    const { turn, log } = throwing("a");
    expect(() => turn.run(() => turn.push("a"))).toThrow();
    turn.run(() => turn.push("b"));
    expect(log).toEqual(["a", "settled", "b", "settled"]);
  });
});

test("a body that throws still delivers what it queued", () => {
  const { turn, log } = turnOf([0], () => {});
  const body = () => {
    turn.push("a");
    throw new Error("body");
  };
  expect(() => turn.run(body)).toThrow("body");
  expect(log).toEqual(["a", "settled"]);
});

test("an error at the end of a turn is thrown with the others", () => {
  const turn: Turn<string> = new Turn(
    { now: () => 0 },
    () => {
      throw new Error("sink");
    },
    () => {
      throw new Error("settled");
    },
  );
  expect(() => turn.run(() => {})).toThrow("settled");
  expect(() => turn.run(() => turn.push("a"))).toThrow(AggregateError);
});

describe("the clock", () => {
  test("nats-io/nats-server#6999: backward readings are clamped and counted", () => {
    const { turn } = turnOf([100, 90, 95, 120], () => {});
    const seen = [0, 0, 0].map(() => turn.run(() => turn.now));
    expect(seen).toEqual([100, 100, 120]);
    expect(turn.clockWentBack).toBe(2);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "%s throws, before anything is done",
    (reading) => {
      const { turn } = turnOf([0, reading], () => {});
      let ran = false;
      const body = () => {
        ran = true;
      };
      expect(() => turn.run(body)).toThrow(
        `The host's clock must return a finite number of ms (got ${reading}).`,
      );
      expect(ran).toBe(false);
      expect(() => turnOf([reading], () => {})).toThrow(RangeError);
    },
  );
});
