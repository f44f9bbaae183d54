/** The journal in a schema of the target database: each record commits with what it speaks of. */

import type { Script } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import { quoteLiteral } from "../postgres/quote.js";
import { failpoint } from "../run/failpoints.js";
import { commit } from "./commit.js";
import {
  createJournalSchema,
  dropJournalStatement,
  type FinishedTask,
  findJournal,
  JOURNAL_SCHEMA,
} from "./journal.js";
import type { Attempt, Journal, JournalRun, JournalState } from "./journal-store.js";
import { named, recordInSchema } from "./recorder.js";
import { refuseForeignJournal } from "./refuse-foreign-journal.js";
import { runScripts } from "./run-scripts.js";

/** Of a plan in one row: a message of the protocol, and what a server takes for one value, have their bounds. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** @param control a session in the target database. */
export function schemaJournal(control: Connection): Journal {
  return {
    recorder: recordInSchema,
    place: `its schema ${JOURNAL_SCHEMA}`,
    begin: (run, attempt, plan) => begin(control, run, attempt, plan),
    exists: () => findJournal(control),
    read: () => read(control),
    readPlan: () => readPlan(control),
    readFinished: () => readFinished(control),
    beginAttempt: (attempt) => control.execute("writing the journal", attemptStatement(attempt)),
    forget: (ids, undo) => forget(control, ids, undo),
    keepReport: (report) => keepReport(control, report),
    discard: () => control.execute("dropping the journal", dropJournalStatement()),
    finish: (scripts) => finish(control, scripts),
  };
}

async function begin(
  control: Connection,
  run: JournalRun,
  attempt: Attempt,
  plan: Buffer,
): Promise<void> {
  const attempted = "creating the journal";
  const texts = [run.source, run.sourceIdentity, run.pgcopyVersion].map(quoteLiteral).join(", ");
  const salt = run.salt === undefined ? "null" : quoteLiteral(run.salt);
  const created = `${dropJournalStatement()}; ${createJournalSchema}
    insert into ${JOURNAL_SCHEMA}.run (source, source_identity, pgcopy_version, format, tasks, salt)
    values (${texts}, ${run.format}, ${run.tasks}, ${salt}); ${attemptStatement(attempt)}`;
  try {
    await control.execute(attempted, `begin; ${created}`);
    for (let piece = 0; piece * PIECE_BYTES < plan.length; piece++) {
      const data = plan.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES);
      const insert = `insert into ${JOURNAL_SCHEMA}.plan (piece, data) values ($1, $2)`;
      await control.query(attempted, insert, [piece, data]);
    }
    // It must be there after a crash of the target, too: without the plan no record says anything.
    await commit(control, "journal", named(attempted, "set local synchronous_commit = local"));
  } catch (error) {
    if (control.usable) await control.execute("rolling back", "rollback").catch(() => {});
    throw error;
  }
}

function attemptStatement({ snapshot, snapshotIdentity, pgcopyVersion }: Attempt): string {
  const values = [snapshot, snapshotIdentity, pgcopyVersion].map(quoteLiteral).join(", ");
  return `insert into ${JOURNAL_SCHEMA}.attempt (snapshot, snapshot_identity, pgcopy_version) values (${values})`;
}

async function read(control: Connection): Promise<JournalState> {
  const attempted = "reading the journal";
  await refuseForeignJournal(control);
  const [run] = await control.query<KeptRun & JournalRow>(
    attempted,
    `select started_at as "startedAt", source, source_identity as "sourceIdentity",
            pgcopy_version as "pgcopyVersion", format, tasks, salt, report
     from ${JOURNAL_SCHEMA}.run`,
  );
  const attempts = await control.query<AttemptRow>(
    attempted,
    `select started_at as "startedAt", snapshot, snapshot_identity as "snapshotIdentity",
            pgcopy_version as "pgcopyVersion"
     from ${JOURNAL_SCHEMA}.attempt order by no`,
  );
  const steps = await control.query<{ id: string; steps: number }>(
    attempted,
    `select id, steps from ${JOURNAL_SCHEMA}.progress`,
  );
  const { salt, report, ...rest } = run as NonNullable<typeof run>;
  return {
    run: { ...rest, ...(salt === null ? {} : { salt }) },
    ...(report === null ? {} : { report }),
    attempts,
    finished: await readFinished(control),
    stepsDone: new Map(steps.map(({ id, steps }) => [id, steps])),
    unsure: new Map(),
  };
}

interface KeptRun {
  startedAt: Date;
  salt: string | null;
  report: unknown;
}
type JournalRow = Omit<JournalRun, "salt"> & Record<string, unknown>;
type AttemptRow = Attempt & { startedAt: Date } & Record<string, unknown>;

async function readPlan(control: Connection): Promise<Buffer> {
  const pieces = await control.query<{ data: Buffer }>(
    "reading the journal's plan",
    `select data from ${JOURNAL_SCHEMA}.plan order by piece`,
  );
  return Buffer.concat(pieces.map(({ data }) => data));
}

async function readFinished(control: Connection): Promise<ReadonlyMap<string, FinishedTask>> {
  const tasks = await control.query<FinishedTask & { detail: unknown } & Record<string, unknown>>(
    "reading the journal",
    `select id, kind, label, rows::float8 as rows, bytes::float8 as bytes,
            duration_ms as "durationMs", detail
     from ${JOURNAL_SCHEMA}.task`,
  );
  return new Map(
    tasks.map(({ detail, ...task }) => [
      task.id,
      { ...task, ...(detail === null ? {} : { detail }) },
    ]),
  );
}

async function forget(
  control: Connection,
  ids: readonly string[],
  undo: readonly string[],
): Promise<void> {
  const list = ids.map(quoteLiteral).join(", ");
  const forgets =
    ids.length === 0
      ? []
      : ["task", "progress"].map(
          (name) => `delete from ${JOURNAL_SCHEMA}.${name} where id in (${list})`,
        );
  try {
    await control.execute(
      "taking back what is to be done again",
      ["begin", ...undo, ...forgets, "commit"].join(";\n"),
    );
  } catch (error) {
    if (control.usable) await control.execute("rolling back", "rollback").catch(() => {});
    throw error;
  }
}

/** It waits for the disk: the other databases may take long, and this one's report is not made again. */
async function keepReport(control: Connection, report: unknown): Promise<void> {
  const json = quoteLiteral(JSON.stringify(report));
  await control.execute(
    "keeping the report",
    `begin; set local synchronous_commit = local; update ${JOURNAL_SCHEMA}.run set report = ${json}; commit`,
  );
}

/** Event triggers come after it, so that none sees it go. */
async function finish(control: Connection, scripts: readonly Script[]): Promise<void> {
  // One commit that waits for the disk takes all before it along: what is reported as done stays so.
  await failpoint("finish.begin", control.signal);
  await control.execute("finishing the target", "set synchronous_commit = local");
  const drop = {
    title: "dropping the journal",
    settings: {},
    statements: [dropJournalStatement()],
  };
  const attempted = "finishing the target";
  // All or nothing: with the journal gone and an event trigger missing nobody could go on.
  await runScripts(control, [drop, ...scripts], {
    attempted,
    committed: "finish",
    statementsPerTransaction: Number.POSITIVE_INFINITY,
  });
}
