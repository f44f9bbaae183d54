/** What tasks work with: sessions on both servers, and the threads that copy. */

import type { CrashMark } from "../load/crash-mark.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import type { Connection } from "../postgres/connection.js";
import { ConnectionPool } from "../postgres/connection-pool.js";
import { lostConnection } from "../postgres/copy.js";
import { serverReport, statementError } from "../postgres/server-error.js";
import { SessionBudget } from "../postgres/session-budget.js";
import type { HeldSnapshot } from "../snapshot/held-snapshot.js";
import type { KeptSnapshot } from "../snapshot/kept-snapshot.js";
import { CopyThreads } from "./copy-threads.js";
import { type JobSession, openJobSession } from "./open-session.js";
import type { Run } from "./run.js";
import { AsyncDisposableStackOf, type Servers, type SourceOfRun } from "./servers.js";
import { ThreadedCopies } from "./threaded-copies.js";

/** Closed at the end of an `await using` scope, with all its sessions and threads. */
export interface TaskSessions extends AsyncDisposable {
  /** Sessions on the source that have imported the snapshot. */
  readonly sourcePool: ConnectionPool;
  /** Sessions on the target, for both kinds of jobs. */
  readonly targetPool: ConnectionPool;
  /** Absent where the main thread copies alone. */
  readonly threads: ThreadedCopies | undefined;
}

export interface TaskSessionsContext {
  readonly servers: Servers;
  readonly snapshot: KeptSnapshot;
  /** Leads into the target database. */
  readonly control: Pick<Connection, "endpoint">;
  readonly mark: CrashMark;
  /** By this run, maybe in an earlier process. */
  readonly databaseCreated: boolean;
  readonly run: Run;
}

/** Opens no session yet; threads are started if the plan has something for them. */
export async function taskSessions(
  plan: ClonePlan,
  context: TaskSessionsContext,
): Promise<TaskSessions> {
  const stack = new AsyncDisposableStackOf();
  try {
    return sessionsOn(stack, plan, context);
  } catch (error) {
    await stack.dispose();
    throw error;
  }
}

function sessionsOn(
  stack: AsyncDisposableStackOf,
  plan: ClonePlan,
  context: TaskSessionsContext,
): TaskSessions {
  const { servers, snapshot } = context;
  const { tableJobs, indexJobs } = servers.jobs;
  const target = targetSession(context);
  const budgets = budgetsOf(servers);
  const openTarget: OpenSession = async (signal) => (await openJobSession(target, signal)).session;
  const pool = (open: OpenSession, size: number, budget: SessionBudget | undefined) =>
    stack.use(new ConnectionPool(size, open, budget));
  const threads = budgets && startThreads(plan, servers, stack);
  return {
    sourcePool: pool((signal) => openReader(context, signal), tableJobs, budgets?.sourceSessions),
    targetPool: pool(openTarget, tableJobs + indexJobs, budgets?.targetSessions),
    threads:
      threads &&
      stack.use(
        new ThreadedCopies(threads, {
          jobs: tableJobs,
          source: () => sourceSession(context),
          target: () => target,
          onShared: (session, id) => snapshot.join(session, id),
          ...budgets,
        }),
      ),
    [Symbol.asyncDispose]: () => stack.dispose(),
  };
}

/** Sessions on the source that see what the snapshot's holder sees. */
export function snapshotPool(servers: SourceOfRun, snapshot: HeldSnapshot): ConnectionPool {
  const { jobs, shared } = servers;
  const open: OpenSession = (signal) => openReader({ servers, snapshot }, signal);
  return new ConnectionPool(jobs.tableJobs, open, shared?.sourceSessions);
}

type OpenSession = (signal: AbortSignal) => Promise<Connection>;

interface ReaderContext {
  readonly servers: Pick<Servers, "source">;
  readonly snapshot: HeldSnapshot | KeptSnapshot;
}

/** That the snapshot is gone is no more than what follows, if the session that held it was lost. */
async function openReader(context: ReaderContext, signal: AbortSignal): Promise<Connection> {
  const { snapshot } = context;
  try {
    const { session, snapshotId } = await openJobSession(sourceSession(context), signal);
    if ("join" in snapshot && snapshotId !== undefined) snapshot.join(session, snapshotId);
    return session;
  } catch (error) {
    const { usable, loss } = snapshot.connection;
    if (usable) throw error;
    const attempted = "keeping the snapshot";
    // Such as a standby's recovery conflict; the network's own words say less than ours.
    if (serverReport(loss) !== undefined) throw statementError(loss, attempted, "source");
    throw lostConnection(attempted, "source", error);
  }
}

type SessionBudgets = Pick<NonNullable<Servers["shared"]>, "sourceSessions" | "targetSessions">;

/** One database's sessions in one thread are bounded by its pools alone. */
function budgetsOf({ shared, threads, jobs }: Servers): SessionBudgets | undefined {
  if (shared !== undefined || threads === 1) return shared;
  return {
    sourceSessions: new SessionBudget(jobs.tableJobs),
    targetSessions: new SessionBudget(jobs.tableJobs + jobs.indexJobs),
  };
}

function startThreads(
  { tasks }: ClonePlan,
  servers: Servers,
  stack: AsyncDisposableStackOf,
): CopyThreads | undefined {
  if (servers.threads === 1) return undefined;
  const threads = servers.shared?.threads ?? stack.use(new CopyThreads(servers.threads));
  threads.start(
    tasks.filter(({ work }) => work.do === "copy" || work.do === "large_objects").length,
  );
  return threads;
}

function sourceSession({
  servers,
  snapshot,
}: {
  readonly servers: Pick<Servers, "source">;
  readonly snapshot: HeldSnapshot | KeptSnapshot;
}): JobSession {
  const { endpoint: server } = servers.source;
  if (!("ids" in snapshot)) return { side: "source", server, snapshotIds: [snapshot.id] };
  const { ids: snapshotIds, identity: snapshotIdentity } = snapshot;
  return { side: "source", server, snapshotIds, snapshotIdentity };
}

function targetSession(context: TaskSessionsContext): JobSession {
  const { servers, control, databaseCreated, mark } = context;
  const timeZone = databaseCreated ? servers.source.parameters.get("TimeZone") : undefined;
  return { side: "target", server: control.endpoint, timeZone, mark };
}
