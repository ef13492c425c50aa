// How many of the healthy peers each judge still believes alive, over time, as an SVG.

const WIDTH = 860;
const HEIGHT = 330;
const PLOT = { left: 66, right: 164, top: 64, bottom: 48 };
const OURS = "#2a9d5c";
const NAIVE = "#c8323c";
const INK = "#1d2430";
const FAINT = "#5b6470";

export function stallSvg({ peers, samples, block, endAt, killed }) {
  const x = (at) => PLOT.left + (at / endAt) * (WIDTH - PLOT.left - PLOT.right);
  const y = (count) =>
    HEIGHT - PLOT.bottom - (count / peers) * (HEIGHT - PLOT.top - PLOT.bottom - 10);
  const last = samples.at(-1);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="ui-sans-serif, system-ui, sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(
      PLOT.left,
      26,
      `${peers} healthy peers; the observer blocks its own event loop for 3 s`,
      `font-size="16" font-weight="600" fill="${INK}"`,
    ),
    text(
      PLOT.left,
      46,
      "Peers believed alive. Real UDP sockets, one process judging both ways.",
      `fill="${FAINT}"`,
    ),
    `<rect x="${n(x(block.at))}" y="${PLOT.top}" width="${n(x(block.at + block.forMs) - x(block.at))}" height="${HEIGHT - PLOT.top - PLOT.bottom}" fill="${INK}" opacity="0.08"/>`,
    text(
      x(block.at + block.forMs / 2),
      (PLOT.top + HEIGHT - PLOT.bottom) / 2 - 24,
      "observer blocked",
      `text-anchor="middle" font-size="12" fill="${FAINT}"`,
    ),
    ...[0, peers / 2, peers].flatMap((count) => [
      `<path d="M${PLOT.left} ${n(y(count))} H${WIDTH - PLOT.right}" stroke="#e3e6ea"/>`,
      text(PLOT.left - 10, y(count) + 4, String(count), `text-anchor="end" fill="${FAINT}"`),
    ]),
    ...Array.from({ length: endAt / 1_000 + 1 }, (_, second) =>
      text(x(second * 1_000), HEIGHT - 22, `${second} s`, `text-anchor="middle" fill="${FAINT}"`),
    ),
    line(samples, "naive", x, y, NAIVE),
    line(samples, "systole", x, y, OURS),
    text(
      WIDTH - PLOT.right + 10,
      y(last.systole) + 4,
      "Systole: 0 killed",
      `fill="${OURS}" font-weight="600"`,
    ),
    text(
      WIDTH - PLOT.right + 10,
      y(last.naive) - 4,
      "setTimeout a peer:",
      `fill="${NAIVE}" font-weight="600"`,
    ),
    text(
      WIDTH - PLOT.right + 10,
      y(last.naive) + 12,
      `${killed} killed`,
      `fill="${NAIVE}" font-weight="600"`,
    ),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

function line(samples, name, x, y, colour) {
  const steps = samples.map((sample, index) => {
    const to = `${n(x(sample.at))} ${n(y(sample[name]))}`;
    return index === 0 ? `M${to}` : `H${n(x(sample.at))} V${n(y(sample[name]))}`;
  });
  return `<path d="${steps.join(" ")}" fill="none" stroke="${colour}" stroke-width="2.5"/>`;
}

function text(x, y, content, attributes) {
  return `<text x="${n(x)}" y="${n(y)}" ${attributes}>${content}</text>`;
}

function n(value) {
  return Number(value.toFixed(1));
}
