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

const bounds: Readonly<Record<Exclude<Estimate["boundBy"], "longest path">, string>> = {
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
  return [spent(estimate), waitsFor(estimate), range(estimate)]
    .filter((words) => words !== "")
    .flatMap((words) => wrap(printable(words), width, "  "));
}

function spent(estimate: Estimate): string {
  const { criticalPath, assumed } = estimate;
  const sums = new Map<string, number>();
  for (const { kind, seconds } of criticalPath) {
    const words = doing[kind] ?? "the rest";
    sums.set(words, (sums.get(words) ?? 0) + seconds);
  }
  sums.set("before and after it", assumed.besideTasksSeconds);
  const parts = [...sums].filter(([, seconds]) => seconds >= 0.05);
  const list = parts.map(([words, seconds]) => `${shown(seconds)} ${words}`).join(", ");
  return `The longest chain of tasks takes ${shown(estimate.seconds)}: ${list}. All other tasks run beside it.`;
}

/** What other machines would take, where that is another time than the estimate's. */
function range({ seconds, fastestSeconds, slowestSeconds, assumed }: Estimate): string {
  const { cores, coresAre, roundTripMs } = assumed;
  const trips = `round trips of ${milliseconds(roundTripMs.source)} to the source and ${milliseconds(roundTripMs.target)} to the target`;
  const others = [
    ["on two cores", slowestSeconds],
    ["with a core for each task that runs", fastestSeconds],
  ] as const;
  const different = others
    .filter(([, other]) => shown(other) !== shown(seconds))
    .map(([where, other]) => `; ${where}, ${shown(other)}`);
  return `Reckoned for ${formatNumberOf(cores, "core")} (${coresAre}) and ${trips}${different.join("")}.`;
}

function shown(seconds: number): string {
  return formatDuration(seconds * 1000);
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function waitsFor(estimate: Estimate): string {
  const { criticalPath, seconds } = estimate;
  const longest = criticalPath
    .filter((task) => task.seconds >= seconds * SHARE_SHOWN)
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, SHOWN);
  if (longest.length === 0) return "";
  const named = criticalPath
    .filter((task) => longest.includes(task))
    .map(({ label, seconds: length }) => `${label} (${shown(length)})`);
  return `Its longest tasks: ${named.join(", then ")}; ${boundWords(estimate)}.`;
}

/** Tasks that wait for each other are still done sooner each where they share no core. */
function boundWords({ boundBy, seconds, fastestSeconds }: Estimate): string {
  if (boundBy !== "longest path") return bounds[boundBy];
  return shown(fastestSeconds) === shown(seconds)
    ? "more jobs or cores would not make it shorter"
    : "more jobs would not make it shorter, more cores would";
}
