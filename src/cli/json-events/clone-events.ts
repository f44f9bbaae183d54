/** The last line of --json of a clone, of one database and of all. */

import type { CloneAllReport, CloneReport } from "../library.js";
import { bothEnds, type DocumentedEvent } from "./documented-event.js";

export const FILTERS =
  "with filters: `leftOut`, `leftOutToo` and `cameAlong` (lists of `object`, `because`), `withoutRows`";

/** What it leaves out was told event by event, and would be most of the line. */
export const reportEvent: DocumentedEvent<Omit<CloneReport, "tasks" | "throughput">> = {
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
    planned: "`tables`, `largeObjects`, `indexes`, `tasks` and `bytes`, as in the event `planned`",
    steps: "a list: `step`, `beganMs` (since the run began), `durationMs`",
    work: "a list: `kind` of tasks, how many (`tasks`), `durationMs` summed over the jobs",
    rows: "rows copied",
    bytes: "bytes copied, of rows and large objects",
    tables:
      "a list: `schema`, `name`, `rows`, `bytes`, `durationMs`, `parts`, `format`, `formatReason`, `freeze`, and where they apply `partsReason`, `where`, `masked` (columns), `includesReferred` and `referredRows`",
    largeObjects: "`count`, `bytes`, and `durationMs` summed over the tasks",
    indexes: "a list: `schema`, `name`, `table`, `durationMs`",
    slowestTables: "the ten slowest of `tables`",
    slowestIndexes: "the ten slowest of `indexes`",
    finishedBefore:
      "`true` of a database of many that a run which was killed had finished: this is what that one reported",
    resumed:
      "where it went on with an unfinished run: `startedAt` (when that was begun), `attempts` (how often it was started by now), `tasksBefore` (how many tasks were done already), `consistent` (whether all rows are of one moment)",
    sequences: "how many sequences were set",
    verification:
      "with `--verify`: `mode`, how many `tables` and `largeObjects`, and `mismatches`, an empty list",
    filters: FILTERS,
    warnings: "a list of sentences",
    retries:
      "tries of tasks that did not go well, after each of which there was another one, a list: `id`, `kind`, `label`, `attempt`, `atMs`, `message`, and where they apply `side` and `sqlstate`",
    jobs: "`tableJobs` and `indexJobs` as they were in the end",
    threads: "how many threads moved rows",
  },
};

export const reportAllEvent: DocumentedEvent<CloneAllReport> = {
  when: "`clone --all-databases` has ended well",
  fields: {
    ...bothEnds,
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
};
