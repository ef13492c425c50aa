// @ts-check
// Mistakes per hour against mean detection time, both logarithmic, as an SVG: one panel a variant.

import { bestOf, titleOf } from "./tables.mjs";

/** @typedef {import("./tables.mjs").Result} Result */

const PANEL = { width: 470, height: 372, left: 52, right: 108, top: 46, bottom: 84 };

/** Ours first in the legend, drawn last. Light, dark. @type {Record<string, [string, string]>} */
const COLOURS = {
  adaptive: ["#12874a", "#4fd08b"],
  fixed: ["#2563c9", "#7fb0ff"],
  phi: ["#8a3fc0", "#c792f5"],
  watchdog: ["#c8323c", "#ff8a90"],
  exponential: ["#b0651d", "#e9a560"],
  chen: ["#5b6470", "#aab3bf"],
  twoWindow: ["#0e8a99", "#5fd0dd"],
  bertier: ["#a38400", "#dcc04d"],
};

/** @param {Result[]} results of one scenario */
export function pictureOf(results) {
  const columns = results.length > 1 ? 2 : 1;
  const rows = Math.ceil(results.length / columns);
  const [width, height] = [columns * PANEL.width, rows * PANEL.height];
  const panels = results.map(
    (result, n) =>
      `<g transform="translate(${(n % columns) * PANEL.width} ${Math.floor(n / columns) * PANEL.height})">\n${panel(result)}\n</g>`,
  );
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-sans-serif, system-ui, sans-serif" font-size="12">`,
    style(),
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...panels,
    "</svg>",
  ].join("\n")}\n`;
}

/** @param {Result} result */
function panel(result) {
  const { targets, curves, hours } = result;
  const names = Object.keys(COLOURS).filter((name) => curves[name] !== undefined);
  const rates = names.flatMap((name) => known(result, name).map(({ perHour }) => perHour));
  // Nothing is rarer than what one could have seen: no mistake at all is drawn at the bottom.
  const least = 10 ** Math.floor(Math.log10(1 / hours));
  const most = 10 ** Math.ceil(Math.log10(Math.max(10 * least, ...rates)));
  const [from, to] = [targets[0] ?? 1, targets.at(-1) ?? 2];
  const inner = PANEL.width - PANEL.left - PANEL.right;
  const tall = PANEL.height - PANEL.top - PANEL.bottom;
  const x = (/** @type {number} */ ms) =>
    PANEL.left + (Math.log(ms / from) / Math.log(to / from)) * inner;
  const y = (/** @type {number} */ perHour) =>
    PANEL.top + tall * (1 - Math.log(Math.max(least, perHour) / least) / Math.log(most / least));
  const right = PANEL.width - PANEL.right;
  const drawn = [...names].reverse();
  return [
    words(PANEL.left - 40, 20, titleOf(result), 'class="ink" font-weight="600"'),
    words(
      PANEL.left - 40,
      36,
      "mistakes per hour, by mean detection time; circles: as it comes",
      'class="faint" font-size="11"',
    ),
    ...decades(least, most).flatMap((perHour) => [
      `<path class="grid" d="M${PANEL.left} ${n(y(perHour))} H${right}"/>`,
      words(
        PANEL.left - 6,
        y(perHour) + 4,
        perHour === least ? "none" : String(Number(perHour.toPrecision(1))),
        'class="faint" text-anchor="end" font-size="11"',
      ),
    ]),
    ...ticks(from, to).map((ms) =>
      words(
        x(ms),
        PANEL.height - PANEL.bottom + 16,
        ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`,
        'class="faint" text-anchor="middle" font-size="11"',
      ),
    ),
    ...strip(result, x),
    ...drawn.map((name) => line(name, known(result, name), x, y)),
    ...drawn.flatMap((name) => {
      const usual = curves[name]?.usual;
      if (usual === undefined || usual.meanMs < from || usual.meanMs > to) return [];
      return [
        `<circle class="dot" stroke="var(--${name})" cx="${n(x(usual.meanMs))}" cy="${n(y(usual.perHour))}" r="4.5"/>`,
      ];
    }),
    ...labels(names, result, x, y).map(
      ({ name, end, at }) =>
        `<path class="lead" stroke="var(--${name})" d="M${n(end.x + 3)} ${n(end.y)} L${right + 10} ${n(at)}"/>\n${words(right + 13, at + 4, name, `fill="var(--${name})"${name === "adaptive" ? ' font-weight="700"' : ""}`)}`,
    ),
  ].join("\n");
}

/** Where lines lie on each other: `adaptive` against the best other there, as bars, a factor of four at most.
 * @param {Result} result @param {(ms: number) => number} x */
