/**
 * Two servers of which many databases are copied: connected to once, in any database of theirs, and
 * then in each. The bounds on tasks and sessions are made here, for all databases together.
 */

import { describeEndpoint } from "../endpoint/endpoint.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { Connection } from "../postgres/connection.js";
import { SessionBudget } from "../postgres/session-budget.js";
import { Slots } from "../run/slots.js";
import {
  checkServer,
  refuseStatisticsCopy,
  type ServerFacts,
  unfit,
  versionName,
} from "./check-servers.js";
import { CopyThreads, threadsOf } from "./copy-threads.js";
import { besideNewDatabase, fitJobs } from "./fit-jobs.js";
import type { OpenEndpoint } from "./open-endpoint.js";
import { openSession } from "./open-session.js";
import type { Run } from "./run.js";
import {
  AsyncDisposableStackOf,
  type Endpoints,
  openEndpoints,
  openSessions,
  type Servers,
  type Sessions,
  type SharedWork,
} from "./servers.js";
import { tasksTogether, tellOfCores } from "./this-machine.js";

export interface Instance extends Endpoints, Pick<Sessions, "source" | "target">, AsyncDisposable {
  readonly jobs: Servers["jobs"];
  readonly threads: number;
  /** How many databases may be open at a time. */
  readonly atATime: number;
  readonly shared: SharedWork;
}

/** While it is read, a database takes two sessions on the source: its snapshot's, and pg_dump's. On the target one, and one more while it is created. */
const SESSIONS_OF_A_DATABASE = 2;

/**
 * Connects to both servers and refuses what can't work.
 *
 * @throws PgCopyError `usage`, `connection_failed`, `source_unfit`, `target_unfit`.
 */
export async function connectInstance(
  options: ResolvedOptions,
  run: Run,
  { mayInitialise }: { readonly mayInitialise: boolean },
): Promise<Instance> {
  const stack = new AsyncDisposableStackOf();
  try {
    const most = wantedAtATime(options);
    const room = { ...options, tableJobs: options.tableJobs + most * SESSIONS_OF_A_DATABASE };
    const endpoints = await openEndpoints(room, run, mayInitialise, stack);
    const { source, target } = await openSessions(endpoints, run, stack);
    const ends = { ...endpoints, source, target };
    const facts = await lookAtServers(ends, options, run);
    const jobs = fitJobs(
      options,
      withoutOneDatabase(facts.source),
      withoutOneDatabase(facts.target),
      run,
    );
    const spare = Math.min(
      freeOf(facts.source) - jobs.tableJobs,
      freeOf(facts.target) - jobs.tableJobs - jobs.indexJobs,
    );
    const threads = threadsOf(options, jobs.tableJobs);
    const together = await tasksTogether({ source, target }, options);
    tellOfCores({ jobs }, together, run);
    return {
      ...ends,
      jobs,
      threads,
      atATime: Math.max(1, Math.min(most, Math.floor(spare / SESSIONS_OF_A_DATABASE))),
      shared: sharedWork(jobs, stack.use(new CopyThreads(threads)), together),
      [Symbol.asyncDispose]: () => stack.dispose(),
    };
  } catch (error) {
    await stack.dispose();
    throw error;
  }
}

function sharedWork(
  { tableJobs, indexJobs }: Servers["jobs"],
  threads: CopyThreads,
  together: number | undefined,
): SharedWork {
  return {
    slots: new Slots({ tables: tableJobs, indexes: indexJobs }, together),
    sourceSessions: new SessionBudget(tableJobs),
    targetSessions: new SessionBudget(tableJobs + indexJobs),
    threads,
  };
}

/** The next one is read while the last tasks of those before run, so there are two even with one job. */
function wantedAtATime({ tableJobs, indexJobs }: ResolvedOptions): number {
  return Math.max(2, tableJobs, indexJobs);
}

type Ends = Endpoints & Pick<Sessions, "source" | "target">;

async function lookAtServers(
  ends: Ends,
  options: ResolvedOptions,
  run: Run,
): Promise<{ source: ServerFacts; target: ServerFacts }> {
  const { source, target } = ends;
  for (const connection of [source, target]) {
    run.tell({
      type: "connected",
      side: connection.side,
      endpoint: (connection === source ? ends.sourceEndpoint : ends.targetEndpoint).description,
      serverVersion: versionName(connection.serverVersion),
    });
  }
  const facts = { source: await factsOf(source, run), target: await factsOf(target, run) };
  refuseStatisticsCopy(target, options);
  if (facts.source.started === facts.target.started) {
    throw unfit("target", "source and target are the same server: each database is there already", {
      advice: "give another server as the target, or clone single databases under other names",
    });
  }
  const major = (version: number) => Math.floor(version / 10_000);
  if (major(target.serverVersion) < major(source.serverVersion)) {
    run.warn(
      `the target (PostgreSQL ${versionName(target.serverVersion)}) is older than the source (${versionName(source.serverVersion)}): what it doesn't know will fail`,
    );
  }
  return facts;
}

/** The sessions that copy are in other databases, and at least one of those has to be open. */
function withoutOneDatabase(facts: ServerFacts): ServerFacts {
  const { freeOnServer, freeForRole, ...rest } = besideNewDatabase(facts);
  const taken = SESSIONS_OF_A_DATABASE - 1;
  return { ...rest, freeOnServer: freeOnServer - taken, freeForRole: freeForRole - taken };
}

function freeOf({ freeOnServer, freeForRole }: ServerFacts): number {
  return Math.min(freeOnServer, freeForRole);
}

/**
 * Opens the sessions of one database on both servers; on the target it may be missing.
 *
 * @throws PgCopyError as `connectServers`.
 */
export async function connectDatabase(
  instance: Instance,
  database: string,
  run: Run,
): Promise<Servers> {
  const stack = new AsyncDisposableStackOf();
  try {
    const endpoints = {
      sourceEndpoint: inDatabase(instance.sourceEndpoint, instance.source, database),
      targetEndpoint: inDatabase(instance.targetEndpoint, instance.target, database),
    };
    const sessions = await openSessions(endpoints, run, stack);
    const [source, target] = [
      await factsOf(sessions.source, run),
      await factsOf(sessions.target, run),
    ];
    const inTarget = sessions.targetExists ? target : besideNewDatabase(target);
    return {
      ...endpoints,
      ...sessions,
      // The server's and the role's own limits are shared by all databases, and minded for all of them.
      jobs: fitJobs(instance.jobs, withoutServerLimits(source), withoutServerLimits(inTarget), run),
      threads: instance.threads,
      shared: instance.shared,
      [Symbol.asyncDispose]: () => stack.dispose(),
    };
  } catch (error) {
    await stack.dispose();
    throw error;
  }
}

async function factsOf(connection: Connection, run: Run): Promise<ServerFacts> {
  const { side, endpoint } = connection;
  return await checkServer(connection, () => openSession(endpoint, side, "probe", run.signal));
}

function withoutServerLimits(facts: ServerFacts): ServerFacts {
  return {
    ...facts,
    freeOnServer: Number.POSITIVE_INFINITY,
    freeForRole: Number.POSITIVE_INFINITY,
  };
}

/** The very server that was connected to; a data directory's goes on until the whole run ends. */
function inDatabase(open: OpenEndpoint, connection: Connection, database: string): OpenEndpoint {
  const endpoint = { ...open.endpoint, database };
  return {
    description: describeEndpoint(endpoint),
    endpoint,
    server: { ...connection.endpoint, database },
    database,
    [Symbol.asyncDispose]: async () => {},
  };
}
