/** Both ends of a comparison: connected, and only read from. Either may be a standby, or in use. */

import type { ServerEndpoint } from "../endpoint/endpoint.js";
import { parseEndpoint } from "../endpoint/parse-endpoint.js";
import type { Side } from "../errors.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import { connect } from "../postgres/connect.js";
import type { Connection } from "../postgres/connection.js";
import { ConnectionPool } from "../postgres/connection-pool.js";
import { all } from "../run/abort.js";
import { type HeldSnapshot, holdSnapshot, importSnapshot } from "../snapshot/held-snapshot.js";
import { comparedSettings } from "../verify/row-hash.js";
import {
  checkServer,
  refuseSameDatabase,
  refuseSameDirectory,
  type ServerFacts,
  versionName,
} from "./check-servers.js";
import { freeOf, freeTogether, tooFew } from "./fit-jobs.js";
import { type OpenEndpoint, openEndpoint } from "./open-endpoint.js";
import type { Run } from "./run.js";
import { AsyncDisposableStackOf } from "./servers.js";

export interface ComparedEnd {
  readonly description: string;
  readonly connection: Connection;
}

export interface ComparedServers extends AsyncDisposable {
  readonly source: ComparedEnd;
  readonly target: ComparedEnd;
  /** How many tables can be compared at a time: each needs a session on both ends. */
  readonly jobs: number;
}

/**
 * Connects to both ends.
 *
 * @throws PgCopyError `usage`, `connection_failed`, `source_unfit`, `target_unfit`.
 */
export async function connectCompared(
  options: ResolvedOptions,
  run: Run,
): Promise<ComparedServers> {
  const stack = new AsyncDisposableStackOf();
  try {
    const { environment } = options;
    const given = {
      source: await parseEndpoint(options.source, environment, "source"),
      target: await parseEndpoint(options.target, environment, "target"),
    };
    await refuseSameDirectory(given.source, given.target);
    const open = async (side: Side, signal: AbortSignal): Promise<ComparedEnd> => {
      const opening = { side, environment, sessions: options.tableJobs + 3, signal };
      const endpoint: OpenEndpoint = stack.use(await openEndpoint(given[side], opening, run));
      const connection = stack.use(await openReader(endpoint.server, side, signal));
      const { description } = endpoint;
      const serverVersion = versionName(connection.serverVersion);
      run.tell({ type: "connected", side, endpoint: description, serverVersion });
      return { description, connection };
    };
    const [source, target] = await all<[ComparedEnd, ComparedEnd]>(run.signal, [
      (signal) => open("source", signal),
      (signal) => open("target", signal),
    ]);
    const facts = [await factsOf(source, run), await factsOf(target, run)] as const;
    refuseSameDatabase(...facts);
    const jobs = fitReaders(options.tableJobs, facts, run);
    return { source, target, jobs, [Symbol.asyncDispose]: () => stack.dispose() };
  } catch (error) {
    await stack.dispose();
    throw error;
  }
}

/** A session that can't write, with one time zone whatever the server's is. */
async function openReader(
  server: ServerEndpoint,
  side: Side,
  signal: AbortSignal,
): Promise<Connection> {
  const settings = { ...comparedSettings, default_transaction_read_only: "on" };
  return await connect(server, { side, purpose: "compare", signal, settings });
}

function factsOf({ connection }: ComparedEnd, run: Run): Promise<ServerFacts> {
  const probe = () => openReader(connection.endpoint, connection.side, run.signal);
  return checkServer(connection, probe, "reads");
}

/** As many jobs as both ends have connections for; one more is for pg_dump. */
function fitReaders(
  wanted: number,
  [source, target]: readonly [ServerFacts, ServerFacts],
  run: Run,
): number {
  const free = Math.min(
    freeOf(source),
    freeOf(target),
    Math.floor(freeTogether(source, target) / 2),
  );
  if (free < 1) {
    const [side, facts] =
      freeOf(source) < 1 ? (["source", source] as const) : (["target", target] as const);
    throw tooFew(side, facts, 1);
  }
  if (free >= wanted) return wanted;
  run.warn(`not enough free connections: going on with ${free} jobs in place of ${wanted}`);
  return free;
}

/** A snapshot of each end. */
export interface ComparedSnapshots {
  readonly source: HeldSnapshot;
  readonly target: HeldSnapshot;
}

export async function holdBothSnapshots(
  { source, target }: ComparedServers,
  run: Run,
): Promise<ComparedSnapshots> {
  const [here, there] = await all<[HeldSnapshot, HeldSnapshot]>(run.signal, [
    () => holdSnapshot(source.connection),
    () => holdSnapshot(target.connection),
  ]);
  return { source: here, target: there };
}

/** Sessions that see what the snapshot's holder sees. */
export function readerPool(snapshot: HeldSnapshot, jobs: number, run: Run): ConnectionPool {
  const { endpoint, side } = snapshot.connection;
  return new ConnectionPool(jobs, async () => {
    const connection = await openReader(endpoint, side, run.signal);
    await importSnapshot(connection, snapshot.id);
    return connection;
  });
}