function strip(result, x) {
  const zero = PANEL.height - 40;
  const right = PANEL.width - PANEL.right;
  const bars = result.targets.flatMap((target, at) => {
    const ours = result.curves["adaptive"]?.points[at];
    const best = bestOf(result, (name) => result.curves[name]?.points[at])?.point;
    if (ours === undefined || best === undefined || ours.mistakes + best.mistakes < 20) return [];
    const ratio = (ours.mistakes + 0.5) / (best.mistakes + 0.5);
    const tall = 9 * Math.max(-2, Math.min(2, Math.log2(ratio)));
    return [
      `<rect fill="var(--${ratio < 1 ? "adaptive" : "watchdog"})" x="${n(x(target) - 5)}" y="${n(Math.min(zero, zero - tall))}" width="10" height="${n(Math.max(0.8, Math.abs(tall)))}"/>`,
    ];
  });
  return [
    `<path class="grid" d="M${PANEL.left} ${zero} H${right}"/>`,
    words(PANEL.left - 6, zero - 9, "4 ×", 'class="faint" text-anchor="end" font-size="10"'),
    words(PANEL.left - 6, zero + 18, "¼ ×", 'class="faint" text-anchor="end" font-size="10"'),
    words(right + 13, zero + 4, "adaptive : best", 'class="faint" font-size="11"'),
    ...bars,
  ];
}

/** @param {Result} result @param {string} name */
function known({ curves }, name) {
  return (curves[name]?.points ?? []).filter((point) => point !== undefined);
}

/** @param {string} name @param {import("./matching.mjs").Point[]} points
 * @param {(ms: number) => number} x @param {(perHour: number) => number} y */
function line(name, points, x, y) {
  const steps = points.map(
    ({ meanMs, perHour }, at) => `${at === 0 ? "M" : "L"}${n(x(meanMs))} ${n(y(perHour))}`,
  );
  const width = name === "adaptive" ? 3 : 1.6;
  return `<path class="line" stroke="var(--${name})" stroke-width="${width}" d="${steps.join(" ")}"/>`;
}

/** Beside the ends of their lines, pushed apart where they would cover each other.
 * @param {string[]} names @param {Result} result @param {(ms: number) => number} x @param {(perHour: number) => number} y */
function labels(names, result, x, y) {
  const placed = names
    .map((name) => ({ name, last: known(result, name).at(-1) }))
    .filter(({ last }) => last !== undefined)
    .map(({ name, last }) => {
      const end = { x: x(last?.meanMs ?? 1), y: y(last?.perHour ?? 0) };
      return { name, end, at: end.y };
    })
    .sort((a, b) => a.at - b.at || names.indexOf(a.name) - names.indexOf(b.name));
  const bottom = PANEL.height - PANEL.bottom;
  for (let next = placed.length - 1; next >= 0; next--) {
    const below = placed[next + 1]?.at ?? bottom + 15;
    const one = placed[next];
    if (one !== undefined) one.at = Math.min(one.at, below - 15);
  }
  for (let next = 0; next < placed.length; next++) {
    const above = placed[next - 1]?.at ?? PANEL.top - 15;
    const one = placed[next];
    if (one !== undefined) one.at = Math.max(one.at, above + 15);
  }
  return placed;
}

/** @param {number} least @param {number} most */
function decades(least, most) {
  const count = Math.round(Math.log10(most / least));
  return Array.from({ length: count + 1 }, (_, n) => least * 10 ** n);
}

/** Four round instants or so. @param {number} from @param {number} to */
function ticks(from, to) {
  const found = new Set();
  for (let n = 0; n < 4; n++) {
    const ms = from * (to / from) ** ((n + 0.35) / 3.7);
    const digits = to / from < 1.5 ? 3 : 2;
    found.add(Number(ms.toPrecision(digits)));
  }
  return [...found];
}

function style() {
  const colours = (/** @type {0 | 1} */ which) =>
    Object.entries(COLOURS)
      .map(([name, pair]) => `--${name}:${pair[which]}`)
      .join(";");
  return [
    "<style>",
    `svg{${colours(0)};--paper:#fff;--ink:#1d2430;--faint:#5b6470;--grid:#e3e6ea}`,
    `@media (prefers-color-scheme:dark){svg{${colours(1)};--paper:#0d1117;--ink:#e6edf3;--faint:#9aa4b0;--grid:#262d36}}`,
    ".paper,.dot{fill:var(--paper)}.ink{fill:var(--ink)}.faint{fill:var(--faint)}",
    ".grid{stroke:var(--grid)}.line{fill:none;stroke-linejoin:round}.lead{fill:none;stroke-width:.6;opacity:.35}.dot{stroke-width:2}",
    "</style>",
  ].join("");
}

/** @param {number} x @param {number} y @param {string} content @param {string} attributes */
function words(x, y, content, attributes) {
  const safe = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${n(x)}" y="${n(y)}" ${attributes}>${safe}</text>`;
}

/** @param {number} value */
function n(value) {
  return Number(value.toFixed(1));
}
