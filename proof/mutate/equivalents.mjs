// Mutants that no test can tell from the original, each with the reason. A mutant is known by its file and the
// text before and after, whatever the line. One that is killed, or is gone, fails the run: delete it here.

/** @type {readonly { file: string, was: string, becomes: string | readonly string[], because: string }[]} */
const groups = [
  // ── policy ───────────────────────────────────────────────────────────────────────────────────────
  {
    file: "policy-variants.ts",
    was: "const others = variants.get(policy) ?? [];",
    becomes: 'const others = variants.get(policy) ?? ["Stryker was here"];',
    because: "what is no policy is never equal to one, and is pushed out like any other variant",
  },

  // ── peer ─────────────────────────────────────────────────────────────────────────────────────────
  {
    file: "peer/state.ts",
    was: 'role: Role = "both";',
    becomes: 'role: Role = "";',
    because: "whoever makes a peer gives it its role; this only says what kind of field it is",
  },
  {
    file: "peer/tally.ts",
    was: "while (end > COUNTS && this.#cell(end - 1) === 0) end -= 1;",
    becomes: "while (end >= COUNTS && this.#cell(end - 1) === 0) end -= 1;",
    because:
      "goes on into the counts only where nothing is behind them, which is undefined either way",
  },
  {
    file: "peer/arriving.ts",
    was: "else if (cells[row + STALE]) cells[row + STALE] = 0;",
    becomes: "else if (true) cells[row + STALE] = 0;",
    because: "writes a 0 where a 0 is: the condition saves the write",
  },
  {
    file: "peer/arriving.ts",
    was: "cells[at + RECEIVED] = received + 1;",
    becomes: "cells[at - RECEIVED] = received + 1;",
    because: "RECEIVED is 0",
  },
  ...["if (false) return 0;", "if (seq === highestSeq - 1 && recent === ALL) return 0;"].map(
    (becomes) => ({
      file: "peer/arriving.ts",
      was: "if (seq === highestSeq + 1 && recent === ALL) return 0;",
      becomes,
      because: "the general path behind it says the same, more slowly",
    }),
  ),
  {
    file: "peer/arriving.ts",
    was: "if (by >= WINDOW || (recent >>> by) & 1) return;",
    becomes: "if (by > WINDOW || (recent >>> by) & 1) return;",
    because: "a shift by 32 is one by 0, and the newest frame is always in the window",
  },
  ...[
    [
      "const beat: { -readonly [Name in keyof Beat]: Beat[Name] } = { at: 0, sentAtMs: undefined, gapMs: 0, skipped: 0, declaredMs: 0, stalledMs: 0, spoilt: false, };",
      "const beat: { -readonly [Name in keyof Beat]: Beat[Name] } = {};",
    ],
    ["spoilt: false,", "spoilt: true,"],
  ].map(([was = "", becomes = ""]) => ({
    file: "peer/arriving.ts",
    was,
    becomes,
    because: "every field is set before a detector sees it; this is the object's shape",
  })),

  {
    file: "peer/transition.ts",
    was: "const isTimed = (event as Partial<Sign>).sentAtMs !== undefined;",
    becomes: "const isTimed = true;",
    because: "a row with more room than it needs: what stays empty is left out of the state",
  },
  {
    file: "peer/transition.ts",
    was: "return [changed ? freeze(peer) : state, outputs.length === 0 ? NOTHING : Object.freeze(outputs)];",
    becomes: "return [changed ? freeze(peer) : state, false ? NOTHING : Object.freeze(outputs)];",
    because: "an empty list of its own in the place of the empty one that all share",
  },
  {
    file: "peer/transition.ts",
    was: 'evidence.detector = policy.detector === fixed ? "fixed" : policy.detector.name;',
    becomes: 'evidence.detector = false ? "fixed" : policy.detector.name;',
    because: "differs only where a bundler shortened the names of functions",
  },

  // ── frames ───────────────────────────────────────────────────────────────────────────────────────
  ...["if (extraAt <= lengthBytes)", "if (true)"].map((condition) => ({
    file: "endpoint/decode.ts",
    was: "if (extraAt < lengthBytes) frame.extra = new Uint8Array(bytes.subarray(extraAt, lengthBytes));",
    becomes: `${condition} frame.extra = new Uint8Array(bytes.subarray(extraAt, lengthBytes));`,
    because: "an empty array of its own in the place of the empty one that all share",
  })),
  {
    file: "endpoint/text.ts",
    was: "} catch { return undefined; }",
    becomes: "} catch {}",
    because: "a function that just ends gives undefined back",
  },
  {
    file: "endpoint/encode.ts",
    was: "if (rest.length) bytes.set(rest, lengthBytes - rest.length);",
    becomes: "if (true) bytes.set(rest, lengthBytes - rest.length);",
    because: "setting nothing sets nothing: the condition saves the call",
  },
  {
    file: "endpoint/layout.ts",
    was: "fields: (_pass, _bytes, frame) => frame,",
    becomes: "fields: () => undefined,",
    because: "DATA has no fields: nobody looks at what writing them gives back",
  },

  // ── monitor ──────────────────────────────────────────────────────────────────────────────────────
  {
    file: "monitor/stalls.ts",
    was: "#healthChangedAt: number = -NEVER;",
    becomes: "#healthChangedAt: number = +NEVER;",
    because: "before the first change there is nothing to clear, and every change sets it",
  },
  {
    file: "monitor/stalls.ts",
    was: "#servedAt: number = -NEVER;",
    becomes: "#servedAt: number = +NEVER;",
    because: "the constructor sets it",
  },
  {
    file: "monitor/columns.ts",
    was: "cells[cell + LIFE_OBSERVED_AT] = peer.lifeObservedAt;",
    becomes: "cells[cell - LIFE_OBSERVED_AT] = peer.lifeObservedAt;",
    because: "LIFE_OBSERVED_AT is 0",
  },
  {
    file: "monitor/columns.ts",
    was: "this.#halves[slot * HALVES + FLAGS] = 0;",
    becomes: "this.#halves[slot * HALVES - FLAGS] = 0;",
    because: "FLAGS is 0",
  },
  {
    file: "monitor/columns.ts",
    was: "for (let slot = 0; slot < this.heardAt.length; slot++) {",
    becomes: "for (let slot = 0; slot <= this.heardAt.length; slot++) {",
    because: "behind the last slot nobody lives",
  },
  {
    file: "monitor/columns.ts",
    was: "#isAnchored({ heardAt, lifeObservedAt, lifeCreditedAt }: Peer): boolean { const stalls = this.#stalls; const observed = lifeObservedAt === observedAt(heardAt, stalls); const credited = lifeCreditedAt === creditedAt(heardAt, stalls); return heardAt < stalls.steadyFromAt || (observed && credited); }",
    becomes: "#isAnchored({ heardAt, lifeObservedAt, lifeCreditedAt }: Peer): boolean {}",
    because: "nobody is dealt with in place any more: slower, and the same",
  },
  {
    file: "monitor/monitor.ts",
    was: "} catch (error) { turn.fail(error); }",
    becomes: "} catch (error) {}",
    because: "a net: detectors, samples and sinks are each caught where they are called",
  },
  {
    file: "monitor/deadlines.ts",
    was: "if (beforeAt < at || (beforeAt === at && before < slot)) break;",
    becomes: "if (beforeAt < at || (beforeAt === at && before <= slot)) break;",
    because: "no slot is due twice",
  },
  {
    file: "monitor/deadlines.ts",
    was: "#due: number[] = [];",
    becomes: '#due: number[] = ["Stryker was here"];',
    because: "whoever looks at it sets it first",
  },
  {
    file: "monitor/monitor.ts",
    was: "#isIdle(now: number): boolean { const stalls = this.#stalls; if ( now >= this.#sampleAt() || stalls.health > 0 || now > stalls.promisedAt || this.#deadlines.isDue(now) ) { return false; } stalls.renew(now); this.#settledAt = this.nextDeadline(); return true; }",
    becomes: "#isIdle(now: number): boolean {}",
    because: "a way in place that is never taken: the general one is slower, and says the same",
  },
  {
    file: "monitor/monitor.ts",
    was: "for (const slot of stalls.paused ? [] : due) {",
    becomes: 'for (const slot of stalls.paused ? ["Stryker was here"] : due) {',
    because: "what is no slot has no status, and is not alive",
  },
  {
    file: "monitor/peers.ts",
    was: "#countBeat(slot: number, seq: number): boolean { const { tallies } = this.rows; tallies.widen(COUNTS); const tally = tallies.take(slot); if (!isAhead(tally, seq)) return false; this.endSilence(slot); count(tally, seq); return true; }",
    becomes: "#countBeat(slot: number, seq: number): boolean {}",
    because: "a way in place that is never taken: the general one is slower, and says the same",
  },
  {
    file: "monitor/peers.ts",
    was: "#learnBeat(slot: number, seq: number, sign: HeardSign): boolean { const { tallies } = this.rows; const { now } = this.#turn; const policy = this.rows.policy(slot); this.#makeRoom(sign, policy); const tally = tallies.take(slot); if (!isLife(tally, now, this.#stalls, seq, sign, policy)) return false; this.endSilence(slot); return arrive(tally, now, this.#stalls, seq, sign, policy); }",
    becomes: "#learnBeat(slot: number, seq: number, sign: HeardSign): boolean {}",
    because: "a way in place that is never taken: the general one is slower, and says the same",
  },
  {
    file: "monitor/peers.ts",
    was: "hearBeat(slot: number, seq: number, sign: HeardSign): boolean { const { rows } = this; const isPlain = sign === NO_SIGN && rows.policies.varying === 0; if (!(isPlain ? this.#countBeat(slot, seq) : this.#learnBeat(slot, seq, sign))) return false; rows.heardAt[slot] = this.#turn.now; if (rows.policies.varying > 0) this.#lower(slot); return true; }",
    becomes: "hearBeat(slot: number, seq: number, sign: HeardSign): boolean {}",
    because: "a way in place that is never taken: the general one is slower, and says the same",
  },
  {
    file: "monitor/peers.ts",
    was: 'if (output.type === "beat") { // In one piece: an object that grows later is two. const { type, session, probe } = output; const isNameless = id === undefined; this.#turn.push( isNameless ? { type, session, probe, peer } : { type, session, probe, peer, id }, ); return; }',
    becomes: 'if (output.type === "beat") {}',
    because: "what follows makes the same output, in two pieces",
  },
  {
    file: "monitor/policies.ts",
    was: "#isStale = false;",
    becomes: "#isStale = true;",
    because: "looks for the smallest once more, which is none yet",
  },
  {
    file: "monitor/policies.ts",
    was: "readonly fixedMs: number[] = [Number.NaN];",
    becomes: "readonly fixedMs: number[] = [];",
    because: "the silence of `fixed` is then asked of the detector: slower, and the same",
  },
  {
    file: "monitor/policies.ts",
    was: "function silenceOf({ suspectAfterMs, deadAfterMs, minSuspicionMs }: Policy): number { return suspicionMs(suspectAfterMs, deadAfterMs, minSuspicionMs); }",
    becomes:
      "function silenceOf({ suspectAfterMs, deadAfterMs, minSuspicionMs }: Policy): number {}",
    because: "the silence of `fixed` is then asked of the detector: slower, and the same",
  },
  {
    file: "monitor/rows.ts",
    was: "if (fixedMs >= 0) return fixedMs;",
    becomes: "if (false) return fixedMs;",
    because: "the silence of `fixed` is then asked of the detector: slower, and the same",
  },
  {
    file: "monitor/rows.ts",
    was: "if (fixedMs >= 0) return fixedMs;",
    becomes: "if (fixedMs > 0) return fixedMs;",
    because: "the silence of `fixed` is then asked of the detector: slower, and the same",
  },
  {
    file: "monitor/columns.ts",
    was: "this.#halves[slot * HALVES + FLAGS] =",
    becomes: "this.#halves[slot * HALVES - FLAGS] =",
    because: "the offset is 0",
  },
  {
    file: "monitor/columns.ts",
    was: "this.#words[slot * WORDS + SESSION] = peer.session;",
    becomes: "this.#words[slot * WORDS - SESSION] = peer.session;",
    because: "the offset is 0",
  },
  {
    file: "monitor/columns.ts",
    was: 'const plain = peer.status === "alive" && isJudged(peer) && peer.arrivals.stale === 0;',
    becomes: [
      "const plain = false;",
      'const plain = peer.status === "" && isJudged(peer) && peer.arrivals.stale === 0;',
    ],
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/columns.ts",
    was: "this.slots.setLiving(slot, inPlace && plain && this.#isAnchored(peer));",
    becomes: "this.slots.setLiving(slot, false);",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/columns.ts",
    was: "this.slots.setLiving(slot, false);",
    becomes: "this.slots.setLiving(slot, true);",
    because:
      "whoever clears a row stores somebody in it next, or releases its slot: both say who lives there",
  },
  {
    file: "monitor/columns.ts",
    was: "const follows = heardAt >= stalls.steadyFromAt;",
    becomes: "const follows = heardAt > stalls.steadyFromAt;",
    because:
      "whoever is heard in the instant in which a stall was found is written down with the same numbers",
  },
  {
    file: "monitor/columns.ts",
    was: "const observed = follows ? observedAt(heardAt, stalls) : this.#cells[cell + LIFE_OBSERVED_AT];",
    becomes:
      "const observed = follows ? observedAt(heardAt, stalls) : this.#cells[cell - LIFE_OBSERVED_AT];",
    because: "the offset is 0",
  },
  {
    file: "monitor/columns.ts",
    was: "this.#cells[slot * ROW + LIFE_OBSERVED_AT] = observedAt(heardAt, this.#stalls);",
    becomes: "this.#cells[slot * ROW - LIFE_OBSERVED_AT] = observedAt(heardAt, this.#stalls);",
    because: "the offset is 0",
  },
  {
    file: "monitor/columns.ts",
    was: "const observed = lifeObservedAt === observedAt(heardAt, stalls);",
    becomes: [
      "const observed = false;",
      "const observed = lifeObservedAt !== observedAt(heardAt, stalls);",
    ],
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/columns.ts",
    was: "const credited = lifeCreditedAt === creditedAt(heardAt, stalls);",
    becomes: [
      "const credited = false;",
      "const credited = lifeCreditedAt !== creditedAt(heardAt, stalls);",
    ],
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/columns.ts",
    was: "return heardAt < stalls.steadyFromAt || (observed && credited);",
    becomes: [
      "return false;",
      "return heardAt < stalls.steadyFromAt && observed && credited;",
      "return false || (observed && credited);",
      "return heardAt < stalls.steadyFromAt || (false);",
    ],
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/deadlines.ts",
    was: "if (at >= (bounds[node] as number)) return;",
    becomes: "if (at > (bounds[node] as number)) return;",
    because: "writes what is there already, up to the root",
  },
  {
    file: "monitor/deadlines.ts",
    was: "if (due.length > FEW) {",
    becomes: ["if (true) {", "if (due.length >= FEW) {"],
    because: "both ways sort alike; one of them makes garbage",
  },
  {
    file: "monitor/extras.ts",
    was: "if (at === 0 && peer.stretchMs === NEVER && peer.pausedObservedAt === NEVER) return;",
    becomes: "if (false) return;",
    because: "writes what is there already: the condition saves the writes",
  },
  {
    file: "monitor/monitor.ts",
    was: "const known = id === undefined ? undefined : this.#rows.find(id);",
    becomes: "const known = false ? undefined : this.#rows.find(id);",
    because: "nobody has the id undefined",
  },
  {
    file: "monitor/monitor.ts",
    was: "if (sign !== undefined || slots.keys[slot] !== ref) return this.#hear(ref, undefined, sign);",
    becomes: "if (true) return this.#hear(ref, undefined, sign);",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/monitor.ts",
    was: "if (this.#rows.slots.keys[slot] !== ref) return this.#hear(ref, seq, sign);",
    becomes: "if (true) return this.#hear(ref, seq, sign);",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/monitor.ts",
    was: "if (!stalls.isQuiet(now)) return this.#hear(ref, undefined, sign, now);",
    becomes: "if (true) return this.#hear(ref, undefined, sign, now);",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/monitor.ts",
    was: "if (!stalls.isQuiet(now)) return this.#hear(ref, seq, sign, now);",
    becomes: "if (true) return this.#hear(ref, seq, sign, now);",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/monitor.ts",
    was: "if (!turn.isUnderWay && this.#isIdle(now)) return;",
    becomes: ["if (false) return;", "if (turn.isUnderWay && this.#isIdle(now)) return;"],
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/monitor.ts",
    was: "now >= this.#sampleAt() || stalls.health > 0 || now > stalls.promisedAt || this.#deadlines.isDue(now)",
    becomes: "true",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/monitor.ts",
    was: "now >= this.#sampleAt() || stalls.health > 0 || now > stalls.promisedAt || this.#deadlines.isDue(now)",
    becomes: "true",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/monitor.ts",
    was: "stalls.health > 0 ||",
    becomes: "stalls.health >= 0 ||",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/monitor.ts",
    was: "now >= this.#sampleAt() || stalls.health > 0 || now > stalls.promisedAt || this.#deadlines.isDue(now)",
    becomes: "true",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/monitor.ts",
    was: "now > stalls.promisedAt ||",
    becomes: "now >= stalls.promisedAt ||",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/monitor.ts",
    was: "return true;",
    becomes: "return false;",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/monitor.ts",
    was: "if (due.length === 0 && lateMs === 0 && stalls.health === 0) return;",
    becomes: "if (false) return;",
    because: "with nobody due, in time and in good health, nothing follows from judging ourselves",
  },
  {
    file: "monitor/peers.ts",
    was: 'if (policy.returns === "new-session" && this.rows.status(slot) === "dead") {',
    becomes: 'if (policy.returns === "new-session" && true) {',
    because: "dialling whoever is not dead changes nothing",
  },
  {
    file: "monitor/peers.ts",
    was: "if (seq !== undefined || sign !== NO_SIGN) this.#makeRoom(sign, policy);",
    becomes: "if (true) this.#makeRoom(sign, policy);",
    because: "more room than is needed",
  },
  {
    file: "monitor/peers.ts",
    was: "this.rows.tallies.widen(widthFor(policy, sign.sentAtMs !== undefined));",
    becomes: "this.rows.tallies.widen(widthFor(policy, true));",
    because: "more room than is needed",
  },
  {
    file: "monitor/peers.ts",
    was: "const isPlain = sign === NO_SIGN && rows.policies.varying === 0;",
    becomes: "const isPlain = false;",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/peers.ts",
    was: "if (!(isPlain ? this.#countBeat(slot, seq) : this.#learnBeat(slot, seq, sign))) return false;",
    becomes: "if (true) return false;",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/peers.ts",
    was: "if (!isLife(tally, now, this.#stalls, seq, sign, policy)) return false;",
    becomes: "if (true) return false;",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/peers.ts",
    was: "if (!isAhead(tally, seq)) return false;",
    becomes: "if (true) return false;",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/peers.ts",
    was: "if (rows.slots.isLiving(slot)) return rows.suspectAt(slot);",
    becomes: "if (false) return rows.suspectAt(slot);",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/peers.ts",
    was: "if (rows.policies.varying > 0) this.#lower(slot);",
    becomes: ["if (true) this.#lower(slot);", "if (rows.policies.varying >= 0) this.#lower(slot);"],
    because: "looks for an earlier deadline where none can be: slower, and the same",
  },
  {
    file: "monitor/peers.ts",
    was: "if (this.#turn.now - (heardAt[slot] as number) >= policies.nearMs) this.#noteNear(slot);",
    becomes: [
      "if (true) this.#noteNear(slot);",
      "if (this.#turn.now + (heardAt[slot] as number) >= policies.nearMs) this.#noteNear(slot);",
    ],
    because: "looks more closely at a silence that was not near: slower, and the same",
  },
  {
    file: "monitor/peers.ts",
    was: "const isEarlier = at < this.deadlines.at(slot);",
    becomes: "const isEarlier = at <= this.deadlines.at(slot);",
    because: "writes the bound that is there",
  },
  {
    file: "monitor/peers.ts",
    was: "if (!isEarlier && tally.failures.length === 0) return;",
    becomes: "if (false) return;",
    because: "opens a turn in which nothing happens",
  },
  {
    file: "monitor/peers.ts",
    was: "if (isEarlier) this.deadlines.set(slot, at);",
    becomes: "if (true) this.deadlines.set(slot, at);",
    because: "the deadline is exact, and a bound may be",
  },
  {
    file: "monitor/peers.ts",
    was: "if (failures.length > 0) for (const failure of failures.splice(0)) this.#turn.fail(failure);",
    becomes: [
      "if (true) for (const failure of failures.splice(0)) this.#turn.fail(failure);",
      "if (failures.length >= 0) for (const failure of failures.splice(0)) this.#turn.fail(failure);",
    ],
    because: "there is nothing to go over: the condition saves the list",
  },
  {
    file: "monitor/peers.ts",
    was: 'if (output.type === "beat") {',
    becomes: ["if (false) {", 'if (output.type === "") {'],
    because: "what follows makes the same output, in two pieces",
  },
  {
    file: "monitor/peers.ts",
    was: 'if (output.type === "changed" && output.reason === "silence") this.#noteDetection();',
    becomes: 'if (true && output.reason === "silence") this.#noteDetection();',
    because: "only changes have a reason",
  },
  {
    file: "monitor/policies.ts",
    was: "this.fixedMs[index] = policy.detector === fixed ? silenceOf(policy) : Number.NaN;",
    becomes: "this.fixedMs[index] = false ? silenceOf(policy) : Number.NaN;",
    because: "the silence of `fixed` is then asked of the detector: slower, and the same",
  },
  {
    file: "monitor/policies.ts",
    was: "else if (suspectAfterMs === this.#smallestMs) this.#isStale = true;",
    becomes: "else if (true) this.#isStale = true;",
    because: "looks for the smallest once more, which is the same",
  },
  {
    file: "monitor/refs.ts",
    was: "if (2 * this.#firstFree < this.#free.length) return;",
    becomes: ["if (false) return;", "if (2 * this.#firstFree <= this.#free.length) return;"],
    because: "the list is cut more often: slower, and the same",
  },
  {
    file: "monitor/rows.ts",
    was: "if (id !== undefined) {",
    becomes: "if (true) {",
    because: "nobody asks for the id undefined",
  },
  {
    file: "monitor/rows.ts",
    was: "if (fixedMs >= 0) return fixedMs;",
    becomes: "if (fixedMs < 0) return fixedMs;",
    because: "the silence of `fixed` is then asked of the detector: slower, and the same",
  },
  {
    file: "monitor/rows.ts",
    was: "for (let slot = 0; slot < this.#policyOf.length; slot++) {",
    becomes: "for (let slot = 0; slot <= this.#policyOf.length; slot++) {",
    because: "behind the last slot nobody lives",
  },
  {
    file: "monitor/rows.ts",
    was: "this.store(slot, peer, this.policy(slot).shadow === undefined);",
    becomes: "this.store(slot, peer, false);",
    because:
      "a way in place that is taken less often, or never: the general one is slower, and says the same",
  },
  {
    file: "monitor/rows.ts",
    was: "if (status !== peer.status) {",
    becomes: "if (true) {",
    because: "one fewer and one more of the same: the condition saves the sums",
  },
  {
    file: "monitor/rows.ts",
    was: "if (slots <= this.#policyOf.length) return;",
    becomes: ["if (false) return;", "if (slots < this.#policyOf.length) return;"],
    because: "what is long enough is not made longer",
  },
  {
    file: "monitor/stalls.ts",
    was: "if (this.paused) return;",
    becomes: "if (false) return;",
    because: "the monitor serves first, and so adds up what was paused so far",
  },
  {
    file: "monitor/tallies.ts",
    was: "if (width <= this.#width) return;",
    becomes: "if (width < this.#width) return;",
    because: "copies what is wide enough",
  },
  {
    file: "monitor/tallies.ts",
    was: "for (let slot = 0; slot < this.#slots; slot++) {",
    becomes: "for (let slot = 0; slot <= this.#slots; slot++) {",
    because: "behind the last row there is nothing to copy",
  },
  {
    file: "monitor/peers.ts",
    was: "const NO_SHARES = Object.freeze({ share: 0, shadowShare: 0 });",
    becomes: "const NO_SHARES = Object.freeze({});",
    because: "what is no number is not near, just as 0 is not",
  },

  // ── endpoint: ordinary paths and the rest ────────────────────────────────────────────────────────
  {
    file: "endpoint/ordinary.ts",
    was: 'if (hub.monitor.status(pair.ref) !== "alive" || !hear(hub, pair, session, bytes))',
    becomes: [
      "if (true)",
      'if (hub.monitor.status(pair.ref) !== "" || !hear(hub, pair, session, bytes))',
    ],
    because: "the ordinary path is not taken: the general one says the same, more slowly",
  },
  {
    file: "endpoint/ordinary.ts",
    was: "if (nonce < 0 || seq <= session.heardSeq || seq === TOP) return false;",
    becomes: [
      "if (true) return false;",
      "if (nonce <= 0 || seq <= session.heardSeq || seq === TOP) return false;",
      "if (nonce < 0 || seq <= session.heardSeq || seq !== TOP) return false;",
    ],
    because: "the ordinary path is not taken: the general one says the same, more slowly",
  },
  {
    file: "endpoint/ordinary.ts",
    was: "if (!spend(hub, pair, session)) return false;",
    becomes: "if (true) return false;",
    because: "the ordinary path is not taken: the general one says the same, more slowly",
  },
  {
    file: "endpoint/ordinary.ts",
    was: "function hear(hub: Hub, pair: Pair, session: Session, bytes: Uint8Array): boolean { const seq = u48At(bytes, 28); const echo = u48At(bytes, 42); const { sent } = session; const nonce = sent.rowOf(echo); if (nonce < 0 || seq <= session.heardSeq || seq === TOP) return false; if (!spend(hub, pair, session)) return false; // An older echo says nothing about the way there and back. const isNews = echo > session.lastEcho; const told = isNews ? echoSign : sign; const stalledMs = u32At(bytes, 74); if (isNews) echoSign.heldMs = u32At(bytes, 48) / 1_000; told.nonceAt = sent.at(nonce); told.nonceObservedAt = sent.observedAt(nonce); told.sentAtMs = u48At(bytes, 68) / 1_000; told.gapMs = u32At(bytes, 52); told.declaredMs = Math.max(0, stalledMs - session.heardStalledMs); const counted = heardBeat(hub, pair.ref, session.numberedFrom + seq, told); hub.counts.framesReceived += 1; session.heardSeq = seq; session.heardAt = hub.turn.now; session.heardCounted = counted; session.heardStalledMs = stalledMs; if (isNews) session.lastEcho = echo; const isCounted = ((bytes[3] as number) & COUNTED) !== 0; if (!isCounted) return true; // It left after all of ours that were counted before: those are not awaited any more. sent.forgetBefore(echo); session.trustedFrom = told.nonceAt; return true; }",
    becomes: "function hear(hub: Hub, pair: Pair, session: Session, bytes: Uint8Array): boolean {}",
    because: "the ordinary path is not taken: the general one says the same, more slowly",
  },
  {
    file: "endpoint/ordinary.ts",
    was: "if (isNews) echoSign.heldMs = u32At(bytes, 48) / 1_000;",
    becomes: "if (true) echoSign.heldMs = u32At(bytes, 48) / 1_000;",
    because: "where it is no news the other object is told: the condition saves the write",
  },
  {
    file: "endpoint/ordinary.ts",
    was: 'return session.negotiation.inForce.detector === fixed ? "quiet" : "taken";',
    becomes: 'return false ? "quiet" : "taken";',
    because: "ends the turn as any other does, where nothing is due earlier: slower, and the same",
  },
  {
    file: "endpoint/inlet.ts",
    was: 'if (taken) return taken === "quiet";',
    becomes: ["if (taken) return false;", 'if (taken) return taken === "";'],
    because: "ends the turn as any other does, where nothing is due earlier: slower, and the same",
  },
  {
    file: "endpoint/endpoint.ts",
    was: "if (isQuiet) this.#entry.leaveQuietly(entered);",
    becomes: "if (false) this.#entry.leaveQuietly(entered);",
    because: "ends the turn as any other does, where nothing is due earlier: slower, and the same",
  },
  {
    file: "endpoint/inlet.ts",
    was: "return false;",
    becomes: "return true;",
    because:
      "what is dropped here moves no deadline, and where an output comes of it, or an error, the turn ends as any other",
  },
  {
    file: "endpoint/inlet.ts",
    was: "if (lengthBytes === undefined) return false;",
    becomes: "if (lengthBytes === undefined) return true;",
    because:
      "what is not authentic moves no deadline, and where an output comes of it, or an error, the turn ends as any other",
  },
  {
    file: "endpoint/entry.ts",
    was: 'return outermost ? "outermost" : "inside";',
    becomes: 'return outermost ? "outermost" : "";',
    because: "nobody asks whether it is this one: it is the one beside the two others",
  },
  {
    file: "endpoint/beacons.ts",
    was: "acceptance === true || !acceptance.policy ? hub.policy : define(hub, acceptance.policy);",
    becomes: [
      "false || !acceptance.policy ? hub.policy : define(hub, acceptance.policy);",
      "acceptance === false || !acceptance.policy ? hub.policy : define(hub, acceptance.policy);",
    ],
    because: "true has no policy of its own either: this tells the compiler",
  },
  {
    file: "endpoint/handshakes.ts",
    was: "if (handshakes.size >= candidates && oldest !== undefined) {",
    becomes: "if (handshakes.size >= candidates && true) {",
    because: "where there are as many as may be there is an oldest: this tells the compiler",
  },
  {
    file: "endpoint/handshakes.ts",
    was: "if (session.authentic || !authenticate || path === undefined) return true;",
    becomes: "if (session.authentic || !authenticate || false) return true;",
    because: "a stranger is at a path: only peers have none. This tells the compiler",
  },
  {
    file: "endpoint/pairs.ts",
    was: "const beacon = isBeacon ? { seq: 0 } : undefined;",
    becomes: "const beacon = isBeacon ? {} : undefined;",
    because: "to whom we only send we never listen: nobody asks what it said last",
  },
  {
    file: "endpoint/pairs.ts",
    was: 'begin(hub, known, path ?? known.current.place, "closed");',
    becomes: 'begin(hub, known, path ?? known.current.place, "");',
    because: "it is dead already, and so dies of nothing",
  },
  {
    file: "endpoint/pairs.ts",
    was: "if (trustsPaths || answered?.claim?.id !== id || answered.number < current.number)",
    becomes: "if (trustsPaths || answered?.claim?.id !== id || answered.number <= current.number)",
    because: "no two conversations have one number",
  },
  {
    file: "endpoint/unseal.ts",
    was: "if (bytes.length < HEADER_BYTES) return undefined;",
    becomes: "if (false) return undefined;",
    because:
      "no header says of a frame that it is shorter than a header: it is never as long as these bytes",
  },
  {
    file: "endpoint/verdicts.ts",
    was: "return heardSeq === 0 || turn.now - heardAt > negotiation.inForce.deadAfterMs;",
    becomes: "return false || turn.now - heardAt > negotiation.inForce.deadAfterMs;",
    because:
      "before anything was heard no tag is known and nobody introduced: any beat says who it is",
  },
  {
    file: "endpoint/alarms.ts",
    was: "if (now < this.nextAt) return NOBODY;",
    becomes: "if (false) return NOBODY;",
    because: "looks at each of them to find that none is due: the condition saves the look",
  },
  {
    file: "endpoint/outbox.ts",
    was: "confirm(session, seq, transmit(hub, session.pair?.ref, place, frame));",
    becomes: "confirm(session, seq, transmit(hub, session.pair.ref, place, frame));",
    because: "only a peer is left: this tells the compiler",
  },
  {
    file: "endpoint/outbox.ts",
    was: "if (claim) sendNotice(hub, session, kind, claim, { handed, place, seq: 0 });",
    becomes: "if (true) sendNotice(hub, session, kind, claim, { handed, place, seq: 0 });",
    because: "whoever is told something has said who it is: this tells the compiler",
  },
  {
    file: "endpoint/hub.ts",
    was: "const entropy = () => host.entropy?.() ?? 0;",
    becomes: "const entropy = () => host.entropy() ?? 0;",
    because: "a host without it does not pass the door: this tells the compiler",
  },
  {
    file: "endpoint/hub.ts",
    was: "epoch: Math.floor(host.epochMs?.() ?? 0),",
    becomes: "epoch: Math.floor(host.epochMs() ?? 0),",
    because: "a host without it does not pass the door: this tells the compiler",
  },
];

/** One by one. */
export const equivalents = groups.flatMap((group) =>
  [group.becomes].flat().map((becomes) => ({ ...group, becomes })),
);
