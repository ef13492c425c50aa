// @ts-check
// The tables, as Markdown: readable in a terminal, and on a page.

import { holm, ratio, signFlip } from "./statistics.mjs";

/** @typedef {import("./matching.mjs").Point} Point */
/** @typedef {{ points: (Point | undefined)[], usual: Point | undefined }} Curve */
/**
 * @typedef {object} Result one scenario, with stall credit for all or for none
 * @property {import("./scenarios.mjs").Scenario} scenario
 * @property {boolean} credit
 * @property {boolean} stalls whether credit makes a difference
 * @property {number[]} targets
 * @property {number} sent beats a second
 * @property {number} hours of all seeds
 * @property {Record<string, Curve>} curves by detector
 */
/** @typedef {{ result: Result, label: string, ours: (at: number) => Point | undefined, theirs: (name: string, at: number) => Point | undefined }} Contest */

/** Where comparisons are made: a tight, a middling and a lax detection time. @param {number[]} targets */
export const places = ({ length }) =>
  [0.25, 0.5, 0.75].map((part) => Math.round(part * (length - 1)));

/** @param {Result[]} results */
export function report(results) {
  const credited = results.filter(({ credit }) => credit);
  const without = results.filter(({ credit }) => !credit);
  const parts = [
    heading("At a glance: stall credit for all"),
    glance(credited.map((result) => sameFor(result))),
  ];
  if (without.length > 0) {
    parts.push(
      heading("Stall credit for none"),
      glance(without.map((result) => sameFor(result))),
      heading("As they come: ours with credit, the others without"),
      glance(without.map((result) => asTheyCome(result, credited))),
    );
  }
  parts.push(heading("`phi` in constant memory against Pekko's window of 1000"), windows(credited));
  for (const result of results) parts.push(heading(titleOf(result), 4), detail(result));
  return parts.join("\n\n");
}

/** @param {Result} result */
export function titleOf({ scenario, credit, stalls }) {
  return `${scenario.id}: ${scenario.title}${stalls ? `; credit for ${credit ? "all" : "none"}` : ""}`;
}

/** @param {Result} result @returns {Contest} */
function sameFor(result) {
  const of = (/** @type {string} */ name, /** @type {number} */ at) =>
    result.curves[name]?.points[at];
  return { result, label: result.scenario.id, ours: (at) => of("adaptive", at), theirs: of };
}

/** @param {Result} result @param {Result[]} credited @returns {Contest} */
function asTheyCome(result, credited) {
  const with_ = credited.find(({ scenario }) => scenario === result.scenario);
  const isOurs = (/** @type {string} */ name) => name === "fixed" || name === "phi";
  return {
    result,
    label: result.scenario.id,
    // Where credit costs time their detection times cannot be had.
    ours: (at) =>
      with_?.targets[at] === result.targets[at] ? with_.curves["adaptive"]?.points[at] : undefined,
    theirs: (name, at) => (isOurs(name) ? undefined : result.curves[name]?.points[at]),
  };
}

/** Every contest at three detection times, against the best other there. @param {Contest[]} contests */
function glance(contests) {
  const cells = contests.flatMap((contest) =>
    places(contest.result.targets).map((at) => compared(contest, at)),
  );
  const tested = cells.filter(({ p }) => p !== undefined);
  const rejected = holm(tested.map(({ p }) => p ?? 1));
  tested.forEach((cell, n) => {
    if (rejected[n]) cell.mark = cell.value < 1 ? " **fewer**" : " **more**";
  });
  let next = 0;
  const rows = contests.map(({ result, label }) => {
    const three = places(result.targets);
    return [
      label,
      result.scenario.title,
      three.map((at) => duration(result.targets[at] ?? 0)).join(" / "),
      ...three.map(() => {
        const cell = cells[next++];
        return cell === undefined ? "" : cell.text + cell.mark;
      }),
    ];
  });
  return table(["", "scenario", "mean T_D", "tight", "middle", "lax"], rows, 2);
}

