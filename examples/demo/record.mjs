// What was seen: per peer the changes, and what was done to it. And the verdict over the story.

/** Lanes by id; times are ms from the moment at which everybody was alive. */
export class Record {
  #startedAt = performance.now();
  lanes = new Map();
  ended = false;

  constructor(story) {
    for (const { id, transport, fault } of story) {
      this.lanes.set(id, {
        id,
        transport,
        fault,
        status: "connecting",
        changes: [],
        acts: [],
        kills: [],
      });
    }
  }

  /** Everybody is alive: the story begins. */
  begin() {
    this.#startedAt = performance.now();
    for (const lane of this.lanes.values()) lane.changes = [];
  }

  /** What follows (the children are sent home) is not part of the story. */
  end() {
    this.ended = true;
  }

  now() {
    return performance.now() - this.#startedAt;
  }

  changed(id, { to, reason, session, safeInMs }) {
    const lane = this.lanes.get(id);
    if (lane === undefined || this.ended) return;
    lane.status = to;
    lane.changes.push({ at: this.now(), to, reason, session, safeInMs });
  }

  acted(id, action) {
    this.lanes.get(id)?.acts.push({ at: this.now(), action });
  }

  /** The naive watchdog would have killed this peer now. */
  naivelyKilled(id) {
    this.lanes.get(id)?.kills.push({ at: this.now(), status: this.lanes.get(id).status });
  }
}

/** One row a fault: what was seen, after how long, and whether that is as it must be. */
export function verdicts(story, lanes) {
  return story.map(({ id, transport, fault, sees }) => {
    const { changes, acts } = lanes.get(id);
    const from = acts[0]?.at ?? 0;
    const seen = changes.map(({ at, to, reason }) => ({ to, reason, afterMs: at - from }));
    return { id, transport, fault, seen, ok: matches(sees, seen) };
  });
}

/** Exactly the expected changes, in order; optional ones may be missing. */
function matches(sees, seen) {
  let next = 0;
  for (const want of sees) {
    const got = seen[next];
    const fits =
      got?.to === want.to &&
      (want.reason === undefined || got.reason === want.reason) &&
      got.afterMs <= want.withinMs;
    if (fits) next += 1;
    else if (!want.optional) return false;
  }
  return next === seen.length;
}
