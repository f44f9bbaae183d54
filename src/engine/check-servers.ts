/** What must be true of the two servers, looked at before anything is read or changed. */

import { realpath } from "node:fs/promises";
import type { Endpoint } from "../endpoint/endpoint.js";
import { PgCopyError, type PgCopyErrorFields, type Side } from "../errors.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { Connection } from "../postgres/connection.js";

const OLDEST = 120_000;
/** The next major version: pg_dump, the parser and the binary formats are known up to here. */
const TOO_NEW = 190_000;

export interface ServerFacts extends Record<string, unknown> {
  /** When the server was started, in seconds since 1970: tells one server from another. */
  readonly started: string;
  readonly database: string;
  readonly role: string;
  readonly inRecovery: boolean;
  readonly readOnly: boolean;
  readonly backendPid: number;
  /** Connections left: to everybody, to the role, in the database; very many where nothing limits them. */
  readonly freeOnServer: number;
  readonly freeForRole: number;
  readonly freeInDatabase: number;
  /** What these are left of; -1 where nothing limits the role or the database. */
  readonly serverLimit: number;
  readonly roleLimit: number;
  readonly databaseLimit: number;
}

/** Neither the role's nor the database's limit holds for a superuser. */
const factsQuery = `
select extract(epoch from pg_catalog.pg_postmaster_start_time())::text as started,
       pg_catalog.current_database()::text as database, r.rolname::text as role,
       pg_catalog.pg_is_in_recovery() as "inRecovery",
       (select s.reset_val from pg_catalog.pg_settings s where s.name = 'default_transaction_read_only') = 'on' as "readOnly", pg_catalog.pg_backend_pid() as "backendPid",
       current_setting('max_connections')::int as "serverLimit",
       r.rolconnlimit as "roleLimit", d.datconnlimit as "databaseLimit",
       (current_setting('max_connections')::int - case when r.rolsuper then 0 else
          current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true), '0')::int end
          - (select coalesce(sum(numbackends), 0) from pg_catalog.pg_stat_database))::int as "freeOnServer",
       (case when r.rolconnlimit < 0 or r.rolsuper then 1000000 else r.rolconnlimit
          - (select count(*) from pg_catalog.pg_stat_activity a where a.usesysid = r.oid) end)::int as "freeForRole",
       (case when d.datconnlimit < 0 or r.rolsuper then 1000000 else d.datconnlimit
          - (select numbackends from pg_catalog.pg_stat_database s where s.datid = d.oid) end)::int as "freeInDatabase"
from pg_catalog.pg_database d, pg_catalog.pg_roles r
where d.datname = pg_catalog.current_database() and r.rolname = current_user`;

/**
 * Refuses servers that a clone can't work with.
 *
 * @param probe opens a further session on the same side, to tell a pooler from a server.
 * @param does what will be done with it: a comparison only reads; a run that is gone on with may have made
 *   the database read-only already.
 * @returns what else is good to know of the server.
 * @throws PgCopyError `source_unfit` or `target_unfit`.
 */
export async function checkServer(
  connection: Connection,
  probe: () => Promise<Connection>,
  does: "reads" | "writes" | "resumes" = "writes",
): Promise<ServerFacts> {
  refuseUnknownVersion(connection);
  const facts = await readServerFacts(connection);
  await refuseTransactionPooler(connection, facts, probe);
  if (does !== "reads")
    refuseReadOnly(connection.side, does === "resumes" ? { ...facts, readOnly: false } : facts);
  return facts;
}

export function refuseUnknownVersion({ side, serverVersion }: Connection): void {
  if (serverVersion >= OLDEST && serverVersion < TOO_NEW) return;
  throw unfit(
    side,
    `the ${side} is PostgreSQL ${versionName(serverVersion)}; pgcopy copies between 12 and 18`,
    {
      advice:
        serverVersion < OLDEST
          ? "upgrade it, or use pg_dump"
          : "look for a newer release of pgcopy",
    },
  );
}

export async function readServerFacts(connection: Connection): Promise<ServerFacts> {
  const { side } = connection;
  const [facts] = await connection.query<ServerFacts>(`looking at the ${side}`, factsQuery);
  if (facts === undefined) throw unfit(side, `the ${side} doesn't know its own database`, {});
  return facts;
}

