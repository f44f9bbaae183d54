/** The source's schema, by pg_dump, inside the snapshot. */

import { JOURNAL_SCHEMA } from "../load/journal.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import { withoutCollations } from "../plan/collations.js";
import { dumpSchema } from "../schema/dump.js";
import { dumpStatistics } from "../schema/dump-statistics.js";
import { splitScript } from "../schema/split-script.js";
import { splitStatistics } from "../schema/split-statistics.js";
import type { HeldSnapshot } from "../snapshot/held-snapshot.js";
import type { FilteredCatalog } from "./apply-filters.js";
import type { SourceContent } from "./read-source.js";

export interface DumpDetails {
  /** How long pg_dump waits for a lock on a table, in milliseconds; default: as long as it takes. */
  readonly lockWaitMs?: number | undefined;
  /** What the role may not read, and filters leave out: pg_dump is told not to look at it. */
  readonly unreadable?: FilteredCatalog["unreadable"];
}

/**
 * The schema, and the planner's statistics if they are to be copied.
 *
 * @throws PgCopyError `schema_dump_failed`.
 */
export async function dumpSource(
  snapshot: HeldSnapshot,
  options: ResolvedOptions,
  signal: AbortSignal,
  { lockWaitMs, unreadable }: DumpDetails = {},
): Promise<Pick<SourceContent, "schema" | "pgDump" | "statistics">> {
  const dumpOptions = {
    snapshotId: snapshot.id,
    pgDump: options.pgDump,
    environment: options.environment,
    signal,
    noOwner: options.noOwner,
    noAcl: options.noAcl,
    noSecurityLabels: options.noSecurityLabels,
    noTablespaces: options.noTablespaces,
    excludeSchemas: [JOURNAL_SCHEMA, ...(unreadable?.schemas ?? [])],
    excludeTables: unreadable?.tables ?? [],
    ...(lockWaitMs === undefined ? {} : { lockWaitMs }),
  };
  const { script, tool } = await dumpSchema(snapshot.connection, dumpOptions);
  const whole = await splitScript(script);
  const schema = options.skipCollations ? withoutCollations(whole) : whole;
  if (options.statistics !== "copy") return { schema, pgDump: tool };
  // After the schema's, so that the source needs no further session.
  const statistics = await dumpStatistics(snapshot.connection, tool, dumpOptions);
  return { schema, pgDump: tool, statistics: splitStatistics(statistics) };
}
