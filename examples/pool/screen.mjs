// What the reader sees: lines with the time, and at the end who did what.

const startedAt = performance.now();
const isColoured = process.stdout.isTTY === true;

export function line(text) {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(2).padStart(6);
  const colour = [
    [/^→/, 35],
    [/ silent for /, 33],
    [/ is dead |connection was/, 31],
    [/ woke up /, 36],
  ].find(([what]) => what.test(text))?.[1];
  console.log(`${seconds} s  ${colour === undefined ? text : paint(colour, text)}`);
}

/** A row a worker, and whether every job was done once. */
export function summary({ jobs, workers, entries, refused }) {
  const times = new Map();
  for (const entry of entries) {
    const job = Number(entry.split(" ")[0]);
    times.set(job, (times.get(job) ?? 0) + 1);
  }
  const rows = workers.map((id) => {
    const own = entries.filter((entry) => entry.endsWith(` ${id}`));
    const left = refused.filter((each) => each.id === id);
    const numbers = own.map((entry) => entry.split(" ")[0].padStart(2));
    const crossed = left.map(({ job }) => paint(36, `(${job} left alone)`));
    return `  ${id}  ${[...numbers, ...crossed].join(" ")}`;
  });
  const missing = jobs - times.size;
  const twice = [...times].filter(([, count]) => count > 1).map(([job]) => job);
  const prevented = refused.filter(({ wasDone }) => wasDone);
  const ok = missing === 0 && twice.length === 0 && prevented.length > 0;
  const verdict =
    twice.length === 0 && missing === 0
      ? `${jobs} jobs, each done exactly once.`
      : `${missing} jobs were never done, and done twice were: ${twice.join(", ") || "none"}.`;
  const without =
    prevented.length > 0 &&
    `Without trustedUntil, ${prevented.length} would have been done twice: ${prevented.map(({ job, id }) => `job ${job} by ${id}`).join(", ")}.`;
  const text = ["", "Who did what:", ...rows, "", paint(ok ? 32 : 31, verdict), without || "", ""];
  return { text: text.join("\n"), ok };
}

function paint(colour, text) {
  return isColoured ? `\u001b[${colour}m${text}\u001b[0m` : text;
}
