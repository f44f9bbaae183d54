/** Whether two databases have the same schema: `pgcopy compare schema`. Reads only, on both ends. */

import { type CompareSchemaOptions, resolveSchemaOptions } from "./engine/compare-options.js";
import { connectCompared, holdBothSnapshots } from "./engine/compared-servers.js";
import { prepareParser } from "./engine/read-source.js";
import { Run } from "./engine/run.js";
import {
  compareSchemas,
  readBothSchemas,
  type SchemaComparison,
} from "./engine/schema-comparison.js";
import { withPgCopyErrors } from "./errors.js";

/**
 * Compares the schemas of two databases, as one and the same pg_dump prints them, and what it leaves
 * out: versions of extensions, and disabled triggers of foreign keys.
 *
 * @returns what differs: a difference is no error here, see `same`.
 * @throws PgCopyError `usage`, `connection_failed`, `source_unfit`, `target_unfit`,
 *   `schema_dump_failed`, `task_failed`, `interrupted`.
 */
export async function compareSchema(options: CompareSchemaOptions): Promise<SchemaComparison> {
  return await withPgCopyErrors(() => compareDatabases(options));
}

async function compareDatabases(options: CompareSchemaOptions): Promise<SchemaComparison> {
  const resolved = resolveSchemaOptions(options);
  const run = new Run(resolved.signal, resolved.observer);
  prepareParser();

  await using servers = await run.step("connect", () => connectCompared(resolved, run));
  const snapshots = await run.step("export the snapshots", () => holdBothSnapshots(servers, run));
  const schemas = await run.step("read both schemas", () =>
    readBothSchemas(servers, snapshots, { resolved, run }),
  );
  return await run.step("compare", () => compareSchemas(schemas, servers, { resolved, run }));
}
