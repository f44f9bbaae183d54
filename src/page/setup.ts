/** How the run was set up: its steps, jobs, pg_dump, snapshot and options. */

import { formatDuration, formatNumberOf } from "../formatting.js";
import type { StepTime } from "../record/run-record.js";
import { type Html, html } from "./html.js";
import { hasFailed, onlyRead, type ReportedRun } from "./opening.js";
import { table } from "./tables.js";
import { momentWords } from "./time-axis.js";

export function setupSections(run: ReportedRun): Html {
  return html`<section><h2>Steps</h2>
${table<StepTime>(
  [
    {
      title: "step",
      cell: ({ step, failed }) => (failed === true ? `${step} (not finished)` : step),
    },
    { title: "began", number: true, cell: ({ beganMs }) => momentWords(beganMs) },
    { title: "took", number: true, cell: ({ durationMs }) => formatDuration(durationMs) },
  ],
  run.steps,
)}</section>
<section><h2>How it was run</h2>
<dl class="facts">${[...circumstances(run), ...options(run)].map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl></section>`;
}

type Fact = readonly [name: string | Html, value: string | Html];

function circumstances(run: ReportedRun): Fact[] {
  const release: Fact = ["pgcopy", run.pgcopyVersion];
  if (hasFailed(run)) return [release];
  const { tableJobs, indexJobs } = run.jobs;
  const threads = run.threads === 1 ? "" : `, ${formatNumberOf(run.threads, "thread")}`;
  const { version, path, kind } = run.pgDump;
  return [
    release,
    [
      "jobs",
      onlyRead(run)
        ? formatNumberOf(tableJobs, "table job")
        : `${formatNumberOf(tableJobs, "table job")}, ${formatNumberOf(indexJobs, "index job")}${threads}`,
    ],
    ["pg_dump", html`${version} (<code>${path ?? kind}</code>)`],
    ["snapshot", html`<code>${run.snapshot}</code>`],
  ];
}

/** By the names that the library and the configuration file give them. */
function options({ options: given }: ReportedRun): Fact[] {
  const names = Object.keys(given);
  if (names.length === 0) return [["options", "none: the defaults"]];
  return names.map((name): Fact => {
    const value = given[name];
    const words = typeof value === "string" ? value : JSON.stringify(value, undefined, 2);
    return [html`<code>${name}</code>`, html`<code>${words}</code>`];
  });
}
