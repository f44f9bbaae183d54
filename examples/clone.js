/**
 * Copies a database, compares what arrived, and says how long it took.
 *
 *     node examples/clone.js
 *     PGCOPY_SOURCE=postgres://old/shop PGCOPY_TARGET=postgres://new/shop node examples/clone.js
 */

import { clone, PgCopyError } from "pgcopy";
import { withTwoServers } from "./two-servers.js";

await withTwoServers(async ({ source, target }) => {
  try {
    const report = await clone({ source, target, jobs: 4, verify: "checksum" });
    const { rows, tables, indexes, durationMs, verification } = report;
    console.log(`${rows} rows of ${tables.length} tables are copied`);
    console.log(`${indexes.length} indexes are built, all in ${durationMs} ms`);
    console.log(`${verification.tables} tables compared, ${verification.mismatches.length} differ`);
  } catch (error) {
    if (!(error instanceof PgCopyError)) throw error;
    console.error(`${error.code}: ${error.message}`, error.items, error.advice ?? "");
    process.exitCode = 1;
  }
});
