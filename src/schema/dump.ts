/**
 * The schema as pg_dump's script. pg_dump knows PostgreSQL's schema better than anything else
 * could, so it is used: one of this machine (find-pg-dump.ts, local-pg-dump.ts), else the bundled
 * one, which is pg_dump compiled to WebAssembly (bundled-pg-dump.ts). Both get the same arguments
 * and give the same script: plain, verbose (so that each entry is headed by its OIDs and
 * dependencies), and read inside the given snapshot.
 */

import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import { throwIfAborted } from "../run/abort.js";
import type { Environment } from "../run/environment.js";
import { BUNDLED_MAJOR, runBundledPgDump } from "./bundled-pg-dump.js";
import { type FoundPgDump, findPgDump, namedPgDump } from "./find-pg-dump.js";
import { runLocalPgDump } from "./local-pg-dump.js";

export interface DumpSchemaOptions {
  /** An exported snapshot that its holder keeps open until this is done. */
  readonly snapshotId: string;
  /** Path or name of a pg_dump, or `bundled`. Default: the newest local one that fits, else the bundled. */
  readonly pgDump?: string | undefined;
  /** Its PATH is searched for pg_dump. */
  readonly environment: Environment;
  readonly signal: AbortSignal;
  /** Leave out ALTER … OWNER. */
  readonly noOwner: boolean;
  /** Leave out GRANT, REVOKE and default privileges. */
  readonly noAcl: boolean;
  /** Leave out SECURITY LABEL. */
  readonly noSecurityLabels?: boolean;
  /** How long to wait for a lock on a table, in milliseconds; default: as long as it takes. */
  readonly lockWaitMs?: number;
  /** Leave out tablespaces. */
  readonly noTablespaces?: boolean;
  /** Names of schemas to leave out. */
  readonly excludeSchemas?: readonly string[];
  /** In which the server prints constants of type timestamptz. Default: the role's or server's own. */
  readonly timeZone?: string;
  /** Tables to leave out: pg_dump locks all others, for which the role must be able to read them. */
  readonly excludeTables?: readonly { readonly schema: string; readonly name: string }[];
}

export interface SchemaDump {
  /** As pg_dump wrote it; a recent local one puts its `\restrict` lines around it. */
  readonly script: string;
  readonly tool: {
    readonly kind: "local" | "bundled";
    /** Of the local one. */
    readonly path?: string;
    /** As it says itself: `15.18`. */
    readonly version: string;
    readonly major: number;
  };
}

/**
 * Dumps the schema of the database that `source` is connected to, over a session of its own.
 *
 * @throws PgCopyError `schema_dump_failed` if pg_dump is missing, too old, or fails, with its own
 * words; `connection_failed`; `interrupted`.
 */
export async function dumpSchema(
  source: Connection,
  options: DumpSchemaOptions,
): Promise<SchemaDump> {
  throwIfAborted(options.signal, "dump schema");
  const local = await choosePgDump(source, options);
  throwIfAborted(options.signal, "dump schema");
  const script =
    local === undefined
      ? await runBundledPgDump(source, {
          arguments: pgDumpArguments(options),
          signal: options.signal,
          ...(options.timeZone === undefined ? {} : { timeZone: options.timeZone }),
        })
      : await runLocalPgDump(source, {
          path: local.path,
          arguments: pgDumpArguments(options),
          environment: options.environment,
          signal: options.signal,
          ...(options.timeZone === undefined ? {} : { timeZone: options.timeZone }),
        });
  const version = /^-- Dumped by pg_dump version (\S+)/m.exec(script)?.[1] ?? "unknown";
  return {
    script,
    tool:
      local === undefined
        ? { kind: "bundled", version, major: BUNDLED_MAJOR }
        : { kind: "local", path: local.path, version, major: local.major },
  };
}

/**
 * One pg_dump for several servers, to be given as `pgDump` for each: two pg_dumps may print the same
 * schema in different words.
 *
 * @throws PgCopyError `schema_dump_failed` if there is none, or the named one is too old for one of them.
 */
export async function commonPgDump(
  servers: readonly Connection[],
  options: Pick<DumpSchemaOptions, "pgDump" | "environment" | "signal">,
): Promise<string> {
  const minimumMajors = servers.map(majorOf);
  const newest = servers[minimumMajors.indexOf(Math.max(...minimumMajors))] as Connection;
  const forTls = Math.max(...servers.map(oldestForTls));
  const local = await choosePgDump(newest, options, forTls);
  return local?.path ?? "bundled";
}

function majorOf({ serverVersion }: Connection): number {
  return Math.floor(serverVersion / 10_000);
}

/** The local pg_dump to use; undefined for the bundled one. */
async function choosePgDump(
  source: Connection,
  options: Pick<DumpSchemaOptions, "pgDump" | "environment" | "signal">,
  forTls = oldestForTls(source),
): Promise<FoundPgDump | undefined> {
  const { environment, signal } = options;
  const sourceMajor = majorOf(source);
  const named = options.pgDump || undefined;
  if (named !== undefined && named !== "bundled") {
    return await namedPgDump(named, { environment, signal, minimumMajor: sourceMajor });
  }
  const minimumMajor = Math.max(sourceMajor, forTls);
  const found =
    named === "bundled" ? undefined : await findPgDump({ environment, signal, minimumMajor });
  return found ?? bundledIfNewEnough(sourceMajor);
}

/** The first major version whose libpq connects with these TLS settings. */
function oldestForTls(source: Connection): number {
  const { tls } = source.endpoint;
  // libpq takes a key's password only on the command line, where everybody could read it.
  if (tls.keyPassword !== undefined) return Number.POSITIVE_INFINITY;
  if (tls.negotiation === "direct") return 17;
  return tls.rootCertificate === "system" ? 16 : 0;
}

function bundledIfNewEnough(sourceMajor: number): undefined {
  if (sourceMajor <= BUNDLED_MAJOR) return undefined;
  throw new PgCopyError(
    `the bundled pg_dump ${BUNDLED_MAJOR} can't dump a source of version ${sourceMajor}`,
    {
      code: "schema_dump_failed",
      side: "source",
      advice: `install PostgreSQL ${sourceMajor}'s client programs, or name its pg_dump (--pg-dump)`,
    },
  );
}

function pgDumpArguments(options: DumpSchemaOptions): string[] {
  return [
    "--format=plain",
    "--schema-only",
    "--verbose",
    `--snapshot=${options.snapshotId}`,
    "--encoding=UTF8",
    "--no-password",
    ...(options.lockWaitMs === undefined ? [] : [`--lock-wait-timeout=${options.lockWaitMs}`]),
    ...(options.noOwner ? ["--no-owner"] : []),
    ...(options.noAcl ? ["--no-acl"] : []),
    ...(options.noSecurityLabels ? ["--no-security-labels"] : []),
    ...(options.noTablespaces === true ? ["--no-tablespaces"] : []),
    ...(options.excludeSchemas ?? []).map((name) => `--exclude-schema=${exactPattern(name)}`),
    ...(options.excludeTables ?? []).map(
      ({ schema, name }) => `--exclude-table=${exactPattern(schema)}.${exactPattern(name)}`,
    ),
  ];
}

/** A name as a pattern that matches it alone: quoted, no character is special and case counts. */
function exactPattern(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
