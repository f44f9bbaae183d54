/** What the lines of --json hold while a command runs. */

import type { RunEvent } from "../../events.js";
import type { Documented } from "./documented-event.js";

type EventFields = {
  [T in RunEvent["type"]]: Omit<Extract<RunEvent, { type: T }>, "type" | "atMs" | "database">;
};

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
  resumed: {
    when: "a clone goes on with what an earlier process began",
    fields: {
      startedAt: "when that was, in UTC",
      tasksBefore: "how many tasks are done already",
      tasks: "how many there are",
      consistent: "whether what is read now is of the same moment as what is there",
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
  rows_rejected: {
    when: "the target refused rows of a table, which `--reject-dir` set aside",
    fields: {
      task: "`id`, `kind` and `label` of the task, which is done with the others",
      schema: "the table's schema",
      name: "the table",
      rows: "how many",
      file: "where they are",
      reason: "why the first of them was refused, in the server's words",
    },
  },
  task_failed: {
    when: "a task failed",
    fields: {
      task: "`id`, `kind` and `label`",
      error: "as in `error` below",
      goesOn: "`true` where `--keep-going` does what doesn't need it; else the others are stopped",
    },
  },
  task_skipped: {
    when: "with `--keep-going`, once all else has ended: a task was left out",
    fields: {
      task: "`id`, `kind` and `label`",
      because: "a list of the failed tasks that it needs: `id`, `kind` and `label`",
    },
  },
  task_retried: {
    when: "a task did not go well, and is begun again after `delayMs`",
    fields: {
      task: "`id`, `kind` and `label`",
      attempt: "which try it was that failed, from 1",
      error: "as in `error` below",
      delayMs: "how long it waits before the next one",
    },
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
  snapshot_held: {
    when: "`hold` holds a snapshot; again if it has to be imported under another id",
    fields: {
      snapshot: "its id: what `--snapshot` takes",
      tables: "with `--fence`: how many tables are locked",
    },
  },
  snapshot_pins: {
    when: "every ten seconds while `hold` holds a snapshot",
    fields: {
      heldMs: "since its transaction began",
      ageTransactions: "transaction ids given out since its xmin",
      oldest: "whether nobody else in the database pins as old a one, or an older one",
      deadRows: "an estimate of the dead rows in the database, of all causes",
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
