// ns per heard beat against the number of peers, both logarithmic, as an SVG.

const WIDTH = 860;
const HEIGHT = 470;
const PLOT = { left: 74, right: 190, top: 64, bottom: 48 };
const INK = "#1d2430";
const FAINT = "#5b6470";
const OURS = "#2a9d5c";
const COLOURS = {
  "f64[i] = now": FAINT,
  "Systole heard": OURS,
  "Systole heardBeat": OURS,
  "Systole, own detector": OURS,
  "the rules alone": "#111111",
  "scan all objects": "#8a6d3b",
  "timeout.refresh()": "#c8323c",
  "clear + setTimeout": "#8f1d2c",
  "npm heartbeats": "#3b6fb6",
  "npm timer-wheel": "#b0651d",
  "npm xstate": "#7a3fa0",
};

/** Three lines are ours; the plainest is drawn whole. */
const DASHES = { "Systole heardBeat": "6 4", "Systole, own detector": "2 3" };

export function speedSvg(beats) {
  const cells = beats.filter(({ nsPerBeat }) => nsPerBeat !== undefined);
  const top = 10 ** Math.ceil(Math.log10(Math.max(...cells.map((cell) => cell.nsPerBeat))));
  const decades = Math.log10(top);
  const x = (peers) => PLOT.left + ((Math.log10(peers) - 3) / 3) * (WIDTH - PLOT.left - PLOT.right);
  const y = (ns) =>
    HEIGHT -
    PLOT.bottom -
    (Math.log10(Math.max(1, ns)) / decades) * (HEIGHT - PLOT.top - PLOT.bottom);
  const series = Object.keys(COLOURS).map((name) => ({
    name,
    points: cells.filter((cell) => cell.name === name),
  }));
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="ui-sans-serif, system-ui, sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(
      PLOT.left,
      26,
      "What one heard beat costs",
      `font-size="16" font-weight="600" fill="${INK}"`,
    ),
    text(
      PLOT.left,
      46,
      "ns per beat against peers watched, random order; both axes logarithmic.",
      `fill="${FAINT}"`,
    ),
    ...Array.from({ length: decades + 1 }, (_, decade) => 10 ** decade).flatMap((ns) => [
      `<path d="M${PLOT.left} ${n(y(ns))} H${WIDTH - PLOT.right}" stroke="#e3e6ea"/>`,
      text(PLOT.left - 10, y(ns) + 4, label(ns), `text-anchor="end" fill="${FAINT}"`),
    ]),
    ...[1e3, 1e4, 1e5, 1e6].map((peers) =>
      text(
        x(peers),
        HEIGHT - 22,
        peers === 1e6 ? "1M" : `${peers / 1e3}k`,
        `text-anchor="middle" fill="${FAINT}"`,
      ),
    ),
    ...series.map(({ name, points }) => line(name, points, x, y)),
    ...labels(series, y).map(({ name, at }) =>
      text(WIDTH - PLOT.right + 12, at + 4, name, `fill="${COLOURS[name]}"${weight(name)}`),
    ),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

function line(name, points, x, y) {
  const steps = points.map(
    ({ peers, nsPerBeat }, at) => `${at === 0 ? "M" : "L"}${n(x(peers))} ${n(y(nsPerBeat))}`,
  );
  const dash = DASHES[name] === undefined ? "" : ` stroke-dasharray="${DASHES[name]}"`;
  const width = name.startsWith("Systole") ? 3 : 1.8;
  return `<path d="${steps.join(" ")}" fill="none" stroke="${COLOURS[name]}" stroke-width="${width}"${dash}/>`;
}

/** Beside the ends of their lines, pushed apart where they would cover each other. */
function labels(series, y) {
  const placed = series
    .filter(({ points }) => points.length > 0)
    .map(({ name, points }) => ({ name, at: y(points.at(-1).nsPerBeat) }))
    .sort((a, b) => a.at - b.at);
  for (let next = 1; next < placed.length; next++) {
    placed[next].at = Math.max(placed[next].at, placed[next - 1].at + 16);
  }
  return placed;
}

function weight(name) {
  return name.startsWith("Systole") ? ' font-weight="600"' : "";
}

function label(ns) {
  return ns >= 1_000 ? `${ns / 1_000} µs` : `${ns} ns`;
}

function text(x, y, content, attributes) {
  return `<text x="${n(x)}" y="${n(y)}" ${attributes}>${content}</text>`;
}

function n(value) {
  return Number(value.toFixed(1));
}
