/** Both ends of a run: connected, looked at, and released in reverse order. */

import type { Endpoint } from "../endpoint/endpoint.js";
import { parseEndpoint } from "../endpoint/parse-endpoint.js";
import type { Side } from "../errors.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { Connection } from "../postgres/connection.js";
import type { SessionBudget } from "../postgres/session-budget.js";
import { all } from "../run/abort.js";
import { failpoint } from "../run/failpoints.js";
import type { Slots } from "../run/slots.js";
import {
  checkServer,
  olderTarget,
  refuseSameDatabase,
  refuseSameDirectory,
  refuseStatisticsCopy,
  type ServerFacts,
  versionName,
} from "./check-servers.js";
import { type CopyThreads, threadsOf } from "./copy-threads.js";
import { besideNewDatabase, fitJobs } from "./fit-jobs.js";
import { isMissingDatabase, type OpenEndpoint, openEndpoint } from "./open-endpoint.js";
import { openSession } from "./open-session.js";
import type { Run } from "./run.js";
import { settleTargetDatabase, tellSourceDatabase } from "./unnamed-database.js";

export interface Servers extends AsyncDisposable {
  readonly source: Connection;
  /** In the target database or, while that does not exist, in a maintenance database beside it. */
  readonly target: Connection;
  readonly sourceEndpoint: OpenEndpoint;
  readonly targetEndpoint: OpenEndpoint;
  readonly targetExists: boolean;
  readonly jobs: { readonly tableJobs: number; readonly indexJobs: number };
  /** How many threads move rows; 1 is the main thread alone. */
  readonly threads: number;
  /** What several databases of one run share; absent where there is only one. */
  readonly shared?: SharedWork;
}

/** What reading takes. */
export type SourceOfRun = Pick<Servers, "source" | "jobs" | "shared">;

/** Bounds that hold for all databases of a run together. */
export interface SharedWork {
  /** Places in the pools `tables` and `indexes`. */
  readonly slots: Slots;
  readonly sourceSessions: SessionBudget;
  readonly targetSessions: SessionBudget;
  readonly threads: CopyThreads;
}

/**
 * Connects to both servers and refuses what can't work.
 *
 * @param mayInitialise whether a `pgdata:` target that does not exist is made.
 * @throws PgCopyError `usage`, `connection_failed`, `source_unfit`, `target_unfit`.
 */
export async function connectServers(
  options: ResolvedOptions,
  run: Run,
  { mayInitialise = true }: { readonly mayInitialise?: boolean } = {},
): Promise<Servers> {
  const servers = await openServers(options, run, mayInitialise);
  try {
    const jobs = await checkServers(servers, options, run);
    await failpoint("connect.done", run.signal);
    return { ...servers, jobs, threads: threadsOf(options, jobs.tableJobs) };
  } catch (error) {
    await servers[Symbol.asyncDispose]();
    throw error;
  }
}

/** Both ends as they are, before anything is known of them. */
export type OpenServers = Omit<Servers, "jobs" | "threads">;

/**
 * Connects to both servers.
 *
 * @throws PgCopyError `usage`, `connection_failed`; of data directories also `source_unfit` and
 *   `target_unfit`.
 */
export async function openServers(
  options: ResolvedOptions,
  run: Run,
  mayInitialise: boolean,
): Promise<OpenServers> {
  const stack = new AsyncDisposableStackOf();
  try {
    const endpoints = await openEndpoints(options, run, mayInitialise, stack);
    tellSourceDatabase(endpoints.sourceEndpoint.endpoint, run);
    settleTargetDatabase(endpoints.targetEndpoint.endpoint, run);
    const ends = { ...endpoints, ...(await openSessions(endpoints, run, stack)) };
    for (const { side, serverVersion } of [ends.source, ends.target]) {
      run.tell({
        type: "connected",
        side,
        endpoint: endpoints[`${side}Endpoint`].description,
        serverVersion: versionName(serverVersion),
      });
    }
    return { ...ends, [Symbol.asyncDispose]: () => stack.dispose() };
  } catch (error) {
    await stack.dispose();
    throw error;
  }
}

export type Endpoints = Pick<Servers, "sourceEndpoint" | "targetEndpoint">;
export type Sessions = Pick<Servers, "source" | "target" | "targetExists">;

