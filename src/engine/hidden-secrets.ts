/**
 * The plan without the passwords of subscriptions, user mappings and foreign servers, which the journal
 * is not to hold; and with them again, from a new dump of the source, for a run that is resumed.
 */

import { PgCopyError } from "../errors.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import { fitSubscriptions } from "../plan/subscriptions.js";
import type { Script } from "../plan/task.js";
import { withoutSecrets } from "../schema/without-secrets.js";
import type { HeldSnapshot } from "../snapshot/held-snapshot.js";
import { dumpSource } from "./dump-source.js";

/** A plan, and those of its statements that stand for another one. */
export interface PlanWithoutSecrets {
  readonly plan: ClonePlan;
  readonly hidden: ReadonlySet<string>;
}

export async function withSecretsHidden(plan: ClonePlan): Promise<PlanWithoutSecrets> {
  const shown = new Map<string, string>();
  for (const sql of statementsOf(plan)) {
    const instead = await withoutSecrets(sql);
    if (instead !== sql) shown.set(sql, instead);
  }
  const hidden = new Set(shown.values());
  return { plan: shown.size === 0 ? plan : withStatements(plan, shown), hidden };
}

function statementsOf({ tasks, finish }: ClonePlan): string[] {
  const scripts = tasks.flatMap(({ work }) => (work.do === "scripts" ? work.scripts : []));
  return [...scripts, ...finish].flatMap(({ statements }) => statements);
}

function withStatements(plan: ClonePlan, instead: ReadonlyMap<string, string>): ClonePlan {
  const changed = (script: Script): Script =>
    script.statements.some((sql) => instead.has(sql))
      ? { ...script, statements: script.statements.map((sql) => instead.get(sql) ?? sql) }
      : script;
  return {
    ...plan,
    finish: plan.finish.map(changed),
    tasks: plan.tasks.map((task) =>
      task.work.do === "scripts" && task.work.scripts.some((script) => changed(script) !== script)
        ? { ...task, work: { ...task.work, scripts: task.work.scripts.map(changed) } }
        : task,
    ),
  };
}

export interface SecretsContext {
  readonly snapshot: HeldSnapshot;
  readonly resolved: ResolvedOptions;
  readonly targetVersion: number;
  readonly signal: AbortSignal;
}

/**
 * The plan as it was made.
 *
 * @param isDone whether the task with that id needs its statements no more.
 * @throws PgCopyError `schema_dump_failed`; `source_unfit` if the source no longer has one of them.
 */
export async function withSecretsShown(
  { plan, hidden }: PlanWithoutSecrets,
  isDone: (id: string) => boolean,
  { snapshot, resolved, targetVersion, signal }: SecretsContext,
): Promise<ClonePlan> {
  const left = { ...plan, tasks: plan.tasks.filter(({ id }) => !isDone(id)) };
  const needed = new Set(statementsOf(left).filter((sql) => hidden.has(sql)));
  if (needed.size === 0) return plan;
  const { schema, pgDump } = await dumpSource(snapshot, resolved, signal);
  const entries = fitSubscriptions(schema.entries, { targetVersion, pgDumpMajor: pgDump.major });
  const found = new Map<string, string>();
  for (const { sql } of entries.flatMap(({ statements }) => statements)) {
    const shown = await withoutSecrets(sql);
    if (needed.has(shown)) found.set(shown, sql);
  }
  const missing = [...needed].filter((sql) => !found.has(sql));
  if (missing.length === 0) return withStatements(plan, found);
  throw new PgCopyError(
    "the source no longer has what the unfinished run was to create, and whose passwords its journal doesn't hold",
    {
      code: "source_unfit",
      side: "source",
      items: missing.map((sql) => sql.split(/\s(?:options|connection)\b/i)[0] ?? sql),
      advice: "start over with --restart",
    },
  );
}
