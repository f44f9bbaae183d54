/** A run with `keepGoing`: after which failures it goes on, and the one error that it ends with. */

import { asPgCopyError, PgCopyError } from "../errors.js";
import type { TaskInfo } from "../events.js";
import { formatCount, formatNumberOf } from "../formatting.js";
import type { CloneTask } from "../plan/task.js";
import { GraphFailures, type SkippedTask } from "../run/graph-failures.js";
import { reworded } from "./reworded-error.js";
import type { Run } from "./run.js";

/** The disk is full, or the server has crashed, is starting or going: no other task would fare better. */
const OF_ALL_TASKS = /^(53100|57P02|57P03)$/;
/** A server that can't be reached, a mistake of ours. */
const codesOfAll: ReadonlySet<string> = new Set(["connection_failed", "interrupted", "internal"]);

/** Whether others may be done although a task failed so. */
export function goesOnAfter(error: unknown): boolean {
  if (!(error instanceof PgCopyError) || codesOfAll.has(error.code)) return false;
  return !OF_ALL_TASKS.test(error.server?.sqlstate ?? "");
}

/** What else there is to say where not all was done. */
interface MoreToSay {
  /** What was found in what was done, one a line. */
  readonly found?: () => readonly string[];
  readonly advice?: string;
}

/**
 * Runs a graph. What it throws when it went on after a failure becomes one error with all of them, and
 * every task that was left out is told.
 */
export async function withAllFailures(
  run: Run,
  work: () => Promise<void>,
  more: MoreToSay = {},
): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    if (!(thrown instanceof GraphFailures)) throw thrown;
    const { skipped } = thrown as GraphFailures<CloneTask>;
    for (const { task, because } of skipped)
      run.tell({ type: "task_skipped", task: infoOf(task), because: because.map(infoOf) });
    throw errorOf(thrown as GraphFailures<CloneTask>, more);
  }
}

function infoOf({ id, kind, label }: CloneTask): TaskInfo {
  return { id, kind, label };
}

function errorOf(graph: GraphFailures<CloneTask>, { found, advice }: MoreToSay): PgCopyError {
  const failures = graph.failures.map(({ task, error }) => asPgCopyError(error, task.label));
  const items = [...failureItems(failures), ...leftOut(graph), ...(found?.() ?? [])];
  if (graph.stopped !== undefined) {
    const stopped = asPgCopyError(graph.stopped.error);
    const own = stopped.code === "interrupted" ? [] : [failureItem(stopped)];
    return reworded(stopped, { items: [...own, ...items], failures: [...failures, stopped] });
  }
  const { length } = failures;
  const need = length === 1 ? "needs it" : "needs one of them";
  const others = graph.skipped.length === 0 ? "" : `; what ${need} was left out`;
  return new PgCopyError(`${formatNumberOf(length, "task")} failed${others}; all else is done`, {
    ...(advice === undefined ? {} : { advice }),
    code: "task_failed",
    items,
    failures,
    options: distinct(failures.flatMap(({ options }) => options)),
    statements: distinct(failures.flatMap(({ statements }) => statements)),
    retrySafe: failures.every(({ retrySafe }) => retrySafe),
  });
}

/** Each failure, and below it what to do about it; those that ask for the same stand together. */
function failureItems(failures: readonly PgCopyError[]): string[] {
  return distinct(failures.map(({ advice }) => advice)).flatMap((advice) => {
    const items = failures.filter((one) => one.advice === advice).map(failureItem);
    return advice === undefined ? items : [...items, `  what to do: ${advice}`];
  });
}

/** The error in one line, with what the server says of the row. */
export function failureItem({ message, server }: PgCopyError): string {
  return server?.detail === undefined ? message : `${message}: ${server.detail}`;
}

/** So many tasks are named that a failure left out; the events have all. */
const NAMED = 10;

function leftOut({ failures, skipped }: GraphFailures<CloneTask>): string[] {
  return failures.flatMap(({ task }) => {
    const because = skipped.filter((one: SkippedTask<CloneTask>) => one.because.includes(task));
    if (because.length === 0) return [];
    const names = because.slice(0, NAMED).map((one) => one.task.label);
    const more = because.length - names.length;
    const rest = more === 0 ? "" : ` and ${formatCount(more)} more`;
    return [`left out, as ${task.label} failed: ${names.join(", ")}${rest}`];
  });
}

/** What a run that did not end well leaves undone at the target's end; for its advice. */
export const ENDING_LEFT_OUT =
  "event triggers and the properties of the database itself come last, and only when nothing failed";

function distinct<T>(list: readonly T[]): T[] {
  return [...new Set(list)];
}
