// The picture: a lane a peer, its states as colours, what was done to it as marks.

const COLOURS = { connecting: "#8ecae6", alive: "#2a9d5c", suspect: "#f4a900", dead: "#c8323c" };
const LEFT = 132;
const RIGHT = 24;
const TOP = 84;
const LANE = 30;
const WIDTH = 1_080;

/** An SVG of the whole story. `block` is when the observer stood still. */
export function timelineSvg(lanes, { endAt, block, naiveKills }) {
  const x = (at) => LEFT + (Math.max(0, Math.min(at, endAt)) / endAt) * (WIDTH - LEFT - RIGHT);
  const height = TOP + lanes.length * LANE + 66;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="ui-sans-serif, system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(16, 28, "What one observer saw of its peers", `font-size="17" font-weight="600"`),
    legend(16, 52),
    ...axis(x, endAt, height),
    blocked(x, block, height),
    ...lanes.flatMap((lane, index) => laneParts(lane, TOP + index * LANE, x, endAt)),
    text(LEFT, height - 14, naiveKills, `fill="#5b6470"`),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

function laneParts({ id, changes, acts, kills }, y, x, endAt) {
  const states = [{ at: 0, to: "alive" }, ...changes];
  const bars = states.map(({ at, to }, index) => {
    const until = states[index + 1]?.at ?? endAt;
    const w = Math.max(1.5, x(until) - x(at));
    return `<rect x="${n(x(at))}" y="${y + 8}" width="${n(w)}" height="14" rx="2" fill="${COLOURS[to]}"><title>${id}: ${to}</title></rect>`;
  });
  const marks = acts.map(({ at, action }) => {
    const at0 = n(x(at));
    return `<path d="M${at0} ${y + 7} l-4.5 -7 h9 z" fill="#1d2430"/>${text(x(at) + 7, y + 5, action, `font-size="10" fill="#1d2430"`)}`;
  });
  const wrong = kills
    .filter(({ status }) => status === "alive")
    .map(({ at }) =>
      text(x(at) + 4, y + 19, "✕ killed by the naive watchdog", `font-size="10" fill="#fff"`),
    );
  return [text(16, y + 19, id, `fill="#1d2430"`), ...bars, ...marks, ...wrong];
}

function blocked(x, { at, forMs }, height) {
  const w = x(at + forMs) - x(at);
  const mid = x(at) + w / 2;
  return `<rect x="${n(x(at))}" y="${TOP - 8}" width="${n(w)}" height="${height - TOP - 42}" fill="#1d2430" opacity="0.10"/>${text(mid, TOP - 14, "observer blocked", `text-anchor="middle" font-size="11" fill="#1d2430"`)}`;
}

function axis(x, endAt, height) {
  const ticks = Array.from({ length: Math.floor(endAt / 2_000) + 1 }, (_, index) => index * 2_000);
  return ticks.flatMap((at) => [
    `<path d="M${n(x(at))} ${TOP - 6} V${height - 50}" stroke="#e3e6ea"/>`,
    text(
      x(at),
      height - 36,
      `${at / 1_000} s`,
      `text-anchor="middle" font-size="11" fill="#5b6470"`,
    ),
  ]);
}

function legend(x, y) {
  return Object.entries(COLOURS)
    .map(([status, colour], index) => {
      const left = x + index * 104;
      return `<rect x="${left}" y="${y - 10}" width="14" height="12" rx="2" fill="${colour}"/>${text(left + 20, y, status, `fill="#1d2430"`)}`;
    })
    .join("");
}

function text(x, y, content, attributes = "") {
  return `<text x="${n(x)}" y="${n(y)}" ${attributes}>${content.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</text>`;
}

function n(value) {
  return Number(value.toFixed(1));
}
