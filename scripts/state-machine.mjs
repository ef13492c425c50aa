// @ts-check
// Writes docs/state-machine.md from the table that the machine itself runs on. Diagram and table come
// from the data; the sentences about each status stand here. A test compares the committed page.
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { root } from "./entries.mjs";

/** The page, relative to the repository. */
export const page = "docs/state-machine.md";

/**
 * The cause of each status, and its exit.
 * @type {Readonly<Record<string, readonly [cause: string, exit: string]>>}
 */
const statuses = {
  connecting: [
    "A session began, because the peer was added or dialled, and nothing has shown yet that the other side is there.",
    "The first sign of life makes it alive; `deadAfterMs` without one makes it dead (`unreachable`).",
  ],
  alive: [
    "The peer was heard, and its silence since then is shorter than the detector allows.",
    "Silence leads to suspect, never straight to dead; only somebody who knows better (`ended`) ends it at once.",
  ],
  suspect: [
    "The peer has been silent for `suspectAfterMs` (or what another detector says), so it is asked every `probeIntervalMs`.",
    "A sign of life brings it back; `deadAfterMs` of silence and `minSuspicionMs` of suspicion, both, make it dead (`silence`).",
  ],
  dead: [
    "The peer stayed silent through its suspicion, never answered, or its session was ended, for the reason that is given.",
    "It has no exit within this session; a return is the next session, and begins with `dial`.",
  ],
};

/** @type {Readonly<Record<string, string>>} */
const triggers = {
  heard: "any valid inbound traffic",
  proven: "the echo of a nonce we sent since the peer was added, suspected or lost",
  expired: "a tick found the deadline of this status reached",
  ended: "somebody outside knows that the session is over: `closed`, `left`, `restarted` and so on",
  dial: "a new session of a dead peer is being opened",
};

/**
 * @param {{
 *   TRANSITIONS: Readonly<Record<string, Readonly<Record<string, string>>>>,
 *   NEEDS_PROOF: readonly string[],
 * }} machine
 * @returns {string} the whole page
 */
export function render({ TRANSITIONS, NEEDS_PROOF }) {
  const names = Object.keys(TRANSITIONS);
  const events = Object.keys(TRANSITIONS[/** @type {string} */ (names[0])] ?? {});
  same("statuses", names, Object.keys(statuses));
  same("triggers", events, Object.keys(triggers));
  /** @type {(from: string, event: string) => string} */
  const to = (from, event) => TRANSITIONS[from]?.[event] ?? "";
  /** @type {(from: string, event: string) => string} */
  const mark = (from, event) => (event === "heard" && NEEDS_PROOF.includes(from) ? "¹" : "");

  const arrows = names.flatMap((from) =>
    names
      .filter((target) => target !== from)
      .map((target) => [target, events.filter((event) => to(from, event) === target)])
      .filter(([, causes]) => /** @type {string[]} */ (causes).length > 0)
      .map(([target, causes]) => {
        const labels = /** @type {string[]} */ (causes).map((event) => event + mark(from, event));
        return `    ${from} --> ${target}: ${labels.join(", ")}`;
      }),
  );
  const rows = names.map((from) => {
    const cells = events.map((event) => {
      const target = to(from, event) + mark(from, event);
      return to(from, event) === from ? target : `**${target}**`;
    });
    return `| ${[from, ...cells].join(" | ")} |`;
  });
  return `# The state machine of one peer

<!-- Generated from TRANSITIONS and NEEDS_PROOF: change scripts/state-machine.mjs, then run
     pnpm docs:state-machine. A test compares this page with the code. -->

Each peer is in one of four statuses. One event changes the status at most once, and every change is
exactly one \`changed\` output with its evidence. This diagram shows the changes; what is not drawn
leaves the status as it is.

\`\`\`mermaid
stateDiagram-v2
    [*] --> ${names[0]}
${arrows.join("\n")}
\`\`\`

| status \\ trigger | ${events.join(" | ")} |
| ${[...events, ""].map(() => "---").join(" | ")} |
${rows.join("\n")}

¹ Where the policy says \`proof: "round-trip"\` (datagrams, which anybody can forge), \`heard\` alone does
not leave ${NEEDS_PROOF.join(" or ")}: only \`proven\` does. In suspect it still moves the death later.

## The statuses

${names.map((name) => `- **${name}**: ${statuses[name]?.join(" ")}`).join("\n")}

## The triggers

${events.map((name) => `- **${name}**: ${triggers[name]}.`).join("\n")}

Sending is no trigger: what we send says nothing about the other side.

The table is \`TRANSITIONS\` in \`packages/core/src/peer/transition.ts\`, the only file in which a status
changes. The stories in \`packages/core/test/scenarios\` show the machine at work.
`;
}

/**
 * @param {string} what
 * @param {readonly string[]} inCode
 * @param {readonly string[]} here
 */
function same(what, inCode, here) {
  if (inCode.join() === here.join()) return;
  throw new Error(`the machine has the ${what} ${inCode}, this page describes ${here}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const core = await import(pathToFileURL(`${root}/packages/core/dist/index.js`).href);
  writeFileSync(`${root}/${page}`, render(core));
  console.log(`wrote ${page}`);
}
