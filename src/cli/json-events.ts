/**
 * What each line of --json holds, in words: docs/command-line.md prints this. The types make sure
 * that no event and no field is left out.
 */

import type { RunEvent } from "../events.js";
import type {
  CheckReport,
  CloneAllReport,
  CloneReport,
  DataComparison,
  Finding,
  PingReport,
  PlanAllReport,
  PlanReport,
  SchemaComparison,
} from "./library.js";

interface LastLines {
  /** What it leaves out was told event by event, and would be most of the line. */
  report: Omit<CloneReport, "tasks" | "throughput">;
  plan: PlanReport;
  schema_comparison: SchemaComparison;
  data_comparison: DataComparison;
  check: Omit<CheckReport, "findings">;
  report_all: CloneAllReport;
  plan_all: PlanAllReport;
  ping: PingReport;
  error: ErrorFields;
}

interface DifferenceLines {
  finding: Finding;
  schema_difference: SchemaComparison["differences"][number];
  table_difference: DataComparison["tableDifferences"][number];
  sequence_difference: DataComparison["sequenceDifferences"][number];
}

interface ErrorFields {
  exitCode: unknown;
  code: unknown;
  message: unknown;
  attempted: unknown;
  side: unknown;
  server: unknown;
  advice: unknown;
  items: unknown;
  options: unknown;
  statements: unknown;
  retrySafe: unknown;
}

type EventFields = {
  [T in RunEvent["type"]]: Omit<Extract<RunEvent, { type: T }>, "type" | "atMs" | "database">;
};

type Documented<Types> = {
  readonly [T in keyof Types]: {
    readonly when: string;
    readonly fields: { readonly [F in keyof Types[T]]-?: string };
  };
};

const FILTERS =
  "with filters: `leftOut`, `leftOutToo` and `cameAlong` (lists of `object`, `because`), `withoutRows`";

/** While a command runs; all of these also carry `atMs`, and with `--all-databases` those of one database its `database`. */
export const runEvents: Documented<EventFields> = {
  run_started: {
    when: "a clone or a plan begins",
    fields: {
      pgcopyVersion: "the release",
      startedAt: "the moment that `atMs` counts from, in UTC",
      options:
        "those that were given, by their names in [configuration.md](configuration.md); of `mask` only the columns",
      nothingCopied: "`true` where the target is `null:`: rows are read and thrown away",
    },
  },
  step_started: { when: "a step of the run begins", fields: { step: "its name" } },
  step_finished: {
    when: "a step has ended",
    fields: { step: "its name", durationMs: "how long it took" },
  },
  step_failed: {
    when: "a step has failed, or was interrupted; `error` follows",
    fields: { step: "its name", durationMs: "how long it took" },
  },
  connected: {
    when: "a server was connected to",
    fields: {
      side: "`source` or `target`",
      endpoint: "where it is, without the password",
      serverVersion: "as the server says it",
    },
  },
  notice: {
    when: "there is something to know",
    fields: { level: "`info` or `warning`", message: "in words" },
  },
  planned: {
    when: "it is known what will be done",
    fields: {
      tables: "how many tables",
      largeObjects: "how many large objects",
      indexes: "how many indexes",
      tasks: "how many tasks",
      bytes: "estimated size of the rows and large objects",
    },
  },
  task_started: {
    when: "a task begins",
    fields: {
      task: "`id`, `kind` and `label`",
      pool: "whose job does it: `tables`, `indexes` or `control`",
    },
  },
  task_finished: {
    when: "a task is done",
    fields: {
      task: "`id`, `kind` and `label`",
      durationMs: "how long it took",
      rows: "rows that it copied",
      bytes: "bytes that it copied",
    },
  },
  task_failed: {
    when: "a task failed",
    fields: { task: "`id`, `kind` and `label`", error: "as in `error` below" },
  },
  task_stopped: {
    when: "a task was stopped because another one failed, or the run was interrupted",
    fields: {
      task: "`id`, `kind` and `label`",
      durationMs: "how long it ran",
      bytes: "bytes that it had copied; the target has none of them",
    },
  },
  database_finished: {
    when: "with `--all-databases`: one of them is done",
    fields: {
      tables: "how many tables",
      indexes: "how many indexes",
      rows: "rows copied",
      bytes: "bytes copied",
      durationMs: "how long it took",
      created: "whether it was missing on the target",
    },
  },
  progress: {
    when: "every second while tasks run",
    fields: {
      rows: "rows copied so far",
      bytes: "bytes copied so far",
      bytesTotal: "an estimate of all of them, which gets better as tables are done",
      bytesPerSecond: "over the last few seconds; 0 when no copy runs",
      tablesDone: "tables with all their rows",
      tablesTotal: "all tables",
      indexesDone: "indexes built",
      indexesTotal: "all indexes",
      tasksDone: "tasks done",
      tasksTotal: "all tasks",
      databasesDone: "with `--all-databases`: databases that are done",
      databasesTotal: "with `--all-databases`: all of them",
      fraction: "0 to 1, of the estimated work",
      remainingMs: "an estimate; absent at first",
      running:
        "a list: `id`, `kind`, `label`, `durationMs`, `rows`, `bytes`, and where known `fraction` and `phase`; with `--all-databases` its `database`",
      doing:
        "`copying`; `reading` where the target is `null:`; `comparing` for `compare data`: then nothing is copied",
    },
  },
};

