/**
 * A run's report as one HTML page that needs nothing beside it: no network, no script, no font. It is
 * text made of a report, and nothing else; the command line writes it to a file.
 */

import { createHash } from "node:crypto";
import { formatSection, slowestSections, workSection } from "./closing.js";
import { Html, html } from "./html.js";
import { hasFailed, opening, type ReportedRun, verdict } from "./opening.js";
import { script } from "./script.js";
import { setupSections } from "./setup.js";
import { style } from "./style.js";
import { longestTasks, taskTable } from "./tables.js";
import { throughputTable, throughputWords } from "./throughput-chart.js";
import { timeline } from "./timeline.js";

/**
 * The page of a finished clone's report, or of the run that a `RunRecorder` kept when it failed.
 * Pure: the same run gives the same page.
 *
 * @returns an HTML document. Store it as UTF-8.
 */
export function reportPage(run: ReportedRun): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="pgcopy ${run.pgcopyVersion}">
<link rel="icon" href="data:,">
<title>${verdict(run)}: ${run.target ?? "pgcopy"}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
${opening(run)}
${timeline(run)}
<p>${throughputWords(run)}</p>
${throughputTable(run)}
${taskTable(run)}
${workSection(run)}
${hasFailed(run) ? longestTasks(run) : html`${slowestSections(run)}${formatSection(run)}`}
${setupSections(run)}
</main>
<footer>Written by pgcopy ${run.pgcopyVersion}. Times count from the beginning of the run; sizes in powers of 1024.</footer>
<script>${new Html(script)}</script>
</body>
</html>
`.toString();
}

/** Nothing may be loaded, and of scripts only the one above may run, whatever a table is called. */
const contentPolicy = [
  "default-src 'none'",
  "img-src data:",
  "style-src 'unsafe-inline'",
  `script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");