export async function openEndpoints(
  options: ResolvedOptions,
  run: Run,
  mayInitialise: boolean,
  stack: AsyncDisposableStackOf,
): Promise<Endpoints> {
  const sessions = options.tableJobs + options.indexJobs + 3;
  const { environment } = options;
  const parse = async (text: string, side: Side) =>
    watched(await parseEndpoint(text, environment, side), options);
  const source = await parse(options.source, "source");
  const target = await parse(options.target, "target");
  await refuseSameDirectory(source, target);
  const [sourceEndpoint, targetEndpoint] = await all<[OpenEndpoint, OpenEndpoint]>(run.signal, [
    async (signal) =>
      stack.use(await openEndpoint(source, { side: "source", environment, sessions, signal }, run)),
    async (signal) =>
      stack.use(
        await openEndpoint(
          target,
          { side: "target", environment, sessions, signal, mayInitialise },
          run,
        ),
      ),
  ]);
  return { sourceEndpoint, targetEndpoint };
}

/** With the limit that each of its sessions goes by. */
function watched(endpoint: Endpoint, { stallTimeoutMs }: ResolvedOptions): Endpoint {
  return endpoint.kind === "server" ? { ...endpoint, stallTimeoutMs } : endpoint;
}

/** If one end refuses, the other is not waited for. */
export async function openSessions(
  { sourceEndpoint, targetEndpoint }: Endpoints,
  run: Run,
  stack: AsyncDisposableStackOf,
): Promise<Sessions> {
  const [source, { target, targetExists }] = await all<
    [Connection, Pick<Sessions, "target" | "targetExists">]
  >(run.signal, [
    async (signal) =>
      stack.use(await openSession(sourceEndpoint.server, "source", "snapshot", signal)),
    async (signal) => {
      const opened = await openTarget(targetEndpoint, signal);
      stack.use(opened.target);
      return opened;
    },
  ]);
  return { source, target, targetExists };
}

async function checkServers(
  ends: Endpoints & Sessions,
  options: ResolvedOptions,
  run: Run,
): Promise<Servers["jobs"]> {
  const { source, target } = ends;
  const [sourceFacts, targetFacts] = await all<[ServerFacts, ServerFacts]>(run.signal, [
    (signal) => checkServer(source, () => openSession(source.endpoint, "source", "probe", signal)),
    (signal) =>
      checkServer(
        target,
        () => openSession(target.endpoint, "target", "probe", signal),
        options.resume ? "resumes" : "writes",
      ),
  ]);
  refuseStatisticsCopy(target, options);
  if (ends.targetExists) refuseSameDatabase(sourceFacts, targetFacts);
  const older = olderTarget(source, target);
  if (older !== undefined) run.warn(older);
  const inTarget = ends.targetExists ? targetFacts : besideNewDatabase(targetFacts);
  return fitJobs(options, sourceFacts, inTarget, run);
}

/** A missing database is no error yet: it is created when everything else is known to be right. */
async function openTarget(
  endpoint: OpenEndpoint,
  signal: AbortSignal,
): Promise<{ target: Connection; targetExists: boolean }> {
  try {
    return {
      target: await openSession(endpoint.server, "target", "control", signal),
      targetExists: true,
    };
  } catch (error) {
    if (!isMissingDatabase(error)) throw error;
    for (const database of ["postgres", "template1"]) {
      try {
        const maintenance = { ...endpoint.server, database };
        return {
          target: await openSession(maintenance, "target", "control", signal),
          targetExists: false,
        };
      } catch (other) {
        if (!isMissingDatabase(other)) throw other;
      }
    }
    throw error;
  }
}

/** AsyncDisposableStack, which Node.js 20 doesn't have: releases in reverse order, once. */
export class AsyncDisposableStackOf {
  readonly #resources: AsyncDisposable[] = [];

  use<T extends AsyncDisposable>(resource: T): T {
    this.#resources.push(resource);
    return resource;
  }

  async dispose(): Promise<void> {
    for (let one = this.#resources.pop(); one !== undefined; one = this.#resources.pop()) {
      await one[Symbol.asyncDispose]();
    }
  }
}
