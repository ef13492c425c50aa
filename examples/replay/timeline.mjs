// The picture of a story: a lane a peer, its states as colours, what was heard of it as strokes.

const COLOURS = { connecting: "#8ecae6", alive: "#2a9d5c", suspect: "#f4a900", dead: "#c8323c" };
const INK = "#1d2430";
const FAINT = "#5b6470";
const LEFT = 96;
const RIGHT = 24;
const TOP = 96;
const LANE = 13;
const BAR = 9;
const WIDTH = 1_080;
/** More would be no picture. */
const MOST_LANES = 60;
const TICKS_MS = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 600_000, 3_600_000];

/** An SVG of what `storyOf` found. */
export function incidentSvg({ freezes, endAt, calls, peers, ...story }) {
  const lanes = worthALane(story.lanes);
  const x = (at) => LEFT + (at / Math.max(1, endAt)) * (WIDTH - LEFT - RIGHT);
  const bottom = TOP + lanes.length * LANE + 4;
  const height = bottom + 32;
  const left = peers > lanes.length ? ` (${lanes.length} shown)` : "";
  const title = `${peers} peers${left}, ${seconds(endAt)}: what one monitor heard, and what it concluded`;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="ui-sans-serif, system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(16, 28, title, `font-size="17" font-weight="600" fill="${INK}"`),
    text(WIDTH - RIGHT, 28, `replayed from ${calls} calls`, `text-anchor="end" fill="${FAINT}"`),
    legend(16, 54),
    ...axis(x, endAt, bottom),
    ...lanes.map((lane, index) => laneOf(lane, TOP + index * LANE, x, endAt)),
    ...freezes.map((freeze) => frozen(freeze, x, bottom)),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

/** All by name; of a crowd first of all those to whom something happened. */
function worthALane(lanes) {
  const eventful = lanes.filter((lane) => !isCalm(lane));
  const calm = lanes.filter(isCalm);
  const byName = (a, b) => a.id.localeCompare(b.id, "en", { numeric: true });
  return [...eventful, ...calm].slice(0, MOST_LANES).sort(byName);
}

function isCalm({ changes }) {
  return changes.every(({ to }) => to === "alive" || to === "connecting");
}

function laneOf(lane, y, x, endAt) {
  const { id, changes, heard } = lane;
  const bars = changes.map(({ at, to, reason }, index) => {
    const until = changes[index + 1]?.at ?? endAt;
    const width = Math.max(1.5, x(until) - x(at));
    const opacity = to === "alive" && isCalm(lane) ? ` opacity="0.55"` : "";
    const why = reason === undefined ? to : `${to} (${reason})`;
    return `<rect x="${n(x(at))}" y="${y}" width="${n(width)}" height="${BAR}" fill="${COLOURS[to]}"${opacity}><title>${escaped(`${id}: ${why} from ${seconds(at)}`)}</title></rect>`;
  });
  const strokes = heard.map((at) => `M${n(x(at))} ${y + 2}v${BAR - 4}`).join("");
  const weight = isCalm(lane) ? `fill="${FAINT}"` : `fill="${INK}" font-weight="600"`;
  return [
    text(LEFT - 8, y + BAR - 0.5, id, `text-anchor="end" font-size="10" ${weight}`),
    ...bars,
    `<path d="${strokes}" stroke="#fff" stroke-width="1"/>`,
    ...changes.map(({ at, reason }, index) =>
      reason === undefined ? "" : reasonOf(reason, x(at), x(changes[index + 1]?.at ?? endAt), y),
    ),
  ].join("");
}

/** Why it died: on the red where there is room for it, else beside it. */
function reasonOf(reason, from, until, y) {
  const fits = until - from > 6 * reason.length;
  if (fits) return text(from + 5, y + BAR - 1, reason, `font-size="9" fill="#fff"`);
  const halo = `fill="${INK}" stroke="#fff" stroke-width="3" paint-order="stroke"`;
  const isAtTheEnd = until + 6 * reason.length > WIDTH - RIGHT;
  return isAtTheEnd
    ? text(from - 4, y + BAR - 1, reason, `font-size="9" text-anchor="end" ${halo}`)
    : text(until + 4, y + BAR - 1, reason, `font-size="9" ${halo}`);
}

function frozen({ at, forMs, naivelyKilled }, x, bottom) {
  const width = x(at + forMs) - x(at);
  const killed = naivelyKilled > 0 ? `; a timeout each would have killed ${naivelyKilled}` : "";
  const label = `we stood still for ${seconds(forMs)}${killed}`;
  const middle = Math.min(Math.max(x(at) + width / 2, 180), WIDTH - 180);
  return [
    `<rect x="${n(x(at))}" y="${TOP - 6}" width="${n(width)}" height="${n(bottom - TOP + 6)}" fill="${INK}" opacity="0.13"/>`,
    text(middle, TOP - 12, label, `text-anchor="middle" font-size="11" fill="${INK}"`),
  ].join("");
}

function axis(x, endAt, bottom) {
  const every = TICKS_MS.find((ms) => endAt / ms <= 14) ?? endAt;
  const ticks = Array.from({ length: Math.floor(endAt / every) + 1 }, (_, index) => index * every);
  return ticks.flatMap((at) => [
    `<path d="M${n(x(at))} ${TOP - 6}V${bottom}" stroke="#e3e6ea"/>`,
    text(x(at), bottom + 16, seconds(at), `text-anchor="middle" font-size="11" fill="${FAINT}"`),
  ]);
}

function legend(x, y) {
  const states = Object.entries(COLOURS).map(([status, colour], index) => {
    const left = x + index * 104;
    return `<rect x="${left}" y="${y - 10}" width="14" height="11" fill="${colour}"/>${text(left + 20, y, status, `fill="${INK}"`)}`;
  });
  const left = x + 4 * 104;
  const heard = `<rect x="${left}" y="${y - 10}" width="26" height="11" fill="${COLOURS.alive}" opacity="0.55"/><path d="M${left + 7} ${y - 8}v7m12 -7v7" stroke="#fff" stroke-width="1"/>`;
  return `${states.join("")}${heard}${text(left + 32, y, "heard", `fill="${INK}"`)}`;
}

function seconds(ms) {
  return `${Number((ms / 1_000).toFixed(1))} s`;
}

function text(x, y, content, attributes) {
  return `<text x="${n(x)}" y="${n(y)}" ${attributes}>${escaped(content)}</text>`;
}

function escaped(content) {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function n(value) {
  return Number(value.toFixed(1));
}
