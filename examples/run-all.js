/** Runs every example as its own process and holds what it prints against what it should: npm run examples. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The lines that each example has to print, in this order; others may stand in between. */
const examples = {
  "clone.js": [
    /^101000 rows of 2 tables are copied$/,
    /^3 indexes are built, all in \d+ ms$/,
    /^2 tables compared, 0 differ$/,
  ],
  "clone-with-progress.js": [
    /^2 tables, 3 indexes, \d+\.\d MB$/,
    /^\[[#.]{20}\] +\d+ % {2}\d+ rows {2}/,
    /^all of postgres:\/\/.*\/shop is there after \d+ ms$/,
  ],
  "hold.js": [
    /^holding the snapshot [0-9A-F]+(-[0-9A-F]+)+, with a fence around 2 tables$/,
    /^101000 rows are copied, all of them from that snapshot$/,
    /^afterwards: none$/,
  ],
  "steps.js": [
    /^connected: from \d{6} to \d{6}$/,
    /^snapshot [0-9A-F]+(-[0-9A-F]+)+: 2 tables$/,
    /^read: 3 tables, \d+ entries of the schema \(pg_dump \d+.*, (local|bundled)\)$/,
    /^planned: \d+ tasks$/,
    /^ {2}COPY shop\.orders \(after 1\)$/,
    /^ {2}REFRESH MATERIALIZED VIEW shop\.sales \(after \d+\)$/,
    /^done: \d+ tasks, 101000 rows$/,
  ],
};

let failed = 0;
for (const [file, expected] of Object.entries(examples)) {
  const { exitCode, output } = await run(file);
  const missing = firstMissing(output, expected);
  if (exitCode === 0 && missing === undefined) {
    console.log(`ok      examples/${file}`);
    continue;
  }
  failed++;
  console.log(`failed  examples/${file}: it exited with ${exitCode}`);
  if (missing !== undefined) console.log(`        and did not print ${missing}`);
  console.log(output.replaceAll(/^/gm, "        "));
}
process.exitCode = failed === 0 ? 0 : 1;

/** Always on servers of its own: the figures are those of the made-up shop. */
function run(file) {
  const { PGCOPY_SOURCE: _source, PGCOPY_TARGET: _target, ...env } = process.env;
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path], { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, output }));
  });
}

function firstMissing(output, expected) {
  const lines = output.split(/\r|\n/);
  let at = 0;
  return expected.find((pattern) => {
    while (at < lines.length && !pattern.test(lines[at])) at++;
    return at >= lines.length;
  });
}