/** The best but `adaptive`. @param {Result} result @param {(name: string) => Point | undefined} of */
export function bestOf({ curves }, of) {
  return Object.keys(curves)
    .filter((name) => name !== "adaptive")
    .map((name) => ({ name, point: of(name) }))
    .filter(({ point }) => point !== undefined)
    .sort((a, b) => (a.point?.mistakes ?? 0) - (b.point?.mistakes ?? 0))[0];
}

/** @param {Contest} contest @param {number} at */
function compared({ result, ours, theirs }, at) {
  const a = ours(at);
  const best = bestOf(result, (name) => theirs(name, at));
  if (a === undefined || best?.point === undefined) {
    const text = a === undefined ? "cannot" : `${a.mistakes}, others cannot`;
    return { text, value: 1, p: undefined, mark: "" };
  }
  const b = best.point;
  if (a.mistakes + b.mistakes < 20) {
    return { text: `${a.mistakes} : ${b.mistakes}`, value: 1, p: undefined, mark: "" };
  }
  const { value, low, high } = ratio(a.bySeed, b.bySeed);
  return {
    text: `${value.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)}) ${best.name}`,
    value,
    p: signFlip(a.bySeed, b.bySeed),
    mark: "",
  };
}

/** @param {Result[]} results */
function windows(results) {
  const rows = results.map(({ scenario, targets, curves }) => [
    scenario.id,
    ...places(targets).map((at) => {
      const a = curves["phi"]?.points[at];
      const b = curves["phi, windowed"]?.points[at];
      if (a === undefined || b === undefined) return "cannot";
      if (a.mistakes + b.mistakes < 20) return `${a.mistakes} : ${b.mistakes}`;
      const { value, low, high } = ratio(a.bySeed, b.bySeed);
      return `${value.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
    }),
  ]);
  return table(["", "tight", "middle", "lax"], rows, 1);
}

/** All detectors in one scenario. @param {Result} result */
function detail({ targets, curves, sent, hours }) {
  const three = places(targets);
  const middle = three[1] ?? 0;
  const head = [
    "mistakes per hour at T_D",
    ...three.map((at) => duration(targets[at] ?? 0)),
    "T_D p99",
    "max",
    "E(T_M)",
    "P_A",
    "as it comes",
  ];
  const rows = Object.entries(curves).map(([name, { points, usual }]) => {
    const point = points[middle];
    return [
      name,
      ...three.map((at) => rate(points[at])),
      point ? duration(point.p99Ms) : "",
      point ? duration(point.longestMs) : "",
      point && point.mistakes > 0 ? duration(point.lastingMs) : "",
      point ? accuracy(point.accuracy) : "",
      usual ? `${duration(usual.meanMs)}: ${rate(usual)}` : "",
    ];
  });
  const size = `${sent < 1 ? sent.toFixed(3) : sent.toFixed(1)} beats/s, ${hours.toFixed(0)} hours. p99 to P_A: at the middle T_D.`;
  return `${size}\n\n${table(head, rows, 1)}`;
}

/** @param {Point | undefined} point */
function rate(point) {
  return point === undefined ? "cannot" : figure(point.perHour);
}

/** @param {number} value */
export function figure(value) {
  if (value === 0) return "0";
  if (value >= 100) return value.toFixed(0);
  return value.toPrecision(value >= 1 ? 3 : 2);
}

/** As many nines as there are. @param {number} share */
function accuracy(share) {
  if (share === 1) return "1";
  return share.toFixed(Math.min(8, 2 + Math.ceil(-Math.log10(1 - share))));
}

/** @param {number} ms */
export function duration(ms) {
  if (ms >= 9_950) return `${(ms / 1_000).toFixed(0)} s`;
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
}

/** @param {string} text @param {number} [level] */
function heading(text, level = 3) {
  return `${"#".repeat(level)} ${text}`;
}

/** @param {string[]} head @param {string[][]} rows @param {number} left columns that are words */
function table(head, rows, left) {
  const all = [head, ...rows];
  const widths = head.map((_, at) => Math.max(3, ...all.map((row) => row[at]?.length ?? 0)));
  const line = (/** @type {string[]} */ row) =>
    `| ${row.map((cell, at) => (at < left ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(" | ")} |`;
  const rule = widths.map((width, at) =>
    at < left ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}
