/**
 * The journal: which tasks are done, kept in the target and committed with what it speaks of, so
 * that it is true after any crash: nothing that it names is missing, and what it doesn't name was
 * rolled back. It goes when the clone has succeeded.
 */

import type { Connection } from "../postgres/connection.js";
import { quoteLiteral } from "../postgres/quote.js";

/** The schema's name; it is never copied from a source. */
export const JOURNAL_SCHEMA = "pgcopy_journal";

export const createJournalSchema = `
create schema ${JOURNAL_SCHEMA};
comment on schema ${JOURNAL_SCHEMA} is 'journal of an unfinished pgcopy run';
create table ${JOURNAL_SCHEMA}.run (
  started_at timestamptz not null default pg_catalog.clock_timestamp(),
  source text not null,
  source_identity text not null,
  pgcopy_version text not null,
  format int not null,
  tasks int not null,
  salt text,
  report json
);
create table ${JOURNAL_SCHEMA}.attempt (
  no int primary key generated always as identity,
  started_at timestamptz not null default pg_catalog.clock_timestamp(),
  snapshot text not null,
  snapshot_identity text not null,
  pgcopy_version text not null
);
create table ${JOURNAL_SCHEMA}.plan (
  piece int primary key,
  data bytea not null
);
create table ${JOURNAL_SCHEMA}.task (
  id text primary key,
  kind text not null,
  label text not null,
  rows bigint not null,
  bytes bigint not null,
  duration_ms int not null,
  detail json,
  finished_at timestamptz not null default pg_catalog.clock_timestamp()
);
create table ${JOURNAL_SCHEMA}.progress (
  id text primary key,
  steps int not null
);`;

export interface FinishedTask {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly rows: number;
  readonly bytes: number;
  readonly durationMs: number;
  /** What the report wants to know beside; plain data. */
  readonly detail?: unknown;
}

/** Whether an unfinished run left its journal here. */
export async function findJournal(target: Connection): Promise<boolean> {
  const rows = await target.query(
    "looking for a journal",
    "select from pg_catalog.pg_namespace where nspname = $1",
    [JOURNAL_SCHEMA],
  );
  return rows.length > 0;
}

/** The statement that records a task; it belongs into the transaction that did the task's work. */
export function recordStatement(task: FinishedTask): string {
  const text = [task.id, task.kind, task.label].map(quoteLiteral).join(", ");
  const detail = task.detail === undefined ? "null" : quoteLiteral(JSON.stringify(task.detail));
  return `insert into ${JOURNAL_SCHEMA}.task (id, kind, label, rows, bytes, duration_ms, detail) values (${text}, ${task.rows}, ${task.bytes}, ${Math.round(task.durationMs)}, ${detail})`;
}

/** The statement that says how many steps of a task are done that needs several transactions. */
export function stepsStatement(id: string, steps: number): string {
  return `insert into ${JOURNAL_SCHEMA}.progress (id, steps) values (${quoteLiteral(id)}, ${steps}) on conflict (id) do update set steps = excluded.steps`;
}

/** The statement that removes the journal, if there is one. */
export function dropJournalStatement(): string {
  return `drop schema if exists ${JOURNAL_SCHEMA} cascade`;
}
