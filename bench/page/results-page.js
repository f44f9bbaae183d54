// @ts-check
/**
 * A file of results as one HTML page that needs nothing beside it: no network, no script, no font. It
 * is made of the JSON alone, so that it can be made again of any file kept.
 */

import { counted, gigabytes } from "../amounts.js";
import { dataSetSection } from "./data-set-section.js";
import { goalsSection } from "./goals.js";
import { Html, html } from "./html.js";
import { pgcopySeconds, titleOf } from "./results.js";
import { style } from "./style.js";

/**
 * @param {import("./results.js").Results} results
 * @returns {string} an HTML document, to be stored as UTF-8
 */
export function resultsPage(results) {
  const { machine, servers, runs } = results;
  const day = machine.time.slice(0, 10);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>pgcopy's benchmark, ${day}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
<header>
<h1>pgcopy’s benchmark</h1>
<p class="aside">pgcopy ${machine.pgcopy} (${machine.commit}), PostgreSQL ${servers.source.version} to ${servers.target.version}, ${machine.processor} with ${counted(machine.cores, "core")}, ${machine.time.slice(0, 16).replace("T", " ")} UTC</p>
${headline(runs)}
</header>
${goalsSection(runs)}
${runs.map(dataSetSection)}
${missing(results)}
${machineSection(machine)}
${serversSection(servers)}
</main>
<footer>Bars are medians, the lines on them go from the minimum to the maximum. In every round each contestant copied once into an empty database, and its target was compared with the source before its time counted. Client CPU is user and system time of all of a contestant’s processes, client memory the peak of the largest of them.</footer>
</body>
</html>
`.toString();
}

/** pgcopy's medians. @param {import("./results.js").Results["runs"]} runs */
function headline(runs) {
  const figures = runs.flatMap((run) => {
    const seconds = pgcopySeconds(run);
    return seconds === undefined ? [] : [{ name: run.dataSet, seconds }];
  });
  if (figures.length === 0) return undefined;
  return html`<dl class="figures">${figures.map(
    ({ name, seconds }) =>
      html`<div><dt>pgcopy, ${name}</dt><dd>${seconds.toFixed(2)} s</dd></div>`,
  )}</dl>`;
}

/** @param {import("./results.js").Results} results */
function missing({ missing: list = [] }) {
  if (list.length === 0) return undefined;
  return html`<h2>Missing</h2><ul>${list.map((one) => html`<li>${titleOf(one)}: ${one.reason}</li>`)}</ul>`;
}

/** @param {import("./results.js").Results["machine"]} machine */
function machineSection(machine) {
  /** @type {[string, string][]} */
  const facts = [
    ["processor", `${machine.processor}, ${counted(machine.cores, "core")}`],
    ["memory", gigabytes(machine.memoryBytes)],
    ["system", machine.system],
    ["load average at the start", machine.loadAverage.map((load) => load.toFixed(2)).join(", ")],
    ["temporary files in", machine.temporaryDirectory],
    ["Node.js", `${machine.node}, which takes ${machine.nodeStartMs.toFixed(0)} ms to start`],
    ["pgcopy", `${machine.pgcopy} (${machine.commit})`],
  ];
  return html`<h2>The machine</h2>
<dl class="facts">${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

/** @param {import("./results.js").Results["servers"]} servers */
function serversSection({ source, target }) {
  const names = [...new Set([...Object.keys(source.settings), ...Object.keys(target.settings)])];
  return html`<h2>The servers</h2>
<div class="scroll"><table><thead><tr><th scope="col">setting</th><th scope="col">source</th><th scope="col">target</th></tr></thead><tbody>
<tr><td>PostgreSQL</td><td>${source.version}</td><td>${target.version}</td></tr>
${source.origin && html`<tr><td>server</td><td>${source.origin}</td><td>${target.origin}</td></tr>`}
${names.map(
  (name) =>
    html`<tr><td>${name}</td><td>${source.settings[name]}</td><td>${target.settings[name]}</td></tr>
`,
)}</tbody></table></div>`;
}
