/**
 * The planner's statistics as pg_dump's script. pg_dump can write them since version 18, of any
 * server that it can dump; where the pg_dump that wrote the schema is older, the bundled one is used.
 */

import type { Connection } from "../postgres/connection.js";
import { throwIfAborted } from "../run/abort.js";
import { BUNDLED_MAJOR, runBundledPgDump } from "./bundled-pg-dump.js";
import type { DumpSchemaOptions, SchemaDump } from "./dump.js";
import { runLocalPgDump } from "./local-pg-dump.js";

/** The first major version whose pg_dump has --statistics-only. */
const FIRST_MAJOR = BUNDLED_MAJOR;

/**
 * Dumps the statistics of the database that `source` is connected to, over a session of its own.
 *
 * @param schemaTool the pg_dump that wrote the schema.
 * @throws PgCopyError as `dumpSchema` does.
 */
export async function dumpStatistics(
  source: Connection,
  schemaTool: SchemaDump["tool"],
  options: Pick<DumpSchemaOptions, "snapshotId" | "environment" | "signal" | "excludeSchemas">,
): Promise<string> {
  const { signal, environment } = options;
  throwIfAborted(signal, "dump statistics");
  const args = [
    "--format=plain",
    "--statistics-only",
    `--snapshot=${options.snapshotId}`,
    "--encoding=UTF8",
    "--no-password",
    ...(options.excludeSchemas ?? []).map(
      (name) => `--exclude-schema="${name.replaceAll('"', '""')}"`,
    ),
  ];
  if (schemaTool.path === undefined || schemaTool.major < FIRST_MAJOR)
    return await runBundledPgDump(source, { arguments: args, signal });
  return await runLocalPgDump(source, {
    path: schemaTool.path,
    arguments: args,
    environment,
    signal,
  });
}
