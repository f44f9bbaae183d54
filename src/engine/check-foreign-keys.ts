/** The foreign keys that the target would refuse for want of rows, found before anything is changed. */

import { PgCopyError } from "../errors.js";
import { type ForeignKeyCheck, foreignKeyChecks } from "../plan/foreign-key-check.js";
import { relationName } from "../plan/task.js";
import { readConfidentially } from "../postgres/confidential.js";
import { displayName } from "../postgres/quote.js";
import { all } from "../run/abort.js";
import type { HeldSnapshot } from "../snapshot/held-snapshot.js";
import { unfit } from "./check-servers.js";
import type { SourceContent } from "./read-source.js";
import type { Run } from "./run.js";
import type { SourceOfRun } from "./servers.js";
import { snapshotPool } from "./task-sessions.js";

/**
 * Counts, on the source and within the snapshot, the rows that would refer to rows which are not
 * copied. It asks nothing where no WHERE, no mask and no table without rows has to do with a key.
 *
 * @throws PgCopyError `source_unfit`, naming every such key and how many rows it would fail for.
 */
export async function refuseBrokenForeignKeys(
  servers: SourceOfRun,
  snapshot: HeldSnapshot,
  content: SourceContent,
  run: Run,
): Promise<void> {
  const { foreignKeys, sets, referred, includesReferred } = content.rowSelection;
  const checks = foreignKeyChecks(foreignKeys, sets, referred);
  if (checks.length === 0) return;
  await run.step("check the foreign keys", async () => {
    refuseVolatileKeys(checks);
    await using pool = snapshotPool(servers, snapshot);
    const counts = await all<number[]>(
      run.signal,
      checks.map(
        (check) => (signal: AbortSignal) =>
          pool.with(signal, async (source) => {
            const attempted = `checking ${keyName(check)}`;
            const [row] = await readConfidentially(check.confidential, () =>
              source.query<{ rows: string }>(attempted, check.sql),
            );
            return Number(row?.rows ?? 0);
          }),
      ),
    );
    refuseCounted(
      checks.map((check, i) => ({ check, rows: counts[i] ?? 0 })),
      includesReferred,
    );
  });
}

function refuseVolatileKeys(checks: readonly ForeignKeyCheck[]): void {
  const items = checks.filter((check) => check.volatile).map(keyName);
  if (items.length === 0) return;
  throw new PgCopyError(
    "a volatile mask is on columns of foreign keys: their values would not agree",
    {
      code: "usage",
      items,
      advice: "nothing was changed; mask both sides with the same immutable function",
    },
  );
}

interface Counted {
  readonly check: ForeignKeyCheck;
  readonly rows: number;
}

function refuseCounted(counted: readonly Counted[], includesReferred: boolean): void {
  const broken = counted.filter(({ rows }) => rows > 0);
  if (broken.length === 0) return;
  const many = broken.length === 1 ? "a foreign key" : `${broken.length} foreign keys`;
  throw unfit(
    "source",
    `${many} would not hold on the target: copied rows refer to rows that are not copied`,
    {
      items: broken.map(
        ({ check, rows }) =>
          `${keyName(check)}: ${rows} ${rows === 1 ? "row" : "rows"}${maskNote(check)}`,
      ),
      advice: adviceFor(broken, includesReferred),
    },
  );
}

function adviceFor(broken: readonly Counted[], includesReferred: boolean): string {
  const masked = broken.some(({ check }) => check.masked.length > 0);
  const filtered = broken.some(({ check }) => check.filtered);
  const withoutRows = broken.some(({ check }) => check.withoutRows);
  const include = "copy the rows that are referred to as well, with --include-referenced, or";
  return [
    "nothing was changed",
    ...(filtered
      ? [
          `${includesReferred ? "" : `${include} `}choose fewer of the rows that refer to them, with --where`,
        ]
      : []),
    ...(withoutRows
      ? ["leave the rows out that refer to tables without rows, with --exclude-table-data"]
      : []),
    ...(masked ? ["mask the columns of a key on both sides by the same expression"] : []),
  ].join("; ");
}

function keyName({ key, table, referencedTable }: ForeignKeyCheck): string {
  return `${relationName(table)} ${displayName(key.name)}, to ${relationName(referencedTable)}`;
}

function maskNote({ masked }: ForeignKeyCheck): string {
  return masked.length === 0
    ? ""
    : ` (masked: ${masked.map((name) => displayName(name)).join(", ")})`;
}
