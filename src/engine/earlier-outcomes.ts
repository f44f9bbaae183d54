/** What an earlier process has done of a plan, as if this one had. */

import type { RejectedRows } from "../events.js";
import type { FinishedTask } from "../load/journal.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import type { CopyResult } from "../postgres/copy.js";
import type { TableComparison } from "../verify/compare-table.js";
import type { TaskOutcome } from "./execute-task.js";

/** What tasks keep beside rows and bytes: see `Done` in load/recorder.ts. */
interface Detail {
  readonly each?: readonly CopyResult[];
  readonly objects?: number;
  readonly rejected?: readonly RejectedRows[];
  readonly comparison?: TableComparison;
}

export function earlierOutcomes(
  { tasks }: Pick<ClonePlan, "tasks">,
  finished: ReadonlyMap<string, FinishedTask> = new Map(),
): TaskOutcome[] {
  return tasks.flatMap((task) => {
    const done = finished.get(task.id);
    if (done === undefined) return [];
    const { each, objects, rejected = [] } = detailOf(done);
    return [
      {
        task,
        rows: done.rows,
        bytes: done.bytes,
        durationMs: done.durationMs,
        ...(each === undefined ? {} : { each }),
        ...(objects === undefined ? {} : { objects }),
        ...(rejected.length === 0 ? {} : { rejected }),
      },
    ];
  });
}

export function earlierComparisons(
  finished: ReadonlyMap<string, FinishedTask> = new Map(),
): TableComparison[] {
  return [...finished.values()].flatMap((done) => detailOf(done).comparison ?? []);
}

function detailOf({ detail }: FinishedTask): Detail {
  return (detail ?? {}) as Detail;
}
