// What a guest reads: who said what, and who is still there.

const isColoured = process.stdout.isTTY === true || process.env.FORCE_COLOR === "1";
const COLOURS = { here: 32, quiet: 33, back: 32, gone: 31 };
const REASONS = {
  left: "left",
  closed: "lost the connection",
  silence: "is gone: not a sign of life",
};

/** One line, as `self` sees it. */
export function shown({ who, says, is, reason, silenceMs }, self) {
  if (says !== undefined) return `${paint(who === self ? 1 : 36, who.padStart(6))}  ${says}`;
  const silence = silenceMs === undefined ? "" : ` for ${(silenceMs / 1_000).toFixed(1)} s`;
  const text = {
    here: "is here",
    quiet: `has gone quiet${silence}`,
    back: `is back, after ${(silenceMs / 1_000).toFixed(1)} s of silence`,
    gone: `${REASONS[reason] ?? `is gone: ${reason}`}${reason === "silence" ? silence : ""}`,
  }[is];
  return `${" ".repeat(6)}  ${paint(COLOURS[is], `· ${who} ${text}`)}`;
}

function paint(colour, text) {
  return isColoured ? `\u001b[${colour}m${text}\u001b[0m` : text;
}
