// Mutants of area `monitor` that no test can tell from the original: see ../equivalents.mjs.

export const monitor = [
  {
    file: "monitor/columns.ts",
    because: "that a beat has left goes through the rules, which come to the same, more slowly",
    mutants: [
      [
        "if (beatAt(at, policy, this.seed(slot), beats) !== this.#beatDueAt[slot]) return false;",
        "if (true) return false;",
      ],
      ["return true;", "return false;"],
      [
        "beatLeft(slot: number, at: number, policy: Policy): boolean { const beats = this.#words[slot * WORDS + BEATS] as number; if (beatAt(at, policy, this.seed(slot), beats) !== this.#beatDueAt[slot]) return false; this.#cells[slot * ROW + SENT_AT] = at; return true; }",
        "beatLeft(slot: number, at: number, policy: Policy): boolean {}",
      ],
    ],
  },
  {
    file: "monitor/peers.ts",
    because: "that a beat has left goes through the rules, which come to the same, more slowly",
    mutants: [["if (this.rows.beatLeft(slot, now, policy)) return;", "if (false) return;"]],
  },
  {
    file: "monitor/columns.ts",
    because: "LIFE_OBSERVED_AT is 0",
    mutants: [
      [
        "cells[cell + LIFE_OBSERVED_AT] = peer.lifeObservedAt;",
        "cells[cell - LIFE_OBSERVED_AT] = peer.lifeObservedAt;",
      ],
    ],
  },
  {
    file: "monitor/columns.ts",
    because: "FLAGS is 0",
    mutants: [
      ["this.#halves[slot * HALVES + FLAGS] = 0;", "this.#halves[slot * HALVES - FLAGS] = 0;"],
    ],
  },
  {
    file: "monitor/columns.ts",
    because: "behind the last slot nobody lives",
    mutants: [
      [
        "for (let slot = 0; slot < this.heardAt.length; slot++) {",
        "for (let slot = 0; slot <= this.heardAt.length; slot++) {",
      ],
    ],
  },
  {
    file: "monitor/columns.ts",
    because: "nobody is dealt with in place any more: slower, and the same",
    mutants: [
      [
        "#isAnchored({ heardAt, lifeObservedAt, lifeCreditedAt }: Peer): boolean { const stalls = this.#stalls; const observed = lifeObservedAt === observedAt(heardAt, stalls); const credited = lifeCreditedAt === creditedAt(heardAt, stalls); return heardAt < stalls.steadyFromAt || (observed && credited); }",
        "#isAnchored({ heardAt, lifeObservedAt, lifeCreditedAt }: Peer): boolean {}",
      ],
    ],
  },
  {
    file: "monitor/columns.ts",
    because: "the offset is 0",
    mutants: [
      ["this.#halves[slot * HALVES + FLAGS] =", "this.#halves[slot * HALVES - FLAGS] ="],
      [
        "this.#words[slot * WORDS + SESSION] = peer.session;",
        "this.#words[slot * WORDS - SESSION] = peer.session;",
      ],
      [
        "const observed = follows ? observedAt(heardAt, stalls) : this.#cells[cell + LIFE_OBSERVED_AT];",
        "const observed = follows ? observedAt(heardAt, stalls) : this.#cells[cell - LIFE_OBSERVED_AT];",
      ],
      [
        "this.#cells[slot * ROW + LIFE_OBSERVED_AT] = observedAt(heardAt, this.#stalls);",
        "this.#cells[slot * ROW - LIFE_OBSERVED_AT] = observedAt(heardAt, this.#stalls);",
      ],
    ],
  },
  {
    file: "monitor/columns.ts",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
    mutants: [
      [
        'const plain = peer.status === "alive" && isJudged(peer) && peer.arrivals.stale === 0;',
        "const plain = false;",
        'const plain = peer.status === "" && isJudged(peer) && peer.arrivals.stale === 0;',
      ],
      [
        "this.slots.setLiving(slot, inPlace && plain && this.#isAnchored(peer));",
        "this.slots.setLiving(slot, false);",
      ],
      [
        "const observed = lifeObservedAt === observedAt(heardAt, stalls);",
        "const observed = false;",
        "const observed = lifeObservedAt !== observedAt(heardAt, stalls);",
      ],
      [
        "const credited = lifeCreditedAt === creditedAt(heardAt, stalls);",
        "const credited = false;",
        "const credited = lifeCreditedAt !== creditedAt(heardAt, stalls);",
      ],
      [
        "return heardAt < stalls.steadyFromAt || (observed && credited);",
        "return false;",
        "return heardAt < stalls.steadyFromAt && observed && credited;",
        "return false || (observed && credited);",
        "return heardAt < stalls.steadyFromAt || (false);",
      ],
    ],
  },
  {
    file: "monitor/columns.ts",
    because:
      "whoever clears a row stores somebody in it next, or releases its slot: both say who lives there",
    mutants: [["this.slots.setLiving(slot, false);", "this.slots.setLiving(slot, true);"]],
  },
  {
    file: "monitor/columns.ts",
    because:
      "whoever is heard in the instant in which a stall was found is written down with the same numbers",
    mutants: [
      [
        "const follows = heardAt >= stalls.steadyFromAt;",
        "const follows = heardAt > stalls.steadyFromAt;",
      ],
    ],
  },
  {
    file: "monitor/deadlines.ts",
    because: "no slot is due twice",
    mutants: [
      [
        "if (beforeAt < at || (beforeAt === at && before < slot)) break;",
        "if (beforeAt < at || (beforeAt === at && before <= slot)) break;",
      ],
    ],
  },
  {
    file: "monitor/deadlines.ts",
    because: "whoever looks at it sets it first",
    mutants: [["#due: number[] = [];", '#due: number[] = ["Stryker was here"];']],
  },
  {
    file: "monitor/deadlines.ts",
    because: "writes what is there already, up to the root",
    mutants: [
      ["if (at >= (bounds[node] as number)) return;", "if (at > (bounds[node] as number)) return;"],
    ],
  },
  {
    file: "monitor/deadlines.ts",
    because: "both ways sort alike; one of them makes garbage",
    mutants: [["if (due.length > FEW) {", "if (true) {", "if (due.length >= FEW) {"]],
  },
  {
    file: "monitor/extras.ts",
    because: "writes what is there already: the condition saves the writes",
    mutants: [
      [
        "if (at === 0 && peer.stretchMs === NEVER && peer.pausedObservedAt === NEVER) return;",
        "if (false) return;",
      ],
    ],
  },
  {
    file: "monitor/monitor.ts",
    because: "a net: detectors, samples and sinks are each caught where they are called",
    mutants: [["} catch (error) { turn.fail(error); }", "} catch (error) {}"]],
  },
  {
    file: "monitor/monitor.ts",
    because: "a way in place that is never taken: the general one is slower, and says the same",
    mutants: [
      [
        "#isIdle(now: number): boolean { const stalls = this.#stalls; if ( now >= this.#sampleAt() || stalls.health > 0 || now > stalls.promisedAt || this.#deadlines.isDue(now) ) { return false; } stalls.renew(now); this.#settledAt = this.nextDeadline(); return true; }",
        "#isIdle(now: number): boolean {}",
      ],
    ],
  },
  {
    file: "monitor/monitor.ts",
    because: "what is no slot has no status, and is not alive",
    mutants: [
      [
        "for (const slot of stalls.paused ? [] : due) {",
        'for (const slot of stalls.paused ? ["Stryker was here"] : due) {',
      ],
    ],
  },
  {
    file: "monitor/monitor.ts",
    because: "nobody has the id undefined",
    mutants: [
      [
        "const known = id === undefined ? undefined : this.#rows.find(id);",
        "const known = false ? undefined : this.#rows.find(id);",
      ],
    ],
  },
  {
    file: "monitor/monitor.ts",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
    mutants: [
      [
        "if (sign !== undefined || slots.keys[slot] !== ref) return this.#hear(ref, undefined, sign);",
        "if (true) return this.#hear(ref, undefined, sign);",
      ],
      [
        "if (this.#rows.slots.keys[slot] !== ref) return this.#hear(ref, seq, sign);",
        "if (true) return this.#hear(ref, seq, sign);",
      ],
      [
        "if (!stalls.isQuiet(now)) return this.#hear(ref, undefined, sign, now);",
        "if (true) return this.#hear(ref, undefined, sign, now);",
      ],
      [
        "if (!stalls.isQuiet(now)) return this.#hear(ref, seq, sign, now);",
        "if (true) return this.#hear(ref, seq, sign, now);",
      ],
      [
        "if (!turn.isUnderWay && this.#isIdle(now)) return;",
        "if (false) return;",
        "if (turn.isUnderWay && this.#isIdle(now)) return;",
      ],
      [
        "now >= this.#sampleAt() || stalls.health > 0 || now > stalls.promisedAt || this.#deadlines.isDue(now)",
        "true",
      ],
      ["stalls.health > 0 ||", "stalls.health >= 0 ||"],
      ["now > stalls.promisedAt ||", "now >= stalls.promisedAt ||"],
      ["return true;", "return false;"],
    ],
  },
  {
    file: "monitor/monitor.ts",
    because: "with nobody due, in time and in good health, nothing follows from judging ourselves",
    mutants: [
      [
        "if (due.length === 0 && lateMs === 0 && stalls.health === 0) return;",
        "if (false) return;",
      ],
    ],
  },
  {
    file: "monitor/peers.ts",
    because: "a way in place that is never taken: the general one is slower, and says the same",
    mutants: [
      [
        "#countBeat(slot: number, seq: number): boolean { const { tallies } = this.rows; tallies.widen(COUNTS); const tally = tallies.take(slot); if (!isAhead(tally, seq)) return false; this.endSilence(slot); count(tally, seq); return true; }",
        "#countBeat(slot: number, seq: number): boolean {}",
      ],
      [
        "#learnBeat(slot: number, seq: number, sign: HeardSign): boolean { const { tallies } = this.rows; const { now } = this.#turn; const policy = this.rows.policy(slot); this.#makeRoom(sign, policy); const tally = tallies.take(slot); if (!isLife(tally, now, this.#stalls, seq, sign, policy)) return false; this.endSilence(slot); return arrive(tally, now, this.#stalls, seq, sign, policy); }",
        "#learnBeat(slot: number, seq: number, sign: HeardSign): boolean {}",
      ],
      [
        "hearBeat(slot: number, seq: number, sign: HeardSign): boolean { const { rows } = this; const isPlain = sign === NO_SIGN && rows.policies.varying === 0; if (!(isPlain ? this.#countBeat(slot, seq) : this.#learnBeat(slot, seq, sign))) return false; rows.heardAt[slot] = this.#turn.now; if (rows.policies.varying > 0) this.#lower(slot); return true; }",
        "hearBeat(slot: number, seq: number, sign: HeardSign): boolean {}",
      ],
    ],
  },
  {
    file: "monitor/peers.ts",
    because: "what follows makes the same output, in two pieces",
    mutants: [
      [
        'if (output.type === "beat") { // In one piece: an object that grows later is two. const { type, session, probe } = output; const isNameless = id === undefined; this.#turn.push( isNameless ? { type, session, probe, peer } : { type, session, probe, peer, id }, ); return; }',
        'if (output.type === "beat") {}',
      ],
      ['if (output.type === "beat") {', "if (false) {", 'if (output.type === "") {'],
    ],
  },
  {
    file: "monitor/peers.ts",
    because: "dialling whoever is not dead changes nothing",
    mutants: [
      [
        'if (policy.returns === "new-session" && this.rows.status(slot) === "dead") {',
        'if (policy.returns === "new-session" && true) {',
      ],
    ],
  },
  {
    file: "monitor/peers.ts",
    because: "more room than is needed",
    mutants: [
      [
        "if (seq !== undefined || sign !== NO_SIGN) this.#makeRoom(sign, policy);",
        "if (true) this.#makeRoom(sign, policy);",
      ],
      [
        "this.rows.tallies.widen(widthFor(policy, sign.sentAtMs !== undefined));",
        "this.rows.tallies.widen(widthFor(policy, true));",
      ],
    ],
  },
  {
    file: "monitor/peers.ts",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
    mutants: [
      [
        "const isPlain = sign === NO_SIGN && rows.policies.varying === 0;",
        "const isPlain = false;",
      ],
      [
        "if (!(isPlain ? this.#countBeat(slot, seq) : this.#learnBeat(slot, seq, sign))) return false;",
        "if (true) return false;",
      ],
      [
        "if (!isLife(tally, now, this.#stalls, seq, sign, policy)) return false;",
        "if (true) return false;",
      ],
      ["if (!isAhead(tally, seq)) return false;", "if (true) return false;"],
      [
        "if (rows.slots.isLiving(slot)) return rows.suspectAt(slot);",
        "if (false) return rows.suspectAt(slot);",
      ],
    ],
  },
  {
    file: "monitor/peers.ts",
    because: "looks for an earlier deadline where none can be: slower, and the same",
    mutants: [
      [
        "if (rows.policies.varying > 0) this.#lower(slot);",
        "if (true) this.#lower(slot);",
        "if (rows.policies.varying >= 0) this.#lower(slot);",
      ],
    ],
  },
  {
    file: "monitor/peers.ts",
    because: "looks more closely at a silence that was not near: slower, and the same",
    mutants: [
      [
        "if (this.#turn.now - (heardAt[slot] as number) >= policies.nearMs) this.#noteNear(slot);",
        "if (true) this.#noteNear(slot);",
        "if (this.#turn.now + (heardAt[slot] as number) >= policies.nearMs) this.#noteNear(slot);",
      ],
    ],
  },
  {
    file: "monitor/peers.ts",
    because: "writes the bound that is there",
    mutants: [
      [
        "const isEarlier = at < this.deadlines.at(slot);",
        "const isEarlier = at <= this.deadlines.at(slot);",
      ],
    ],
  },
  {
    file: "monitor/peers.ts",
    because: "opens a turn in which nothing happens",
    mutants: [["if (!isEarlier && tally.failures.length === 0) return;", "if (false) return;"]],
  },
  {
    file: "monitor/peers.ts",
    because: "the deadline is exact, and a bound may be",
    mutants: [
      ["if (isEarlier) this.deadlines.set(slot, at);", "if (true) this.deadlines.set(slot, at);"],
    ],
  },
  {
    file: "monitor/peers.ts",
    because: "there is nothing to go over: the condition saves the list",
    mutants: [
      [
        "if (failures.length > 0) for (const failure of failures.splice(0)) this.#turn.fail(failure);",
        "if (true) for (const failure of failures.splice(0)) this.#turn.fail(failure);",
        "if (failures.length >= 0) for (const failure of failures.splice(0)) this.#turn.fail(failure);",
      ],
    ],
  },
  {
    file: "monitor/peers.ts",
    because: "only changes have a reason",
    mutants: [
      [
        'if (output.type === "changed" && output.reason === "silence") this.#noteDetection();',
        'if (true && output.reason === "silence") this.#noteDetection();',
      ],
    ],
  },
  {
    file: "monitor/peers.ts",
    because: "what is no number is not near, just as 0 is not",
    mutants: [
      [
        "const NO_SHARES = Object.freeze({ share: 0, shadowShare: 0 });",
        "const NO_SHARES = Object.freeze({});",
      ],
    ],
  },
  {
    file: "monitor/policies.ts",
    because: "looks for the smallest once more, which is none yet",
    mutants: [["#isStale = false;", "#isStale = true;"]],
  },
  {
    file: "monitor/policies.ts",
    because: "the silence of `fixed` is then asked of the detector: slower, and the same",
    mutants: [
      ["readonly fixedMs: number[] = [Number.NaN];", "readonly fixedMs: number[] = [];"],
      [
        "function silenceOf({ suspectAfterMs, deadAfterMs, minSuspicionMs }: Policy): number { return suspicionMs(suspectAfterMs, deadAfterMs, minSuspicionMs); }",
        "function silenceOf({ suspectAfterMs, deadAfterMs, minSuspicionMs }: Policy): number {}",
      ],
      [
        "this.fixedMs[index] = policy.detector === fixed ? silenceOf(policy) : Number.NaN;",
        "this.fixedMs[index] = false ? silenceOf(policy) : Number.NaN;",
      ],
    ],
  },
  {
    file: "monitor/policies.ts",
    because: "looks for the smallest once more, which is the same",
    mutants: [
      [
        "else if (suspectAfterMs === this.#smallestMs) this.#isStale = true;",
        "else if (true) this.#isStale = true;",
      ],
    ],
  },
  {
    file: "monitor/refs.ts",
    because: "the list is cut more often: slower, and the same",
    mutants: [
      [
        "if (2 * this.#firstFree < this.#free.length) return;",
        "if (false) return;",
        "if (2 * this.#firstFree <= this.#free.length) return;",
      ],
    ],
  },
  {
    file: "monitor/rows.ts",
    because: "the silence of `fixed` is then asked of the detector: slower, and the same",
    mutants: [
      [
        "if (fixedMs >= 0) return fixedMs;",
        "if (false) return fixedMs;",
        "if (fixedMs > 0) return fixedMs;",
        "if (fixedMs < 0) return fixedMs;",
      ],
    ],
  },
  {
    file: "monitor/rows.ts",
    because: "nobody asks for the id undefined",
    mutants: [["if (id !== undefined) {", "if (true) {"]],
  },
  {
    file: "monitor/rows.ts",
    because: "behind the last slot nobody lives",
    mutants: [
      [
        "for (let slot = 0; slot < this.#policyOf.length; slot++) {",
        "for (let slot = 0; slot <= this.#policyOf.length; slot++) {",
      ],
    ],
  },
  {
    file: "monitor/rows.ts",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
    mutants: [
      [
        "this.store(slot, peer, this.policy(slot).shadow === undefined);",
        "this.store(slot, peer, false);",
      ],
    ],
  },
  {
    file: "monitor/rows.ts",
    because: "one fewer and one more of the same: the condition saves the sums",
    mutants: [["if (status !== peer.status) {", "if (true) {"]],
  },
  {
    file: "monitor/rows.ts",
    because: "what is long enough is not made longer",
    mutants: [
      [
        "if (slots <= this.#policyOf.length) return;",
        "if (false) return;",
        "if (slots < this.#policyOf.length) return;",
      ],
    ],
  },
  {
    file: "monitor/stalls.ts",
    because: "before the first change there is nothing to clear, and every change sets it",
    mutants: [["#healthChangedAt: number = -NEVER;", "#healthChangedAt: number = +NEVER;"]],
  },
  {
    file: "monitor/stalls.ts",
    because: "the constructor sets it",
    mutants: [["#servedAt: number = -NEVER;", "#servedAt: number = +NEVER;"]],
  },
  {
    file: "monitor/stalls.ts",
    because: "the monitor serves first, and so adds up what was paused so far",
    mutants: [["if (this.paused) return;", "if (false) return;"]],
  },
  {
    file: "monitor/tallies.ts",
    because: "copies what is wide enough",
    mutants: [["if (width <= this.#width) return;", "if (width < this.#width) return;"]],
  },
  {
    file: "monitor/tallies.ts",
    because: "behind the last row there is nothing to copy",
    mutants: [
      [
        "for (let slot = 0; slot < this.#slots; slot++) {",
        "for (let slot = 0; slot <= this.#slots; slot++) {",
      ],
    ],
  },
];
