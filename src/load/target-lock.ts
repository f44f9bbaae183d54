/**
 * One run at a time in a target database: a run holds an advisory lock on it for as long as its
 * control session lives, so that the lock tells whether the run of a journal is alive, and who it is.
 */

import { describeEndpoint } from "../endpoint/endpoint.js";
import { PgCopyError } from "../errors.js";
import { formatMoment } from "../formatting.js";
import type { Connection } from "../postgres/connection.js";
import { readJournal } from "./read-journal.js";

/** "pgcopy" in ASCII: the key of the advisory lock that a run holds on its target database. */
const RUN_LOCK = "123589352190073";

/** The session that holds a target's lock. What this role may not see of it is absent. */
export interface LockHolder {
  /** Of the server process; 0 where the lock belongs to a prepared transaction. */
  readonly pid: number;
  readonly role?: string;
  readonly application?: string;
  /** The client's address; absent also where it came over a unix socket. */
  readonly address?: string;
  readonly connectedAt?: Date;
}

const holderQuery = `
select coalesce(l.pid, 0) as pid, a.usename::text as role, nullif(a.application_name, '') as application,
       pg_catalog.host(a.client_addr) as address,
       extract(epoch from a.backend_start)::float8 * 1000 as "connectedMs"
from pg_catalog.pg_locks l
left join pg_catalog.pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.granted and l.objsubid = 1
  and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  and (l.classid::bigint << 32) + l.objid::bigint = ${RUN_LOCK}`;

interface HolderRow extends Record<string, unknown> {
  readonly pid: number;
  readonly role: string | null;
  readonly application: string | null;
  readonly address: string | null;
  readonly connectedMs: number | null;
}

/** Who has the target's lock, without taking it; undefined: nobody, so no run is alive. */
export async function findLockHolder(target: Connection): Promise<LockHolder | undefined> {
  const [row] = await target.query<HolderRow>("looking for another run", holderQuery);
  if (row === undefined) return undefined;
  const { pid, role, application, address, connectedMs } = row;
  return {
    pid,
    ...(role === null ? {} : { role }),
    ...(application === null ? {} : { application }),
    ...(address === null ? {} : { address }),
    ...(connectedMs === null ? {} : { connectedAt: new Date(connectedMs) }),
  };
}

/**
 * Takes the target for this run; the lock goes with the session.
 *
 * @throws PgCopyError `target_unfit` when another run has it, saying who that is.
 */
export async function lockTarget(target: Connection): Promise<void> {
  const [row] = await target.query<{ locked: boolean }>(
    "locking the target",
    `select pg_catalog.pg_try_advisory_lock(${RUN_LOCK}) as locked`,
  );
  if (row?.locked !== true) throw await targetTaken(target, await findLockHolder(target));
}

/**
 * Looks whether another run has the target, without taking it.
 *
 * @throws PgCopyError as `lockTarget`.
 */
export async function refuseOtherRun(target: Connection): Promise<void> {
  const holder = await findLockHolder(target);
  if (holder !== undefined) throw await targetTaken(target, holder);
}

/** @param holder undefined: it ended in this very moment. */
async function targetTaken(
  target: Connection,
  holder: LockHolder | undefined,
): Promise<PgCopyError> {
  const source = holder === undefined ? undefined : await sourceOf(holder, target);
  return new PgCopyError("another pgcopy run is copying into the target", {
    code: "target_unfit",
    side: "target",
    items: [
      ...(holder === undefined ? [] : [describeHolder(holder)]),
      ...(source === undefined ? [] : [`it copies ${source}`]),
    ],
    advice: `wait until it has ended, or watch it: pgcopy progress ${describeEndpoint(target.endpoint)}`,
  });
}

/** `process 4711, role nora, from 10.0.0.5, pgcopy control, connected since 2026-11-20 16:55:03 UTC`. */
export function describeHolder(holder: LockHolder): string {
  const { pid, role, application, address, connectedAt } = holder;
  return [
    `process ${pid}`,
    ...(role === undefined ? [] : [`role ${role}`]),
    ...(address === undefined ? [] : [`from ${address}`]),
    ...(application === undefined ? [] : [application]),
    ...(connectedAt === undefined ? [] : [`connected since ${formatMoment(connectedAt)}`]),
  ].join(", ");
}

/**
 * From the journal; undefined if there is none yet, or this role may not read it. One that is older than the
 * session is of an earlier run, which this one is about to replace.
 */
async function sourceOf(
  { connectedAt }: LockHolder,
  target: Connection,
): Promise<string | undefined> {
  const journal = await readJournal(target);
  if (journal.state !== "read") return undefined;
  const { source, attemptStartedAt } = journal.facts;
  return attemptStartedAt.getTime() >= (connectedAt?.getTime() ?? 0) ? source : undefined;
}
