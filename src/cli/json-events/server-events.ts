/** The last line of --json of the commands that look at a server, or hold something on it. */

import type { CheckReport, PingReport, ProgressReport } from "../library.js";
import { bothEnds, type DocumentedEvent } from "./documented-event.js";

export interface HoldFields {
  readonly snapshot: unknown;
  readonly durationMs: unknown;
}

export const checkEvent: DocumentedEvent<Omit<CheckReport, "findings">> = {
  when: "`check` has ended",
  fields: {
    ...bothEnds,
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
};

export const pingEvent: DocumentedEvent<PingReport> = {
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
};

export const progressEvent: DocumentedEvent<ProgressReport> = {
  when: "`progress` has looked; with `--watch` it looks every second until the run has ended",
  fields: {
    target: "the endpoint, without the password",
    state:
      "`none` (no run, no journal), `preparing`, `running`, `died` (a journal, and nobody at it), with `--watch` also `finished` and `waiting` (the target is out of reach, or the run not back yet)",
    journal:
      "`source`, `snapshot`, `pgcopyVersion`, `startedAt`, `attempt` (1, and one more for each resume), `attemptStartedAt`, `lastFinishedAt` of the last task, `owner` (the role that may resume it)",
    holder: "the run's control session: `pid`, `role`, `application`, `address`, `connectedAt`",
    elapsedMs: "since its present attempt began; of one that died, until its last task was done",
    tasksDone: "tasks done",
    tasksTotal: "all tasks",
    rows: "rows copied by these tasks and, from PostgreSQL 14 on, by the COPY statements that run",
    bytes: "bytes copied, likewise",
    running:
      "what the run's sessions on the target do, a list: `pid`, `label`, `durationMs`, and where known `rows`, `bytes`, `phase`, `fraction`, `waitsFor` (process ids)",
    hidden: "a list: what the role may not see",
  },
};

export const holdEvent: DocumentedEvent<HoldFields> = {
  when: "`hold` has let go of its snapshot",
  fields: {
    snapshot: "the id that it had in the end",
    durationMs: "how long it was held",
  },
};
