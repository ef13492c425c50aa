// The entry of every process that measures: runs one case and prints what it found as JSON. A
// process of its own each, so that no case warms, clutters or collects the heap of another.

const [name, options] = process.argv.slice(2);
const { measure } = await import(`./${name}.mjs`);
const found = await measure(JSON.parse(options));
// Timers of the watchdogs that were measured would keep the process alive for seconds.
process.stdout.write(JSON.stringify(found), () => process.exit());
