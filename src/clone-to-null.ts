/**
 * A clone whose target is `null:`: everything that a clone would read, from the same snapshot, in the
 * same parts and formats, by as many jobs, and thrown away. It shows what the source and the way to it
 * can do. No target is looked at, nothing is written anywhere.
 */

import { refuseBrokenForeignKeys } from "./engine/check-foreign-keys.js";
import { refuseTextTables } from "./engine/check-plan.js";
import { withNothingCopied, withNothingWritten } from "./engine/leftovers.js";
import { connectSource, refuseTargetOptions } from "./engine/null-target.js";
import { planContent } from "./engine/plan-content.js";
import { prepareParser, readSource } from "./engine/read-source.js";
import { readTasks } from "./engine/read-tasks.js";
import { buildNullReport, type CloneReport } from "./engine/report.js";
import { parseRowRules } from "./engine/row-rules.js";
import type { Run } from "./engine/run.js";
import { warnOfOmissions } from "./engine/warnings.js";
import type { ResolvedOptions } from "./options/clone-options.js";
import { readingPlan } from "./plan/reading-plan.js";
import { holdSnapshot } from "./snapshot/held-snapshot.js";

/** @internal `clone` tells it in place of its own. */
export async function cloneToNull(resolved: ResolvedOptions, run: Run): Promise<CloneReport> {
  refuseTargetOptions(resolved);
  prepareParser();
  await parseRowRules(resolved);

  await using servers = await run.step("connect", () => connectSource(resolved, run));
  const { source } = servers;
  const snapshot = await run.step("export the snapshot", () =>
    withNothingCopied(() => holdSnapshot(source, resolved.snapshot)),
  );
  const content = await run.step("read the source", () =>
    withNothingCopied(() => readSource(snapshot, resolved, run)),
  );
  // A target like the source: the formats are those of most clones.
  const whole = planContent(content, { source, target: source }, resolved);
  refuseTextTables(whole, resolved);
  await withNothingCopied(() => refuseBrokenForeignKeys(servers, snapshot, content, run));
  warnOfOmissions(content, whole, run);

  const plan = readingPlan(whole);
  const outcomes = await run.step("read the rows", () =>
    withNothingWritten(() => readTasks(plan, { servers, snapshot, resolved, run })),
  );
  return buildNullReport({ servers, snapshot, content, plan, outcomes, run });
}