/** A source may be a standby, or read-only: pgcopy writes nothing to it. */
export function refuseReadOnly(side: Side, facts: ServerFacts): void {
  if (side === "target" && facts.inRecovery) {
    throw unfit(side, "the target is a standby (in recovery): nothing can be written to it", {
      advice: "give its primary as the target, or promote it",
    });
  }
  if (side === "target" && facts.readOnly) {
    throw unfit(
      side,
      "the target is read-only for this role or database (default_transaction_read_only)",
      {
        advice: "nothing was changed; if it is the right one, alter the database or the role first",
      },
    );
  }
}

/**
 * What is no error, as what the target doesn't know may not be used: a target that is older than its
 * source.
 */
export function olderTarget(source: Connection, target: Connection): string | undefined {
  const major = source.serverVersion - (source.serverVersion % 10_000);
  if (target.serverVersion >= major) return undefined;
  return `the target (PostgreSQL ${versionName(target.serverVersion)}) is older than the source (${versionName(source.serverVersion)}): what it doesn't know will fail`;
}

/** Two names for one database: a clone onto itself would drop what it reads. */
export function refuseSameDatabase(source: ServerFacts, target: ServerFacts): void {
  if (source.started !== target.started || source.database !== target.database) return;
  throw unfit(
    "target",
    `source and target are the same database, ${source.database}, on the same server`,
    {
      advice: "give another database as the target",
    },
  );
}

/** Only one server can run on a directory, so two databases of one are out of reach this way, too. */
export async function refuseSameDirectory(source: Endpoint, target: Endpoint): Promise<void> {
  if (source.kind !== "pgdata" || target.kind !== "pgdata") return;
  const [one, other] = await Promise.all(
    [source, target].map(({ directory }) => realpath(directory).catch(() => directory)),
  );
  if (one !== other) return;
  throw unfit("target", `source and target are the same data directory, ${target.directory}`, {
    advice:
      "start a server on it and give both databases as postgres:// URIs, or give another directory as the target",
  });
}

/** The functions that take statistics came with PostgreSQL 18. */
export function refuseStatisticsCopy(
  target: Connection,
  { statistics }: Pick<ResolvedOptions, "statistics">,
): void {
  if (statistics !== "copy" || target.serverVersion >= 180_000) return;
  throw unfit(
    "target",
    `statistics can be copied to PostgreSQL 18 or newer; the target is ${versionName(target.serverVersion)}`,
    { advice: "nothing was changed; let ANALYZE gather them: --statistics analyze" },
  );
}

/**
 * A pooler shows process ids of its own. That alone does no harm; but one that pools transactions
 * hands a server session that we think is ours to somebody else between two transactions. So ask:
 * does a second session, in a transaction, get the server process that the first one just had?
 */
export async function refuseTransactionPooler(
  first: Connection,
  facts: ServerFacts,
  probe: () => Promise<Connection>,
): Promise<void> {
  if (facts.backendPid === first.processId) return;
  const before = await serverProcess(first);
  await using second = await probe();
  const asking = "looking for a pooler";
  const began = await second.execute(asking, "begin").then(
    () => true,
    () => false, // a pool of statements doesn't allow it
  );
  const shared = !began || (await serverProcess(second)) === before;
  if (second.usable) await second.execute(asking, "rollback").catch(() => {});
  if (!shared && (await serverProcess(first)) === before) return;
  const { side } = first;
  throw unfit(
    side,
    `the ${side} is reached through a transaction pooler, which can't hold a snapshot or a session's settings`,
    {
      advice: "give a direct connection to the server, or one through a session pool",
    },
  );
}

async function serverProcess(connection: Connection): Promise<number | undefined> {
  const [row] = await connection.query<{ pid: number }>(
    "looking for a pooler",
    "select pg_catalog.pg_backend_pid() as pid",
  );
  return row?.pid;
}

/** The error for a server that can't be used as that side. */
export function unfit(
  side: Side,
  message: string,
  fields: Pick<PgCopyErrorFields, "advice" | "items" | "statements">,
): PgCopyError {
  return new PgCopyError(message, {
    code: side === "source" ? "source_unfit" : "target_unfit",
    side,
    ...fields,
  });
}

/** 150004 → `15.4`. */
export function versionName(serverVersion: number): string {
  return `${Math.floor(serverVersion / 10_000)}.${serverVersion % 10_000}`;
}
