/** How long a run will take, where that time goes, and what the number stands on. */

import { printable, wrap } from "./display-width.js";
import { formatDuration, formatNumberOf } from "./formatting.js";
import type { Estimate } from "./library.js";

/** So many tasks of the critical path are named, the longest ones. */
const SHOWN = 3;
/** A task is worth a name if it takes this share of the run. */
const SHARE_SHOWN = 0.02;

/** What is done in a task of each kind, in the words of a sentence; kinds with the same words are one. */
const doing: Readonly<Record<string, string>> = {
  pre_data: "creating tables",
  copy: "copying",
  large_objects: "copying",
  verify: "comparing",
  index: "building indexes",
  constraint: "building indexes",
  foreign_key: "checking foreign keys",
  refresh: "refreshing views",
  analyze: "gathering statistics",
  statistics: "copying statistics",
};

const bounds: Readonly<Record<Estimate["boundBy"], string>> = {
  "longest path": "these wait for each other, so more jobs or cores would not make it shorter",
  "table jobs": "more --table-jobs would make it shorter",
  "index jobs": "more --index-jobs would make it shorter",
  cores: "more cores would make it shorter, more jobs alone would not",
};

/** `about 12 min`. */
export function about(seconds: number): string {
  return seconds < 1 ? "under a second" : `about ${formatDuration(seconds * 1000)}`;
}

/** Nothing of a run that is over before it has been read. */
export function estimateLines(estimate: Estimate, width: number): string[] {
  if (estimate.seconds < 1) return [];
  return [spent(estimate), range(estimate), waitsFor(estimate)]
    .filter((words) => words !== "")
    .flatMap((words) => wrap(printable(words), width, "  "));
}

function spent({ criticalPath, assumed }: Estimate): string {
  const sums = new Map<string, number>();
  for (const { kind, seconds } of criticalPath) {
    const words = doing[kind] ?? "the rest";
    sums.set(words, (sums.get(words) ?? 0) + seconds);
  }
  sums.set("before and after that", assumed.besideTasksSeconds);
  const parts = [...sums].filter(([, seconds]) => seconds >= 0.05);
  return `Of that ${parts.map(([words, seconds]) => `${formatDuration(seconds * 1000)} ${words}`).join(", ")}.`;
}

function range({ fastestSeconds, slowestSeconds, assumed }: Estimate): string {
  const { cores, coresAre, roundTripMs } = assumed;
  const [fast, slow] = [fastestSeconds, slowestSeconds].map((s) => formatDuration(s * 1000));
  const trips = `round trips of ${milliseconds(roundTripMs.source)} to the source and ${milliseconds(roundTripMs.target)} to the target`;
  return (
    `From ${fast} with a core for all that runs to ${slow} with two cores at most; ` +
    `assumed are ${formatNumberOf(cores, "core")} (${coresAre}) and ${trips}.`
  );
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function waitsFor({ criticalPath, seconds, boundBy }: Estimate): string {
  const longest = criticalPath
    .filter((task) => task.seconds >= seconds * SHARE_SHOWN)
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, SHOWN);
  if (longest.length === 0) return "";
  const named = criticalPath
    .filter((task) => longest.includes(task))
    .map(({ label, seconds: length }) => `${label} (${formatDuration(length * 1000)})`);
  return `Bounded by: ${named.join(", then ")}; ${bounds[boundBy]}.`;
}
