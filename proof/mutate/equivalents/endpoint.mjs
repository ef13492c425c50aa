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
    file: "endpoint/conversation.ts",
    because: "there is a bucket: it has just refused",
    mutants: [
      [
        "const overdrawnMs = session.bucket?.overdrawnMs(hub.turn.now) ?? 0;",
        "const overdrawnMs = session.bucket.overdrawnMs(hub.turn.now) ?? 0;",
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
        "if (nonce < 0 || seq <= session.heardSeq || seq !== TOP) return false;",
      ],
      ["if (!spend(hub, pair, session)) return false;", "if (true) return false;"],
      [
        "function hear(hub: Hub, pair: Pair, session: Session, bytes: Uint8Array): boolean { const seq = u48At(bytes, 28); const echo = u48At(bytes, 42); const { sent } = session; const nonce = sent.rowOf(echo); if (nonce < 0 || seq <= session.heardSeq || seq === TOP) return false; if (!spend(hub, pair, session)) return false; // An older echo says nothing about the way there and back. const isNews = echo > session.lastEcho; const told = isNews ? echoSign : sign; const stalledMs = u32At(bytes, 74); if (isNews) echoSign.heldMs = u32At(bytes, 48) / 1_000; told.nonceAt = sent.at(nonce); told.nonceObservedAt = sent.observedAt(nonce); told.sentAtMs = u48At(bytes, 68) / 1_000; told.gapMs = u32At(bytes, 52); told.declaredMs = Math.max(0, stalledMs - session.heardStalledMs); const counted = heardBeat(hub, pair.ref, session.numberedFrom + seq, told); hub.counts.framesReceived += 1; session.heardSeq = seq; session.heardAt = hub.turn.now; session.heardCounted = counted; session.heardStalledMs = stalledMs; if (isNews) session.lastEcho = echo; const isCounted = ((bytes[3] as number) & COUNTED) !== 0; if (!isCounted) return true; // It left after all of ours that were counted before: those are not awaited any more. sent.forgetBefore(echo); session.trustedFrom = told.nonceAt; return true; }",
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
];
