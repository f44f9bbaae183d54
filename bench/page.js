// @ts-check
/** Writes a file of results to stdout as a page: node bench/page.js RESULTS.json > page.html */

import { readFile } from "node:fs/promises";
import { resultsPage } from "./page/results-page.js";

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error("node bench/page.js RESULTS.json > page.html");
  process.exitCode = 2;
} else {
  process.stdout.write(resultsPage(JSON.parse(await readFile(file, "utf8"))));
}