/** What `compare` and `check` found, before the last line; none of these carries `atMs`. */
export const differenceEvents: Documented<DifferenceLines> = {
  finding: {
    when: "`check` found something",
    fields: {
      check: "what was looked at: `missing_roles`, … ([check.md](check.md#the-checks))",
      severity: "`error`, `warning` or `info`",
      side: "`source` or `target`",
      title: "in words",
      items: "the objects concerned",
      advice: "what to do",
      statements: "SQL that does it, to be run on that side",
    },
  },
  schema_difference: {
    when: "`compare schema` found an entry that differs",
    fields: {
      object: "what it belongs to: `TABLE public.orders`",
      entry: "what differs: the object itself, `INDEX …`, `privileges`, …",
      status: "`only_on_source`, `only_on_target` or `different`",
      source: "a list: the statements that only the source has",
      target: "a list: the statements that only the target has",
    },
  },
  table_difference: {
    when: "`compare data` found a table that differs",
    fields: {
      schema: "the table's schema",
      name: "its name",
      status: "`only_on_source`, `only_on_target`, `populated_on_one_end` or `different`",
      populatedOn: "of a materialized view: `source` or `target`",
      sourceRows: "how many rows the source has",
      targetRows: "how many rows the target has",
      columnsOnlyOnSource: "a list of names",
      columnsOnlyOnTarget: "a list of names",
      key: "a list: the columns by which rows are told apart; empty without a key",
      onlyOnSource: "how many rows only the source has",
      onlyOnTarget: "how many rows only the target has",
      differentRows: "how many keys have another row on each end",
      rows: "a list: `key` (`column`, `value`), `status`, `columns`, with `--show-values` `values`; without a key `rowHash`, `onSource`, `onTarget`",
      unexamined:
        "ranges of keys that differ and were not looked into: `ranges`, `sourceRows`, `targetRows`",
    },
  },
  sequence_difference: {
    when: "`compare data` found a sequence that differs",
    fields: {
      schema: "the sequence's schema",
      name: "its name",
      status: "`only_on_source`, `only_on_target`, or the target's is `behind` or `ahead`",
      source: "`lastValue` and `isCalled`",
      target: "the same of the target's",
    },
  },
};

