/** A run as its target shows it to another session. */

import { JOURNAL_SCHEMA } from "../load/journal.js";
import { readDirectoryJournal } from "../load/read-directory-journal.js";
import { type JournalFacts, type JournalReading, readJournal } from "../load/read-journal.js";
import { type RunningStatement, readRunningStatements } from "../load/running-statements.js";
import { findLockHolder, type LockHolder } from "../load/target-lock.js";
import type { Connection } from "../postgres/connection.js";

/**
 * - `none`: no run is at it, and none has left a journal.
 * - `preparing`: a run has the target and no journal (any more): it looks whether the target fits, or closes up.
 * - `running`: a run is at work.
 * - `waiting`: only while watching: the target is out of reach, or was a moment ago, and the run is not back yet.
 * - `died`: the journal is there, and nobody has the lock: the run failed, was killed, or waits to connect again.
 * - `finished`: only while watching: the run has ended, and its journal is gone.
 */
export type RunState = "none" | "preparing" | "running" | "waiting" | "died" | "finished";

export interface ProgressReport {
  /** Without its password. */
  readonly target: string;
  readonly state: RunState;
  /** Absent: there is no journal, or this role may not read it. Its dates are ISO 8601 in UTC. */
  readonly journal?: {
    readonly source: string;
    readonly snapshot: string;
    readonly pgcopyVersion: string;
    readonly startedAt: string;
    /** 1, and one more for each time that the run was resumed; and when this attempt began. */
    readonly attempt: number;
    readonly attemptStartedAt: string;
    readonly lastFinishedAt?: string;
    /** The role that may go on with it; absent where the journal is in a directory. */
    readonly owner?: string;
  };
  /** The session that holds the target's lock. */
  readonly holder?: Omit<LockHolder, "connectedAt"> & { readonly connectedAt?: string };
  /** Since the present attempt began, while it runs; until its last task finished, if it died. */
  readonly elapsedMs?: number;
  /** Absent with the journal. */
  readonly tasksDone?: number;
  readonly tasksTotal?: number;
  /** Of the tasks that are done, and of what the running COPY statements have stored. */
  readonly rows: number;
  readonly bytes: number;
  /** What the run's sessions on the target do at this moment. */
  readonly running: readonly RunningStatement[];
  /** What this role may not see, in sentences. */
  readonly hidden: readonly string[];
}

/**
 * Looks at the database of the session.
 *
 * @param dir where the journal is, if not in the database.
 */
export async function readProgress(
  target: Connection,
  name: string,
  dir?: string,
): Promise<ProgressReport> {
  // In this order: a run that ends meanwhile has dropped its journal before it lets go of its lock.
  let holder = await findLockHolder(target);
  const journal = await (dir === undefined
    ? readJournal(target)
    : readDirectoryJournal(target, dir));
  if (holder === undefined && journal.state !== "none") holder = await findLockHolder(target);
  // Also of a run that died: a server goes on with a CREATE INDEX whose client is gone.
  const { statements, hidden } = await readRunningStatements(target);
  const facts = journal.state === "read" ? journal.facts : undefined;
  const sum = (what: "rows" | "bytes") =>
    statements.reduce((all, statement) => all + (statement[what] ?? 0), facts?.[what] ?? 0);
  return {
    target: name,
    state: stateOf(holder, journal.state),
    ...(facts === undefined
      ? {}
      : {
          journal: {
            source: facts.source,
            snapshot: facts.snapshot,
            pgcopyVersion: facts.pgcopyVersion,
            startedAt: facts.startedAt.toISOString(),
            attempt: facts.attempt,
            attemptStartedAt: facts.attemptStartedAt.toISOString(),
            ...(facts.lastFinishedAt === undefined
              ? {}
              : { lastFinishedAt: facts.lastFinishedAt.toISOString() }),
            ...(facts.owner === undefined ? {} : { owner: facts.owner }),
          },
          elapsedMs: durationOf(facts, holder !== undefined),
          tasksDone: facts.tasksDone,
          tasksTotal: facts.tasksTotal,
        }),
    ...(holder === undefined ? {} : { holder: asText(holder) }),
    rows: sum("rows"),
    bytes: sum("bytes"),
    running: statements,
    hidden: whatIsHidden(journal.state, hidden),
  };
}

/** What there is to be seen of a database that doesn't exist. */
export function noRun(target: string): ProgressReport {
  return { target, state: "none", rows: 0, bytes: 0, running: [], hidden: [] };
}

function stateOf(holder: LockHolder | undefined, journal: JournalReading["state"]): RunState {
  const isThere = journal !== "none" && journal !== "foreign" && journal !== "elsewhere";
  if (holder === undefined) return isThere ? "died" : "none";
  return isThere ? "running" : "preparing";
}

/** A dead run ended at some time after its last task did. */
function durationOf(facts: JournalFacts, alive: boolean): number {
  if (alive) return Math.round(facts.elapsedMs);
  const began = facts.attemptStartedAt.getTime();
  return Math.max(0, (facts.lastFinishedAt?.getTime() ?? 0) - began);
}

function asText({ connectedAt, ...holder }: LockHolder): NonNullable<ProgressReport["holder"]> {
  return connectedAt === undefined ? holder : { ...holder, connectedAt: connectedAt.toISOString() };
}

function whatIsHidden(journal: JournalReading["state"], sessions: boolean): string[] {
  const unread: Partial<Record<JournalReading["state"], string>> = {
    hidden:
      "this role may not read the journal: only the one that runs the copy may, and superusers",
    locked: "the journal can't be read at this moment: it is locked",
    foreign: `the schema ${JOURNAL_SCHEMA} is none of pgcopy's making, and is not read`,
    elsewhere: "the journal in the directory is that of another target",
  };
  return [
    ...(unread[journal] === undefined ? [] : [unread[journal]]),
    ...(sessions
      ? ["this role may not see what the run's sessions do: members of pg_read_all_stats may"]
      : []),
  ];
}

/**
 * What is seen now in the light of what was seen last: a journal that has gone was of a run that has
 * done everything, and a target that was let go after it is of one that has finished.
 */
export function sinceThen(last: ProgressReport | undefined, now: ProgressReport): ProgressReport {
  if (last?.journal === undefined || last.state === "died" || now.journal !== undefined) return now;
  const { holder, ...seen } = last;
  const done = { ...seen, tasksDone: last.tasksTotal ?? 0, running: [], hidden: now.hidden };
  if (now.state === "none") return { ...done, state: "finished" };
  return { ...done, state: now.state, ...(now.holder === undefined ? {} : { holder: now.holder }) };
}
