// @ts-check
/** Writes a file of results to stdout as a page: node bench/page.js RESULTS.json > page.html */

import { readFile } from "node:fs/promises";
import { resultsPage } from "./page/results-page.js";

const [file] = process.argv.slice(2);
if (file === undefined) fail("node bench/page.js RESULTS.json > page.html");
else {
  const results = JSON.parse(await readFile(file, "utf8"));
  if (results.kind === undefined) process.stdout.write(resultsPage(results));
  else fail(`${file} is of bench:${results.kind}; only those of npm run bench have a page`);
}

/** @param {string} message */
function fail(message) {
  console.error(message);
  process.exitCode = 2;
}
