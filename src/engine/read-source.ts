/** Everything that is read of the source before the copy: catalog, schema, key ranges. */

import type { Catalog } from "../catalog/catalog.js";
import { type DatabaseAttributes, readDatabaseAttributes } from "../catalog/database-attributes.js";
import { readCatalog } from "../catalog/read-catalog.js";
import { type KeyRange, readKeyBounds } from "../catalog/read-key-bounds.js";
import type { Roles } from "../catalog/roles.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import { type ChosenHook, type ExtensionHook, withHookedTables } from "../plan/extension-hooks.js";
import { extensionHooks } from "../plan/known-hooks.js";
import { splitMethod } from "../plan/parts.js";
import { withoutMaskedKeys } from "../plan/table-rows.js";
import type { RelationStatistics } from "../plan/task.js";
import type { SchemaScript } from "../plan/toc.js";
import { anySignal } from "../run/abort.js";
import type { SchemaDump } from "../schema/dump.js";
import { loadParser } from "../schema/parse-tree.js";
import type { HeldSnapshot } from "../snapshot/held-snapshot.js";
import { type FilteredCatalog, filterCatalog, filterSchema } from "./apply-filters.js";
import { explainBytes, refuseIncompleteSource } from "./check-source.js";
import { dumpSource } from "./dump-source.js";
import type { FilterReport } from "./filter-report.js";
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
  /** The planner's statistics, where they are to be copied. */
  readonly statistics?: readonly RelationStatistics[];
  /** OIDs of tables whose statistics are not those of what arrives: filters leave out some of what is below them. */
  readonly analyzeAnyway?: ReadonlySet<number>;
  /** What extensions want done around the copy. */
  readonly hooks: readonly ChosenHook[];
  /** With filters: what they leave out, and what came along. */
  readonly filters?: FilterReport;
}

export interface ReadingDetails {
  readonly lockWaitMs?: number;
  readonly hooks?: readonly ExtensionHook[];
}

/**
 * Reads the catalog and, at the same time over a session of its own, runs pg_dump. With filters, both
 * are then reduced to what remains.
 *
 * @param details how long pg_dump waits for a lock on a table, in milliseconds (default: as long as it
 *   takes), and what to do for which extensions (default: for those that pgcopy knows).
 * @throws PgCopyError `source_unfit` for tables that can't be read; `schema_dump_failed`; `usage` for
 *   a WHERE or mask that can't be used, or filters that match nothing.
 */
export async function readSource(
  snapshot: HeldSnapshot,
  options: ResolvedOptions,
  run: Run,
  { lockWaitMs, hooks = extensionHooks }: ReadingDetails = {},
): Promise<SourceContent> {
  const refused = new AbortController();
  const signal = anySignal(run.signal, refused.signal);
  const dumping = dumpSource(snapshot, options, signal, { lockWaitMs });
  const reading = readTheCatalog(snapshot, options, hooks)
    .then((read) => {
      if (isClosed(read.filtered)) refused.abort();
      return read;
    })
    .catch((error: unknown) => {
      refused.abort();
      throw error;
    });
  const [dumped, read] = await Promise.allSettled([dumping, reading]);
  // A table that can't be read fails both; the catalog's error names all of them.
  if (read.status === "rejected") throw explainBytes(read.reason);
  const { filtered, ...content } = read.value;
  if (filtered === undefined) {
    if (dumped.status === "rejected") throw explainBytes(dumped.reason);
    return { ...dumped.value, ...content };
  }
  if (dumped.status === "rejected" && !isClosed(filtered)) throw explainBytes(dumped.reason);
  const { schema, ...others } =
    dumped.status === "fulfilled"
      ? dumped.value
      : await dumpSource(snapshot, options, run.signal, {
          lockWaitMs,
          unreadable: filtered.unreadable,
        }).catch((error: unknown) => {
          throw explainBytes(error);
        });
  const remaining = await filterSchema(snapshot.connection, schema, filtered);
  return {
    ...content,
    ...others,
    schema: remaining,
    filters: filtered.report,
    analyzeAnyway: aboveLeftOut(filtered),
  };
}

