/** Everything that is read of the source before the copy: catalog, schema, key ranges. */

import type { Catalog } from "../catalog/catalog.js";
import { readCatalog } from "../catalog/read-catalog.js";
import { type KeyRange, readKeyBounds } from "../catalog/read-key-bounds.js";
import { JOURNAL_SCHEMA } from "../load/journal.js";
import type { ResolvedOptions } from "../options.js";
import { withoutCollations } from "../plan/collations.js";
import { type ChosenHook, type ExtensionHook, withHookedTables } from "../plan/extension-hooks.js";
import { extensionHooks } from "../plan/known-hooks.js";
import { splitMethod } from "../plan/parts.js";
import type { RelationStatistics } from "../plan/task.js";
import type { SchemaScript } from "../plan/toc.js";
import { anySignal } from "../run/abort.js";
import { dumpSchema, type SchemaDump } from "../schema/dump.js";
import { dumpStatistics } from "../schema/dump-statistics.js";
import { loadParser } from "../schema/parse-tree.js";
import { splitScript } from "../schema/split-script.js";
import { splitStatistics } from "../schema/split-statistics.js";
import type { HeldSnapshot } from "../snapshot/held-snapshot.js";
import { explainBytes, refuseIncompleteSource } from "./check-source.js";
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
  readonly pgDump: SchemaDump["tool"];
  /** The planner's statistics, where they are to be copied. */
  readonly statistics?: readonly RelationStatistics[];
  /** What extensions want done around the copy. */
  readonly hooks: readonly ChosenHook[];
}

/**
 * Reads the catalog and, at the same time over a session of its own, runs pg_dump.
 *
 * @param hooks what to do for which extensions; default: for those that pgcopy knows.
 * @throws PgCopyError `source_unfit` for tables that can't be read; `schema_dump_failed`.
 */
export async function readSource(
  snapshot: HeldSnapshot,
  options: ResolvedOptions,
  run: Run,
  hooks: readonly ExtensionHook[] = extensionHooks,
): Promise<SourceContent> {
  const refused = new AbortController();
  const dumping = dump(snapshot, options, anySignal(run.signal, refused.signal));
  const reading = readTheCatalog(snapshot, options, hooks).catch((error: unknown) => {
    refused.abort();
    throw error;
  });
  const [dumped, read] = await Promise.allSettled([dumping, reading]);
  // A table that can't be read fails both; the catalog's error names all of them.
  if (read.status === "rejected") throw explainBytes(read.reason);
  if (dumped.status === "rejected") throw explainBytes(dumped.reason);
  return { ...dumped.value, ...read.value };
}

async function readTheCatalog(
  snapshot: HeldSnapshot,
  options: ResolvedOptions,
  known: readonly ExtensionHook[],
) {
  const whole = await readCatalog(snapshot.connection);
  const hooks = await chooseHooks(snapshot, whole, known);
  const catalog = withoutWhatIsSkipped(withHookedTables(whole, hooks), options);
  refuseIncompleteSource(catalog);
  const limit = options.splitTablesLargerThan ?? Number.POSITIVE_INFINITY;
  const byKey = catalog.tables.filter(
    (table) => table.bytes > limit && splitMethod(table, catalog.serverVersion) === "key",
  );
  return { catalog, hooks, keyBounds: await readKeyBounds(snapshot.connection, byKey) };
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

function withoutWhatIsSkipped(
  catalog: Catalog,
  { skipExtensions, noTablespaces }: ResolvedOptions,
): Catalog {
  const database = noTablespaces
    ? { ...catalog.database, tablespace: undefined }
    : catalog.database;
  return { ...catalog, database, ...(skipExtensions ? { extensionTables: [] } : {}) };
}

async function dump(snapshot: HeldSnapshot, options: ResolvedOptions, signal: AbortSignal) {
  const dumpOptions = {
    snapshotId: snapshot.id,
    pgDump: options.pgDump,
    environment: options.environment,
    signal,
    noOwner: options.noOwner,
    noAcl: options.noAcl,
    noTablespaces: options.noTablespaces,
    excludeSchemas: [JOURNAL_SCHEMA],
  };
  const { script, tool } = await dumpSchema(snapshot.connection, dumpOptions);
  const whole = await splitScript(script);
  const schema = options.skipCollations ? withoutCollations(whole) : whole;
  if (options.statistics !== "copy") return { schema, pgDump: tool };
  // After the schema's, so that the source needs no further session.
  const statistics = await dumpStatistics(snapshot.connection, tool, dumpOptions);
  return { schema, pgDump: tool, statistics: splitStatistics(statistics) };
}
