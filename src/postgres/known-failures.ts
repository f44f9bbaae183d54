/**
 * What a server's error asks for, by its SQLSTATE, the side it came from and what was attempted. The first
 * that fits counts. docs/faults.md prints this list (`npm run docs`).
 *
 * Messages may be in any language (lc_messages is a superuser's), so the words looked at are those that
 * no language translates, such as names of parameters, unless there are none.
 */

import type { FailureReason, ServerReport, Side } from "../errors.js";
import { lostSessions } from "./known-session-failures.js";

/** A server's error, and where it came from. */
export interface Failure {
  readonly report: ServerReport;
  readonly side: Side;
  readonly attempted: string;
}

export interface KnownFailure {
  readonly reason: FailureReason;
  /** Whole ones, or the two characters of a class. */
  readonly sqlstates: readonly string[];
  /** Absent: either. */
  readonly side?: Side;
  /** Absent: whatever the SQLSTATE is about. */
  readonly fits?: (failure: Failure) => boolean;
  /** What `fits` looks for, and what has happened, for the documentation. */
  readonly when: string;
  readonly advice: string;
}

const isIndex = ({ attempted }: Failure) =>
  /^(CREATE (UNIQUE )?INDEX|ADD (PRIMARY KEY|UNIQUE|CONSTRAINT|EXCLUDE))/.test(attempted);
const isForeignKey = ({ attempted }: Failure) => attempted.startsWith("ADD FOREIGN KEY");
const isCopy = ({ attempted }: Failure) => attempted.startsWith("COPY ");
/** A function of the user's would be named there: then it is that function which lacks something. */
const isOwn = ({ report }: Failure) => !/function/.test(report.where ?? "");
const says =
  (words: RegExp) =>
  ({ report }: Failure) =>
    words.test(`${report.message} ${report.detail ?? ""} ${report.hint ?? ""}`);

const resources: readonly KnownFailure[] = [
  {
    reason: "disk_full",
    sqlstates: ["53100"],
    side: "target",
    fits: isIndex,
    when: "a disk of the target is full while an index is built",
    advice:
      "free space on the target: the index's tablespace, and where its sort spills to (temp_tablespaces, else the database's); fewer index jobs sort less at a time",
  },
  {
    reason: "disk_full",
    sqlstates: ["53100"],
    side: "target",
    when: "a disk of the target is full",
    advice:
      "free space on the target's disks: the data directory, its tablespaces, and pg_wal (a replication slot or archive_command that lags keeps WAL)",
  },
  {
    reason: "disk_full",
    sqlstates: ["53100"],
    side: "source",
    when: "a disk of the source is full: a sort or hash of --where, --mask or --verify spills to it",
    advice: "free space on the source's disk for temporary files (temp_tablespaces)",
  },
  {
    reason: "limit_exceeded",
    sqlstates: ["53400"],
    when: "a configured limit is exceeded, such as `temp_file_limit`",
    advice:
      "raise the limit that the message names for the role: alter role … set temp_file_limit = -1 (as a superuser)",
  },
  {
    reason: "out_of_locks",
    sqlstates: ["53200"],
    fits: says(/max_(pred_)?locks_per_transaction/),
    when: "the server's lock table is full",
    advice:
      "raise max_locks_per_transaction there (which needs a restart), end other sessions that hold many locks, or ask for fewer jobs",
  },
  {
    reason: "out_of_memory",
    sqlstates: ["53200"],
    when: "the server has no memory left",
    advice:
      "ask for fewer jobs and a smaller --maintenance-work-mem, or the server more memory; its log says who used how much",
  },
  {
    reason: "out_of_connections",
    sqlstates: ["53300"],
    when: "no connection is free: of the server, the role or the database; what is left is reserved for superusers",
    advice:
      "ask for fewer jobs, end sessions that are not needed, or raise max_connections, or the role's or database's connection limit",
  },
  {
    reason: "storage_failed",
    sqlstates: ["58030", "58P01", "XX001", "XX002"],
    when: "reading or writing the disk failed, or what is there is damaged",
    advice:
      "see the server's log and its disk; check the damaged table or index with amcheck, and bring it back from a backup or a standby (--exclude-table-data leaves a table's rows out)",
  },
];

