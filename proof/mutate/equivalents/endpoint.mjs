// Mutants of area `endpoint` that no test can tell from the original: see ../equivalents.mjs.

export const endpoint = [
  {
    file: "endpoint/alarms.ts",
    because: "looks at each of them to find that none is due: the condition saves the look",
    mutants: [["if (now < this.nextAt) return NOBODY;", "if (false) return NOBODY;"]],
  },
  {
    file: "endpoint/beacons.ts",
    because: "true has no policy of its own either: this tells the compiler",
    mutants: [
      [
        "acceptance === true || !acceptance.policy ? hub.policy : define(hub, acceptance.policy);",
        "false || !acceptance.policy ? hub.policy : define(hub, acceptance.policy);",
        "acceptance === false || !acceptance.policy ? hub.policy : define(hub, acceptance.policy);",
      ],
    ],
  },
  {
    file: "endpoint/contests.ts",
    because: "what follows finds no newcomer, and so does nothing: the condition saves looking",
    mutants: [["if (hub.contests.size === 0) return;", "if (false) return;"]],
  },
  {
    file: "endpoint/contests.ts",
    because: "the contest of a peer ends when it is forgotten, so the monitor knows it",
    mutants: [
      [
        "if (monitor.state(pair.ref)?.pausedObservedAt !== undefined)",
        "if (monitor.state(pair.ref).pausedObservedAt !== undefined)",
      ],
    ],
  },
  {
    file: "endpoint/endpoint.ts",
    because: "ends the turn as any other does, where nothing is due earlier: slower, and the same",
    mutants: [
      [
        "if (isQuiet) this.#entry.leaveQuietly(entered);",
        "if (false) this.#entry.leaveQuietly(entered);",
      ],
    ],
  },
  {
    file: "endpoint/entry.ts",
    because: "nobody asks whether it is this one: it is the one beside the two others",
    mutants: [
      ['return outermost ? "outermost" : "inside";', 'return outermost ? "outermost" : "";'],
    ],
  },
  {
    file: "endpoint/handshakes.ts",
    because: "where there are as many as may be there is an oldest: this tells the compiler",
    mutants: [
      [
        "if (handshakes.size >= candidates && oldest !== undefined) {",
        "if (handshakes.size >= candidates && true) {",
      ],
    ],
  },
  {
    file: "endpoint/handshakes.ts",
    because: "a stranger is at a path: only peers have none. This tells the compiler",
    mutants: [
      [
        "if (session.authentic || !authenticate || path === undefined) return true;",
        "if (session.authentic || !authenticate || false) return true;",
      ],
    ],
  },
  {
    file: "endpoint/hub.ts",
    because: "a host without it does not pass the door: this tells the compiler",
    mutants: [
      [
        "const entropy = () => host.entropy?.() ?? 0;",
        "const entropy = () => host.entropy() ?? 0;",
      ],
      ["epoch: Math.floor(host.epochMs?.() ?? 0),", "epoch: Math.floor(host.epochMs() ?? 0),"],
    ],
  },
  {
    file: "endpoint/inbox.ts",
    because: "no other kind of frame says who it is, which is asked behind it",
    mutants: [
      ['const isBeat = frame.type === "beat" || frame.type === "echo";', "const isBeat = true;"],
    ],
  },
  {
    file: "endpoint/inbox.ts",
    because: "`true` has no policy and no role of its own, just as an empty object",
    mutants: [
      [
        "const own = acceptance === true ? {} : acceptance;",
        "const own = false ? {} : acceptance;",
        "const own = acceptance === false ? {} : acceptance;",
      ],
    ],
  },
  {
    file: "endpoint/inlet.ts",
    because: "ends the turn as any other does, where nothing is due earlier: slower, and the same",
    mutants: [
      [
        'if (taken) return taken === "quiet";',
        "if (taken) return false;",
        'if (taken) return taken === "";',
      ],
    ],
  },
  {
    file: "endpoint/inlet.ts",
    because:
      "what is dropped here moves no deadline, and where an output comes of it, or an error, the turn ends as any other",
    mutants: [["return false;", "return true;"]],
  },
  {
    file: "endpoint/inlet.ts",
    because:
      "what is not authentic moves no deadline, and where an output comes of it, or an error, the turn ends as any other",
    mutants: [
      [
        "if (lengthBytes === undefined) return false;",
        "if (lengthBytes === undefined) return true;",
      ],
    ],
  },
  {
    file: "endpoint/notices.ts",
    because: "to be behind a clock, one must be known",
    mutants: [
      [
        'if (relation === "clock-behind") tellKnownAs(hub, pair, frame, known?.epoch);',
        'if (relation === "clock-behind") tellKnownAs(hub, pair, frame, known.epoch);',
      ],
    ],
  },
  {
    file: "endpoint/ordinary.ts",
    because: "the ordinary path is not taken: the general one says the same, more slowly",
    mutants: [
      [
        'if (hub.monitor.status(pair.ref) !== "alive" || !hear(hub, pair, session, bytes))',
        "if (true)",
        'if (hub.monitor.status(pair.ref) !== "" || !hear(hub, pair, session, bytes))',
      ],
      [
        "if (nonce < 0 || seq <= session.heardSeq || seq === TOP) return false;",
        "if (true) return false;",
        "if (nonce <= 0 || seq <= session.heardSeq || seq === TOP) return false;",
      ],
      ["if (!spend(hub, pair, session)) return false;", "if (true) return false;"],
      [
        "function hear(hub: Hub, pair: Pair, session: Session, bytes: Uint8Array): boolean { const seq = u48At(bytes, 28); const echo = u48At(bytes, 42); const nonce = session.rowOf(echo); if (nonce < 0 || seq <= session.heardSeq || seq === TOP) return false; if (!spend(hub, pair, session)) return false; // An older echo says nothing about the way there and back. const isNews = echo > session.lastEcho; const told = isNews ? echoSign : sign; const stalledMs = u32At(bytes, 74); if (isNews) echoSign.heldMs = u32At(bytes, 48) / 1_000; told.nonceAt = session.sentAt(nonce); told.nonceObservedAt = session.sentObservedAt(nonce); told.sentAtMs = u48At(bytes, 68) / 1_000; told.gapMs = u32At(bytes, 52); told.declaredMs = Math.max(0, stalledMs - session.heardStalledMs); const counted = heardBeat(hub, pair.ref, session.numberedFrom + seq, told); hub.counts.framesReceived += 1; session.heardSeq = seq; session.heardAt = hub.turn.now; session.heardCounted = counted; session.heardStalledMs = stalledMs; if (isNews) session.lastEcho = echo; const isCounted = ((bytes[3] as number) & COUNTED) !== 0; if (!isCounted) return true; // It left after all of ours that were counted before: those are not awaited any more. session.forgetBefore(echo); session.trustedFrom = told.nonceAt; return true; }",
        "function hear(hub: Hub, pair: Pair, session: Session, bytes: Uint8Array): boolean {}",
      ],
    ],
  },
  {
    file: "endpoint/ordinary.ts",
    because: "where it is no news the other object is told: the condition saves the write",
    mutants: [
      [
        "if (isNews) echoSign.heldMs = u32At(bytes, 48) / 1_000;",
        "if (true) echoSign.heldMs = u32At(bytes, 48) / 1_000;",
      ],
    ],
  },
  {
    file: "endpoint/ordinary.ts",
    because: "ends the turn as any other does, where nothing is due earlier: slower, and the same",
    mutants: [
      [
        'return session.negotiation.inForce.detector === fixed ? "quiet" : "taken";',
        'return false ? "quiet" : "taken";',
      ],
    ],
  },
  {
    file: "endpoint/outbox.ts",
    because: "only a peer is left: this tells the compiler",
    mutants: [
      [
        "confirm(session, seq, transmit(hub, session.pair?.ref, place, frame));",
        "confirm(session, seq, transmit(hub, session.pair.ref, place, frame));",
      ],
    ],
  },
  {
    file: "endpoint/outbox.ts",
    because: "whoever is told something has said who it is: this tells the compiler",
    mutants: [
      [
        "if (claim) sendNotice(hub, session, kind, claim, { handed, place, seq: 0 });",
        "if (true) sendNotice(hub, session, kind, claim, { handed, place, seq: 0 });",
      ],
    ],
  },
  {
    file: "endpoint/pairs.ts",
    because: "to whom we only send we never listen: nobody asks what it said last",
    mutants: [
      [
        "const beacon = isBeacon ? { seq: 0 } : undefined;",
        "const beacon = isBeacon ? {} : undefined;",
      ],
    ],
  },
  {
    file: "endpoint/pairs.ts",
    because: "it is dead already, and so dies of nothing",
    mutants: [
      [
        'begin(hub, known, path ?? known.current.place, "closed");',
        'begin(hub, known, path ?? known.current.place, "");',
      ],
    ],
  },
  {
    file: "endpoint/pairs.ts",
    because: "no two conversations have one number",
    mutants: [
      [
        "if (trustsPaths || answered?.claim?.id !== id || answered.number < current.number)",
        "if (trustsPaths || answered?.claim?.id !== id || answered.number <= current.number)",
      ],
    ],
  },
  {
    file: "endpoint/unseal.ts",
    because:
      "no header says of a frame that it is shorter than a header: it is never as long as these bytes",
    mutants: [
      ["if (bytes.length < HEADER_BYTES) return undefined;", "if (false) return undefined;"],
    ],
  },
  {
    file: "endpoint/verdicts.ts",
    because:
      "before anything was heard no tag is known and nobody introduced: any beat says who it is",
    mutants: [
      [
        "return heardSeq === 0 || turn.now - heardAt > negotiation.inForce.deadAfterMs;",
        "return false || turn.now - heardAt > negotiation.inForce.deadAfterMs;",
      ],
    ],
  },
  {
    file: "endpoint/entry.ts",
    because: "an empty list gives way to an empty list: the condition saves making one",
    mutants: [
      [
        "if (this.#backlog.length > 0) this.#backlog = [];",
        "if (true) this.#backlog = [];",
        "if (this.#backlog.length >= 0) this.#backlog = [];",
      ],
    ],
  },
  {
    file: "endpoint/handshakes.ts",
    because: "in an empty map nothing is found: the condition saves looking",
    mutants: [
      [
        "const undecided = hub.undecided.size > 0 && hub.undecided.get(place);",
        "const undecided = true && hub.undecided.get(place);",
        "const undecided = hub.undecided.size >= 0 && hub.undecided.get(place);",
      ],
    ],
  },
  {
    file: "endpoint/inlet.ts",
    because:
      "`opened` looks itself whether there are connections: this saves the call on datagrams",
    mutants: [["if (hub.trustsPaths) opened(hub, place);", "if (true) opened(hub, place);"]],
  },
  {
    file: "endpoint/inlet.ts",
    because: "the ordinary path is not taken: the general one says the same, more slowly",
    mutants: [
      [
        "const taken = !known?.heldBytes && speaker && takeOrdinary(hub, bytes, bytes.length, place);",
        "const taken = false;",
      ],
    ],
  },
  {
    file: "endpoint/negotiation.ts",
    because:
      "what follows from the same numbers is the same, and what was announced stays announced: the condition saves the work",
    mutants: [
      ["if (this.settled && samePace(this.settled, pace)) return;", "if (false) return;"],
      ["if (!isLate && !this.#late) return;", "if (false) return;"],
      ["if (this.#throttledMs !== before) this.#aim(nextSeq);", "if (true) this.#aim(nextSeq);"],
      [
        "a.gapMs === b.gapMs && a.wishMs === b.wishMs && a.minMs === b.minMs && a.deadMs === b.deadMs",
        "false",
      ],
      [
        "function samePace(a: Pace, b: Pace): boolean { return ( a.gapMs === b.gapMs && a.wishMs === b.wishMs && a.minMs === b.minMs && a.deadMs === b.deadMs ); }",
        "function samePace(a: Pace, b: Pace): boolean {}",
      ],
    ],
  },
  {
    file: "endpoint/negotiation.ts",
    because:
      "where nothing is pending an echo settles nothing, and what is made anew of the same numbers is the same: the condition saves the work",
    mutants: [["if (!this.pending) return;", "if (false) return;"]],
  },
  {
    file: "endpoint/negotiation.ts",
    because:
      "what is made anew of the same numbers says the same, and is not put in force: the condition saves making it",
    mutants: [
      [
        "this.#derivedFrom === policy && inForce.intervalMs === intervalMs && inForce.peerGapMs === peerGapMs && inForce.suspectAfterMs === policy.suspectAfterMs * factor && inForce.deadAfterMs === deadAfterMs && inForce.probeIntervalMs === probeIntervalMs",
        "false",
      ],
      [") { return; }", ") {}"],
    ],
  },
  {
    file: "endpoint/negotiation.ts",
    because:
      "no factor is below 1, so a product is such a quotient only where both are the number itself: elsewhere the policy is made anew, and is the same",
    mutants: [
      [
        "inForce.suspectAfterMs === policy.suspectAfterMs * factor &&",
        "inForce.suspectAfterMs === policy.suspectAfterMs / factor &&",
      ],
    ],
  },
  {
    file: "endpoint/ordinary.ts",
    because: "the ordinary path is not taken: the general one says the same, more slowly",
    mutants: [
      [
        "if (lengthBytes !== BEAT_BYTES || !isShortBeat(bytes)) return undefined;",
        "if (true) return undefined;",
      ],
      [
        "if (!session || pair?.current !== session) return undefined;",
        "if (true) return undefined;",
      ],
      [
        "if (session.place !== place || session.move || hub.contests.size > 0) return undefined;",
        "if (true) return undefined;",
        "if (session.place !== place || session.move || hub.contests.size >= 0) return undefined;",
      ],
      [
        "if (!saysNothingNew(session, bytes) || isObserved(hub)) return undefined;",
        "if (true) return undefined;",
      ],
      [
        "(i32At(bytes, 0) & ~COUNTED) === BEAT_HEAD && i32At(bytes, 4) === BEAT_BYTES && u48At(bytes, 68) > 0 && u48At(bytes, 68) < TOP",
        "false",
      ],
      [
        "(i32At(bytes, 0) & ~COUNTED) === BEAT_HEAD &&",
        "(i32At(bytes, 0) & COUNTED) === BEAT_HEAD &&",
      ],
      [
        "if (!introduced || session.heardSeq === 0 || !claim || !pace) return false;",
        "if (true) return false;",
        "if (!introduced || session.heardSeq === 0 || claim || !pace) return false;",
        "if (!introduced || session.heardSeq !== 0 || !claim || !pace) return false;",
      ],
      [
        "return options.observeBeats?.() === true;",
        "return true;",
        "return options.observeBeats() === true;",
      ],
      [
        "function isShortBeat(bytes: Uint8Array): boolean { return ( (i32At(bytes, 0) & ~COUNTED) === BEAT_HEAD && i32At(bytes, 4) === BEAT_BYTES && u48At(bytes, 68) > 0 && u48At(bytes, 68) < TOP ); }",
        "function isShortBeat(bytes: Uint8Array): boolean {}",
      ],
    ],
  },
  {
    file: "endpoint/ordinary.ts",
    because: "words that were not kept, or not yet, are no beat's: the ordinary path is not taken",
    mutants: [
      [
        "if (session.refrainClaim !== claim)",
        "if (true)",
        "if (false)",
        "if (session.refrainClaim === claim)",
      ],
      [
        "return u32At(bytes, 52) > 0 && session.repeats(bytes, REFRAIN_PLACES);",
        "return false;",
        "return u32At(bytes, 52) <= 0 && session.repeats(bytes, REFRAIN_PLACES);",
      ],
      [
        "if (!introduced || session.heardSeq === 0 || !claim || !pace) return false;",
        "if (introduced || session.heardSeq === 0 || !claim || !pace) return false;",
      ],
    ],
  },
  {
    file: "endpoint/outbox.ts",
    because: "what is said straight into the bytes is said by the general path too, more slowly",
    mutants: [
      [
        "if (!complete && !mustAsk) return sendOrdinary(hub, session);",
        "if (false) return sendOrdinary(hub, session);",
        "if (complete && !mustAsk) return sendOrdinary(hub, session);",
      ],
    ],
  },
  {
    file: "endpoint/ledger.ts",
    because: "no frame is where the other numbers are: 0 is no row",
    mutants: [
      [
        "if (row >= 0) this.#cells[row] = Number.NaN;",
        "if (row > 0) this.#cells[row] = Number.NaN;",
      ],
      [
        "return row < 0 ? Number.NEGATIVE_INFINITY : this.sentAt(row);",
        "return row <= 0 ? Number.NEGATIVE_INFINITY : this.sentAt(row);",
      ],
    ],
  },
  {
    file: "endpoint/ledger.ts",
    because: "of a frame that is not there nothing is written where anybody looks",
    mutants: [
      ["if (row >= 0) this.#cells[row] = Number.NaN;", "if (true) this.#cells[row] = Number.NaN;"],
    ],
  },
  {
    file: "endpoint/ledger.ts",
    because: "behind the last row there is no number, and none is 0: nothing more is moved",
    mutants: [
      [
        "for (let row = SENT; row < length; row += ROW) {",
        "for (let row = SENT; row <= length; row += ROW) {",
      ],
      [
        "if (seq > 0) write(all, seq, cells[row + 1] as number, cells[row + 2] as number);",
        "if (seq >= 0) write(all, seq, cells[row + 1] as number, cells[row + 2] as number);",
      ],
    ],
  },
  {
    file: "endpoint/stream.ts",
    because: "every frame begins with its header, and that says it",
    mutants: [["#isData = false;", "#isData = true;"]],
  },
  {
    file: "endpoint/stream.ts",
    because: "what is held is copied into as much room or more: the condition saves the copy",
    mutants: [
      [
        "if (heldBytes > this.#held.length) {",
        "if (true) {",
        "if (heldBytes >= this.#held.length) {",
      ],
    ],
  },
  {
    file: "endpoint/verdicts.ts",
    because: "whoever the monitor has a beat for is a peer: this tells the compiler",
    mutants: [
      [
        "if (pair) sendDueBeat(hub, pair, output.probe);",
        "if (true) sendDueBeat(hub, pair, output.probe);",
      ],
    ],
  },
  {
    file: "endpoint/verdicts.ts",
    because: "whoever was not dead lies in no tomb, nor does nobody: there is nothing to delete",
    mutants: [
      [
        'if (pair && output.from === "dead") hub.tombstones.delete(pair);',
        "if (true) hub.tombstones.delete(pair);",
        'if (pair || output.from === "dead") hub.tombstones.delete(pair);',
        "if (pair && true) hub.tombstones.delete(pair);",
      ],
    ],
  },
  {
    file: "endpoint/ordinary.ts",
    because: "the ordinary path is not taken: the general one says the same, more slowly",
    mutants: [
      [
        '): "quiet" | "taken" | undefined { if (lengthBytes !== BEAT_BYTES || !isShortBeat(bytes)) return undefined; const session = hub.sessions.byTagBits(i32At(bytes, 8), i32At(bytes, 12)); const pair = session?.pair; if (!session || pair?.current !== session) return undefined; if (session.place !== place || session.move || hub.contests.size > 0) return undefined; if (!saysNothingNew(session, bytes) || isObserved(hub)) return undefined; if (hub.monitor.status(pair.ref) !== "alive" || !hear(hub, pair, session, bytes)) return undefined; return session.negotiation.inForce.detector === fixed ? "quiet" : "taken"; }',
        '): "quiet" | "taken" | undefined {}',
      ],
      [
        "function saysNothingNew(session: Session, bytes: Uint8Array): boolean { const { introduced, claim, negotiation } = session; const { settled: pace } = negotiation; if (!introduced || session.heardSeq === 0 || !claim || !pace) return false; // Whatever replaces the tag it hands out, or its pace, replaces the claim first. if (session.refrainClaim !== claim) session.keepRefrain(refrain(claim, session.remoteTag, pace), REFRAIN_PLACES); session.refrainClaim = claim; // Who names no gap of its own only answers. return u32At(bytes, 52) > 0 && session.repeats(bytes, REFRAIN_PLACES); }",
        "function saysNothingNew(session: Session, bytes: Uint8Array): boolean {}",
      ],
    ],
  },
  {
    file: "endpoint/ordinary.ts",
    because: "whoever is alive is asked for no proof, and all else is written before it is read",
    mutants: [
      [
        "const sign = { proof: true, nonceAt: 0.5, nonceObservedAt: 0.5, sentAtMs: 0.5, gapMs: 1, declaredMs: 0, };",
        "const sign = {};",
      ],
      ["proof: true,", "proof: false,"],
      ["const echoSign = { ...sign, heldMs: 0.5 };", "const echoSign = {};"],
    ],
  },
];
