/** The last line of --json of a plan, of one database and of all. */

import type { PlanAllReport, PlanReport } from "../library.js";
import { FILTERS } from "./clone-events.js";
import { bothEnds, type DocumentedEvent } from "./documented-event.js";

export const planEvent: DocumentedEvent<PlanReport> = {
  when: "`plan` has ended",
  fields: {
    ...bothEnds,
    pgDump: "`kind`, `version`, `path`",
    databaseToCreate: "the target database, if it is missing",
    rolesToCreate: "with `--roles`: names of the roles that are missing",
    jobs: "`tableJobs` and `indexJobs` as they would be",
    threads: "how many threads would move rows",
    tables:
      "a list: `schema`, `name`, `bytes`, `estimatedRows` (-1: unknown), `parts`, `format`, `formatReason`, `freeze`, and where they apply `partsReason`, `where`, `masked` (columns) and `includesReferred`",
    largeObjects: "`count` and `bytes`",
    indexes: "a list: `schema`, `name`, `table` (`schema`, `name`), `kind`, `method`",
    sequences: "how many sequences",
    tasks:
      "a list: `id`, `kind`, `label`, `needs` (ids), where it applies `after` (ids of those that must only have ended), `cost` (seconds)",
    bytes: "estimated size of the rows and large objects",
    estimatedSeconds: "roughly how long it would take",
    estimate:
      "`seconds`; `fastestSeconds` with a core for all that runs, `slowestSeconds` with two cores at most; what is `assumed` (`cores`, `coresAre`: `of this machine` or `as many as jobs`, `roundTripMs` of `source` and `target`, `besideTasksSeconds`); `boundBy`: `longest path`, `table jobs`, `index jobs` or `cores`; `criticalPath`, a list of tasks of which each begins when the one before ends: `id`, `kind`, `label`, `beganSeconds`, `seconds`",
    filters: FILTERS,
    warnings: "a list of sentences",
    conflicts: "what is in the way in the target",
    refusals: "why else `clone` would refuse it: a list of sentences",
  },
};

export const planAllEvent: DocumentedEvent<PlanAllReport> = {
  when: "`plan --all-databases` has ended",
  fields: {
    ...bothEnds,
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
};