const rules: readonly KnownFailure[] = [
  {
    reason: "permission_denied",
    sqlstates: ["42501"],
    when: "the role lacks a privilege; once the copy has begun: it was revoked",
    advice:
      "grant the role what it lacks (once the copy has begun, it was revoked during the run), or connect as another",
  },
  {
    reason: "read_only",
    sqlstates: ["25006"],
    side: "target",
    when: "the target takes no changes any more: a failover made it a standby, or it was set read-only",
    advice:
      "connect to the server that is the primary now (several hosts with target_session_attrs=read-write find it), or set default_transaction_read_only off",
  },
  {
    reason: "recovery_conflict",
    sqlstates: ["40001"],
    side: "source",
    when: "the source is a standby, and what it replays removes rows that the snapshot still sees",
    advice:
      "for the length of the copy set hot_standby_feedback = on on the standby, or its max_standby_streaming_delay and max_standby_archive_delay to -1; or copy from the primary",
  },
  {
    reason: "recovery_conflict",
    sqlstates: ["40P01"],
    side: "source",
    fits: says(/recovery/),
    when: "the source is a standby, and its replay waits for a page that a query of ours holds",
    advice: "try again; max_standby_streaming_delay lets the standby wait for longer",
  },
  {
    reason: "deadlock",
    sqlstates: ["40P01"],
    when: "another session locks the same tables in another order",
    advice: "keep other sessions from changing or locking these tables during the run",
  },
  {
    reason: "serialization_failure",
    sqlstates: ["40001"],
    side: "target",
    when: "another session writes the same rows",
    advice: "keep other sessions from writing to the target during the run",
  },
  {
    reason: "lock_not_available",
    sqlstates: ["55P03"],
    when: "a lock was not to be had in time, though pgcopy sets `lock_timeout` to 0",
    advice:
      "look in pg_locks who holds it, and in what the statement runs (a trigger, an extension) for a lock_timeout or NOWAIT",
  },
  {
    reason: "snapshot_too_old",
    sqlstates: ["72000"],
    side: "source",
    when: "old_snapshot_threshold (up to PostgreSQL 16) let the source remove what the snapshot sees",
    advice: "set old_snapshot_threshold = -1 on the source (which needs a restart)",
  },
  {
    reason: "source_changed",
    sqlstates: ["42P01", "42703", "3F000", "XX000"],
    side: "source",
    fits: (failure) =>
      isOwn(failure) &&
      /^(COPY|verify|compare|reading the source's sequences)/.test(failure.attempted) &&
      (failure.report.sqlstate !== "XX000" || says(/relation|cache lookup/)(failure)),
    when: "a table, column, sequence or schema was dropped or renamed after the snapshot was taken, which does not cover that",
    advice:
      "start over, with nothing that drops, renames, truncates or rewrites tables on the source meanwhile",
  },
  {
    reason: "target_changed",
    sqlstates: ["42P01", "42703", "3F000", "42P07", "42710", "42P06"],
    side: "target",
    fits: (failure) => isOwn(failure) && (isCopy(failure) || isIndex(failure)),
    when: "an object that the run has made is gone, or one came that it has not made",
    advice: "keep other sessions from changing the target's schema during the run",
  },
  {
    reason: "source_inconsistent",
    sqlstates: ["23505", "23P01"],
    side: "target",
    fits: isIndex,
    when: "the source holds rows that its own unique index or constraint forbids",
    advice:
      "the source's own index is damaged (often by a newer collation library: see amcheck) and has let these rows in: remove them on the source and reindex it there",
  },
  {
    reason: "source_inconsistent",
    sqlstates: ["23503"],
    side: "target",
    fits: isForeignKey,
    when: "the source holds rows that its own foreign key forbids",
    advice:
      "the source holds rows that refer to none: written with triggers disabled (session_replication_role), or not copied with it; mend them there, or leave the foreign key out",
  },
  {
    reason: "bad_encoding",
    sqlstates: ["22021", "22P05"],
    side: "target",
    when: "the target's encoding has no such character, or the source holds bytes that are none in its own",
    advice: "create the target database in the source's encoding, or mend the value on the source",
  },
];

/** In the order in which they are tried. */
export const knownFailures: readonly KnownFailure[] = [...resources, ...rules, ...lostSessions];

/** What is known of a failure; undefined: nothing beyond the server's own words. */
export function explainFailure(failure: Failure): KnownFailure | undefined {
  const { sqlstate } = failure.report;
  return knownFailures.find(
    ({ sqlstates, side, fits }) =>
      sqlstates.some((one) => (one.length === 2 ? sqlstate.startsWith(one) : sqlstate === one)) &&
      (side === undefined || side === failure.side) &&
      (fits?.(failure) ?? true),
  );
}
