/** Everything that is read of the source before the copy: catalog, schema, key ranges. */

import type { Catalog } from "../catalog/catalog.js";
import { type DatabaseAttributes, readDatabaseAttributes } from "../catalog/database-attributes.js";
import { readCatalog } from "../catalog/read-catalog.js";
import { type KeyRange, readKeyBounds } from "../catalog/read-key-bounds.js";
import type { Roles } from "../catalog/roles.js";
import { JOURNAL_SCHEMA } from "../load/journal.js";
import type { ResolvedOptions } from "../options.js";
import { splitMethod } from "../plan/parts.js";
import { withoutMaskedKeys } from "../plan/table-rows.js";
import type { SchemaScript } from "../plan/toc.js";
import { anySignal } from "../run/abort.js";
import { dumpSchema, type SchemaDump } from "../schema/dump.js";
import { loadParser } from "../schema/parse-tree.js";
import { splitScript } from "../schema/split-script.js";
import type { HeldSnapshot } from "../snapshot/held-snapshot.js";
import { explainBytes, refuseIncompleteSource } from "./check-source.js";
import { readSourceRoles } from "./prepare-roles.js";
import { type RowSelection, selectTableRows } from "./row-rules.js";
import type { Run } from "./run.js";

/**
 * Loads the SQL parser, 2 MB of WebAssembly, while the servers are being connected to. If that
 * fails, the one who needs the parser finds out.
 */
export function prepareParser(): void {
  loadParser().catch(() => {});
}

export interface SourceContent {
  readonly catalog: Catalog;
  readonly schema: SchemaScript;
  readonly keyBounds: ReadonlyMap<number, KeyRange>;
  readonly rowSelection: RowSelection;
  readonly pgDump: SchemaDump["tool"];
  /** What the source database is beside its content. */
  readonly attributes: DatabaseAttributes;
  /** With `roles`: those of the source's cluster. */
  readonly roles: Roles | undefined;
}

/**
 * Reads the catalog and, at the same time over a session of its own, runs pg_dump.
 *
 * @param lockWaitMs how long pg_dump waits for a lock on a table; default: as long as it takes.
 * @throws PgCopyError `source_unfit` for tables that can't be read; `schema_dump_failed`; `usage` for
 *   a WHERE or mask that can't be used.
 */
export async function readSource(
  snapshot: HeldSnapshot,
  options: ResolvedOptions,
  run: Run,
  lockWaitMs?: number,
): Promise<SourceContent> {
  const refused = new AbortController();
  const dumping = dump(snapshot, options, anySignal(run.signal, refused.signal), lockWaitMs);
  const reading = readTheCatalog(snapshot, options).catch((error: unknown) => {
    refused.abort();
    throw error;
  });
  const [dumped, read] = await Promise.allSettled([dumping, reading]);
  // A table that can't be read fails both; the catalog's error names all of them.
  if (read.status === "rejected") throw explainBytes(read.reason);
  if (dumped.status === "rejected") throw explainBytes(dumped.reason);
  return { ...dumped.value, ...read.value };
}

async function readTheCatalog(snapshot: HeldSnapshot, options: ResolvedOptions) {
  const roles = await readSourceRoles(snapshot.connection, options);
  const attributes = await readDatabaseAttributes(snapshot.connection);
  const whole = await readCatalog(snapshot.connection, {
    largeObjects: !options.skipLargeObjects,
  });
  refuseIncompleteSource(whole, snapshot.connection.endpoint.user);
  const rowSelection = await selectTableRows(snapshot.connection, whole, options, new Set());
  const catalog = withoutMaskedKeys(whole, rowSelection.tableRows);
  const limit = options.splitTablesLargerThan ?? Number.POSITIVE_INFINITY;
  const byKey = catalog.tables.filter(
    (table) => table.bytes > limit && splitMethod(table, catalog.serverVersion) === "key",
  );
  const keyBounds = await readKeyBounds(snapshot.connection, byKey);
  return { catalog, attributes, roles, rowSelection, keyBounds };
}

async function dump(
  snapshot: HeldSnapshot,
  options: ResolvedOptions,
  signal: AbortSignal,
  lockWaitMs: number | undefined,
) {
  const { script, tool } = await dumpSchema(snapshot.connection, {
    snapshotId: snapshot.id,
    pgDump: options.pgDump,
    environment: options.environment,
    signal,
    noOwner: options.noOwner,
    noAcl: options.noAcl,
    noSecurityLabels: options.noSecurityLabels,
    excludeSchemas: [JOURNAL_SCHEMA],
    ...(lockWaitMs === undefined ? {} : { lockWaitMs }),
  });
  return { schema: await splitScript(script), pgDump: tool };
}
