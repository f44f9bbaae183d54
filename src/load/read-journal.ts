/**
 * What the journal of a run says, to somebody who only looks, and who need not be the role that wrote it.
 *
 * Whoever may create a schema in the database could have made one of this name, with views in place of
 * tables whose functions would then run as us. So the tables are locked first, looked at, and read only if
 * they are ordinary ones.
 */

import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import { JOURNAL_SCHEMA } from "./journal.js";

export interface JournalFacts {
  /** The source without its password. */
  readonly source: string;
  readonly snapshot: string;
  readonly pgcopyVersion: string;
  readonly startedAt: Date;
  /** 1, and one more for each time that the run was resumed. */
  readonly attempt: number;
  readonly attemptStartedAt: Date;
  /** Since the attempt began, by the server's clock. */
  readonly elapsedMs: number;
  readonly tasksTotal: number;
  readonly tasksDone: number;
  /** Of the tasks that are done. */
  readonly rows: number;
  readonly bytes: number;
  readonly lastFinishedAt?: Date;
  /** The role that may go on with the run; absent where the journal is in a directory. */
  readonly owner?: string;
}

/**
 * `none`: there is no journal. `hidden`: there is one that this role may not read. `locked`: a run is
 * just making it or removing it. `foreign`: pgcopy has not made it. `elsewhere`: it is another target's.
 */
export type JournalReading =
  | { readonly state: "none" | "hidden" | "locked" | "foreign" | "elsewhere" }
  | { readonly state: "read"; readonly facts: JournalFacts };

const TABLES = ["run", "attempt", "task"];

/**
 * With a view, a policy, a child table or a type with casts of its own, reading would run functions of its
 * owner; with an expression in an index, statistics or a check, planning to read would, which folds constants.
 */
const tablesQuery = `
select c.relname::text as name, pg_catalog.pg_get_userbyid(c.relowner)::text as owner,
       c.relkind = 'r' and not c.relrowsecurity and not c.relhassubclass
       and not exists (select from pg_catalog.pg_attribute a
                       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.atttypid >= 16384)
       and not exists (select from pg_catalog.pg_index i
                       where i.indrelid = c.oid and (i.indexprs is not null or i.indpred is not null))
       and not exists (select from pg_catalog.pg_statistic_ext s where s.stxrelid = c.oid)
       and not exists (select from pg_catalog.pg_constraint k where k.conrelid = c.oid and k.contype = 'c') as ordinary
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = '${JOURNAL_SCHEMA}' and c.relname = any ($1)`;

interface TableRow extends Record<string, unknown> {
  readonly name: string;
  readonly owner: string;
  readonly ordinary: boolean;
}

const factsQuery = `
select r.source, a.snapshot, a.pgcopy_version as "pgcopyVersion", r.tasks as "tasksTotal",
       r.started_at as "startedAt", a.started_at as "attemptStartedAt", a.no as attempt,
       (extract(epoch from pg_catalog.clock_timestamp() - a.started_at) * 1000)::float8 as "elapsedMs", d.*
from only ${JOURNAL_SCHEMA}.run r,
     (select * from only ${JOURNAL_SCHEMA}.attempt order by no desc limit 1) a,
     (select count(*)::float8 as "tasksDone", coalesce(sum(t.rows), 0)::float8 as rows,
             coalesce(sum(t.bytes), 0)::float8 as bytes, max(t.finished_at) as "lastFinishedAt"
      from only ${JOURNAL_SCHEMA}.task t) d`;

interface FactsRow extends Record<string, unknown>, Omit<JournalFacts, "lastFinishedAt"> {
  readonly lastFinishedAt: Date | null;
}

/** The SQLSTATE of what keeps the journal from being read. */
const OBSTACLES: Readonly<Record<string, "none" | "hidden" | "locked">> = {
  "3F000": "none",
  "42P01": "none",
  "42501": "hidden",
  "55P03": "locked",
};

const attempted = "reading the journal";

/** Reads the journal of the session's database; a `lock_timeout` of the session bounds how long it waits. */
export async function readJournal(target: Connection): Promise<JournalReading> {
  const tables = await target.query<TableRow>(attempted, tablesQuery, [TABLES]);
  if (tables.length === 0) return { state: "none" };
  try {
    const names = tables.map(({ name }) => `${JOURNAL_SCHEMA}.${name}`).join(", ");
    await target.execute(attempted, `begin; lock table ${names} in access share mode`);
    return await readLocked(target);
  } catch (error) {
    const sqlstate = error instanceof PgCopyError ? error.server?.sqlstate : undefined;
    const state = OBSTACLES[sqlstate ?? ""];
    if (state === undefined) throw error;
    return { state };
  } finally {
    if (target.usable) await target.execute(attempted, "rollback").catch(() => {});
  }
}

async function readLocked(target: Connection): Promise<JournalReading> {
  const tables = await target.query<TableRow>(attempted, tablesQuery, [TABLES]);
  if (!tables.every(({ ordinary }) => ordinary)) return { state: "foreign" };
  const [row] = await target.query<FactsRow>(attempted, factsQuery);
  if (row === undefined) return { state: "none" };
  const { lastFinishedAt, ...facts } = row;
  const owner = tables.find(({ name }) => name === "run")?.owner ?? "";
  return {
    state: "read",
    facts: { ...facts, owner, ...(lastFinishedAt === null ? {} : { lastFinishedAt }) },
  };
}