/** The tables that remain above one that does not: their inherited statistics hold its values. */
function aboveLeftOut({ whole, catalog }: FilteredCatalog): Set<number> {
  const remaining = new Set(catalog.tables.map(({ oid }) => oid));
  const parents = new Map(whole.catalog.tables.map((table) => [table.oid, table.parents]));
  const above = new Set<number>();
  const visit = (oid: number): void => {
    for (const parent of parents.get(oid) ?? []) {
      if (above.has(parent)) continue;
      above.add(parent);
      visit(parent);
    }
  };
  for (const { oid } of whole.catalog.tables) if (!remaining.has(oid)) visit(oid);
  return above;
}

/** Whether pg_dump has to be told of tables that the role may not read, and that are left out. */
function isClosed(filtered: FilteredCatalog | undefined): boolean {
  return (
    filtered !== undefined &&
    filtered.unreadable.schemas.length + filtered.unreadable.tables.length > 0
  );
}

async function readTheCatalog(
  snapshot: HeldSnapshot,
  options: ResolvedOptions,
  known: readonly ExtensionHook[],
) {
  const roles = await readSourceRoles(snapshot.connection, options);
  const attributes = await readDatabaseAttributes(snapshot.connection);
  const everything = await readCatalog(snapshot.connection, {
    largeObjects: copiesLargeObjects(options),
  });
  const filtered =
    options.filters === undefined
      ? undefined
      : await filterCatalog(snapshot.connection, everything, options.filters);
  const remaining = filtered?.catalog ?? everything;
  const hooks = await chooseHooks(snapshot, remaining, known);
  const whole = withoutWhatIsSkipped(withHookedTables(remaining, hooks), options);
  refuseIncompleteSource(whole, snapshot.connection.endpoint.user);
  const withoutRows = filtered?.selection.emptyTables ?? new Set<number>();
  const rowSelection = await selectTableRows(snapshot.connection, whole, options, withoutRows);
  const catalog = withoutMaskedKeys(whole, rowSelection.tableRows);
  const { splitTablesLargerThan: split } = options;
  const limit = typeof split === "number" ? split : Number.POSITIVE_INFINITY;
  const byKey = catalog.tables.filter(
    (table) => table.bytes > limit && splitMethod(table, catalog.serverVersion) === "key",
  );
  const keyBounds = await readKeyBounds(snapshot.connection, byKey);
  return { catalog, attributes, roles, rowSelection, filtered, hooks, keyBounds };
}

/** Nobody can tell whose they are: they belong to no schema. pg_dump leaves them out as well where it dumps some tables. */
function copiesLargeObjects({ skipLargeObjects, filters }: ResolvedOptions): boolean {
  const included = [...(filters?.includeTables ?? []), ...(filters?.includeSchemas ?? [])];
  return !skipLargeObjects && included.length === 0;
}

/** Those whose extensions the source has, with what they ask of it. */
async function chooseHooks(
  { connection }: HeldSnapshot,
  { extensions }: Catalog,
  known: readonly ExtensionHook[],
): Promise<ChosenHook[]> {
  const chosen: ChosenHook[] = [];
  for (const hook of known) {
    const extension = extensions.find(({ name }) => name === hook.extension);
    if (extension === undefined) continue;
    const query = hook.sourceQuery?.(extension);
    const doing = `reading what extension ${extension.name} needs`;
    const rows = query === undefined ? [] : await connection.query(doing, query);
    chosen.push({ extension, ...hook.steps(extension, rows) });
  }
  return chosen;
}

function withoutWhatIsSkipped(catalog: Catalog, { skipExtensions }: ResolvedOptions): Catalog {
  return skipExtensions ? { ...catalog, extensionTables: [] } : catalog;
}