/** The last line; none of these carries `atMs`. */
export const lastEvents: Documented<LastLines> = {
  report: {
    when: "`clone` or `demo` has ended well",
    fields: {
      source: "the endpoint, without the password",
      target: "the endpoint, without the password",
      sourceVersion: "the server's version",
      targetVersion: "the server's version; empty where the target is `null:`",
      nothingCopied: "`true` where the target is `null:`: the rows were read and thrown away",
      snapshot: "id of the snapshot that everything was read from",
      pgDump: "`kind` (`local` or `bundled`), `version`, and the `path` of a local one",
      durationMs: "of the whole run",
      estimatedSeconds:
        "what it was expected to be, when the first task was about to begin; absent where the target is `null:`",
      databaseCreated: "whether the target database was missing",
      rolesCreated: "with `--roles`: names of the roles that were missing",
      pgcopyVersion: "the release",
      startedAt: "when the run began, in UTC",
      options:
        "those that were given, by their names in [configuration.md](configuration.md); of `mask` only the columns",
      planned:
        "`tables`, `largeObjects`, `indexes`, `tasks` and `bytes`, as in the event `planned`",
      steps: "a list: `step`, `beganMs` (since the run began), `durationMs`",
      work: "a list: `kind` of tasks, how many (`tasks`), `durationMs` summed over the jobs",
      rows: "rows copied",
      bytes: "bytes copied, of rows and large objects",
      tables:
        "a list: `schema`, `name`, `rows`, `bytes`, `durationMs`, `parts`, `format`, `formatReason`, `freeze`, and where they apply `where`, `masked` (columns), `includesReferred` and `referredRows`",
      largeObjects: "`count`, `bytes`, and `durationMs` summed over the tasks",
      indexes: "a list: `schema`, `name`, `table`, `durationMs`",
      slowestTables: "the ten slowest of `tables`",
      slowestIndexes: "the ten slowest of `indexes`",
      sequences: "how many sequences were set",
      verification:
        "with `--verify`: `mode`, how many `tables` and `largeObjects`, and `mismatches`, an empty list",
      filters: FILTERS,
      warnings: "a list of sentences",
      jobs: "`tableJobs` and `indexJobs` as they were in the end",
      threads: "how many threads moved rows",
    },
  },
  plan: {
    when: "`plan` has ended",
    fields: {
      source: "the endpoint, without the password",
      target: "the endpoint, without the password",
      sourceVersion: "the server's version",
      targetVersion: "the server's version",
      pgDump: "`kind`, `version`, `path`",
      databaseToCreate: "the target database, if it is missing",
      rolesToCreate: "with `--roles`: names of the roles that are missing",
      jobs: "`tableJobs` and `indexJobs` as they would be",
      threads: "how many threads would move rows",
      tables:
        "a list: `schema`, `name`, `bytes`, `estimatedRows` (-1: unknown), `parts`, `format`, `formatReason`, `freeze`, and where they apply `where`, `masked` (columns) and `includesReferred`",
      largeObjects: "`count` and `bytes`",
      indexes: "a list: `schema`, `name`, `table` (`schema`, `name`), `kind`, `method`",
      sequences: "how many sequences",
      tasks: "a list: `id`, `kind`, `label`, `needs` (ids), `cost` (seconds)",
      bytes: "estimated size of the rows and large objects",
      estimatedSeconds: "roughly how long it would take",
      estimate:
        "`seconds`; `fastestSeconds` with a core for all that runs, `slowestSeconds` with two cores at most; what is `assumed` (`cores`, `coresAre`: `of this machine` or `as many as jobs`, `roundTripMs` of `source` and `target`, `besideTasksSeconds`); `boundBy`: `longest path`, `table jobs`, `index jobs` or `cores`; `criticalPath`, a list of tasks of which each begins when the one before ends: `id`, `kind`, `label`, `beganSeconds`, `seconds`",
      filters: FILTERS,
      warnings: "a list of sentences",
      conflicts: "what is in the way in the target",
      refusals: "why else `clone` would refuse it: a list of sentences",
    },
  },
  schema_comparison: {
    when: "`compare schema` has ended",
    fields: {
      source: "the endpoint, without the password",
      target: "the endpoint, without the password",
      sourceVersion: "the server's version",
      targetVersion: "the server's version",
      pgDump: "`kind`, `version`, `path`",
      durationMs: "of the whole run",
      same: "whether no difference was found",
      entries: "how many entries pg_dump has for the source",
      differences: "how many `schema_difference` lines there are",
      notes: "what is good to know and no difference, a list: `what`, `source`, `target`",
      warnings: "a list of sentences",
    },
  },
  data_comparison: {
    when: "`compare data` has ended",
    fields: {
      source: "the endpoint, without the password",
      target: "the endpoint, without the password",
      sourceVersion: "the server's version",
      targetVersion: "the server's version",
      durationMs: "of the whole run",
      same: "whether no difference was found",
      tables: "how many tables, partitions and materialized views were compared",
      rows: "their rows on the source",
      sequences: "how many sequences were compared",
      tableDifferences: "how many `table_difference` lines there are",
      sequenceDifferences: "how many `sequence_difference` lines there are",
      largeObjects:
        "`source` and `target` (how many), the OIDs `onlyOnSource`, `onlyOnTarget` and `different`, whether there may be `more`, and `contentsNotCompared`, the reason",
      notCompared: "a list: `schema`, `name`, `reason`",
      warnings: "a list of sentences",
    },
  },
  check: {
    when: "`check` has ended",
    fields: {
      source: "the endpoint, without the password",
      target: "the endpoint, without the password",
      sourceVersion: "the server's version",
      targetVersion: "the server's version",
      databaseToCreate: "the target database, if it is missing",
      pgDump: "`kind`, `version`, `path`; absent if the schema could not be read",
      tables: "how many tables of the source have rows",
      bytes: "size of the source's tables",
      indexBytes: "size of their indexes",
      complete: "whether everything could be looked at",
      errors: "how many findings are errors: if any, the exit code is 4",
      warnings: "how many are warnings",
      infos: "how many are neither",
    },
  },
  report_all: {
    when: "`clone --all-databases` has ended well",
    fields: {
      source: "the endpoint, without the password",
      target: "the endpoint, without the password",
      sourceVersion: "the server's version",
      targetVersion: "the server's version",
      jobs: "`tableJobs` and `indexJobs` of all databases together",
      threads: "how many threads move rows, of all databases together",
      durationMs: "of the whole run",
      steps: "a list: `step`, `durationMs`",
      rolesCreated: "names of the roles that were missing",
      databases: "a list: `database`, and the fields of `report`",
      leftOut: "databases that are not copied, a list: `database`, `reason`",
      rows: "rows copied",
      bytes: "bytes copied",
      tables: "how many tables",
      indexes: "how many indexes",
      sequences: "how many sequences were set",
      warnings: "a list of sentences; those of a database begin with its name",
    },
  },
  plan_all: {
    when: "`plan --all-databases` has ended",
    fields: {
      source: "the endpoint, without the password",
      target: "the endpoint, without the password",
      sourceVersion: "the server's version",
      targetVersion: "the server's version",
      jobs: "`tableJobs` and `indexJobs` of all databases together",
      threads: "how many threads move rows, of all databases together",
      rolesToCreate: "names of the roles that are missing",
      databases: "a list: `database`, and the fields of `plan`",
      leftOut: "databases that would not be copied, a list: `database`, `reason`",
      bytes: "estimated size of the rows",
      tables: "how many tables",
      indexes: "how many indexes",
      sequences: "how many sequences",
      estimatedSeconds: "roughly how long it would take, one database after the other",
      conflicts: "what is in the way in the target, with the database's name",
      refusals: "why else `clone` would refuse it, with the database's name: a list of sentences",
      warnings: "a list of sentences",
    },
  },
  ping: {
    when: "`ping` has ended",
    fields: {
      endpoint: "without the password",
      serverVersion: "as the server says it",
      database: "the one connected to",
      user: "the role connected as",
      superuser: "whether that is a superuser",
      latencyMs: "of one query",
      connectMs: "of connecting and authenticating",
      inRecovery: "whether it is a standby",
      databaseBytes: "size of the database",
      connections: "`used` and `max`",
      tls: "whether the connection is encrypted",
    },
  },
  error: {
    when: "the command failed",
    fields: {
      exitCode: "what the process exits with",
      code: "`usage`, `connection_failed`, … (see the exit codes)",
      message: "in words",
      attempted: "what was tried",
      side: "`source` or `target`",
      server:
        "the server's own report: `severity`, `sqlstate`, `message`, `detail`, `hint`, `where`, `constraint`",
      advice: "what to do",
      items: "the things that the message speaks of",
      options:
        "the options that the message speaks of, by their names in [configuration.md](configuration.md)",
      statements: "SQL that would mend it, to be run on that side",
      retrySafe: "whether the cause may pass by itself, so that trying again may help",
    },
  },
};
