/** Whether two databases hold the same rows: `pgcopy compare data`. Reads only, on both ends. */

import { type CompareDataOptions, resolveDataOptions } from "./engine/compare-options.js";
import { connectCompared, holdBothSnapshots } from "./engine/compared-servers.js";
import { readComparedTables } from "./engine/compared-tables.js";
import { compareContents } from "./engine/data-comparison.js";
import { buildDataComparison, type DataComparison } from "./engine/data-comparison-report.js";
import { Run } from "./engine/run.js";
import { withPgCopyErrors } from "./errors.js";

/**
 * Compares the rows of two databases, their sequences and their large objects, each end in one
 * snapshot. Takes no lock but ACCESS SHARE.
 *
 * @returns what differs: a difference is no error here, see `same`.
 * @throws PgCopyError `usage`, `connection_failed`, `source_unfit`, `target_unfit`, `task_failed`,
 *   `interrupted`.
 */
export async function compareData(options: CompareDataOptions): Promise<DataComparison> {
  return await withPgCopyErrors(() => compareDatabases(options));
}

async function compareDatabases(options: CompareDataOptions): Promise<DataComparison> {
  const resolved = resolveDataOptions(options);
  const run = new Run(resolved.signal, resolved.observer);

  await using servers = await run.step("connect", () => connectCompared(resolved, run));
  const snapshots = await run.step("export the snapshots", () => holdBothSnapshots(servers, run));
  const pairing = await run.step("read both catalogs", () => readComparedTables(snapshots, run));
  const compared = await run.step("compare", () =>
    compareContents(pairing, { servers, snapshots, resolved, run }),
  );
  return buildDataComparison(pairing, compared, { servers, run });
}
