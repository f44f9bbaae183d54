/**
 * The servers that the tests run on (started by global-setup.ts), and databases on them.
 *
 *     await using source = await createDatabase(server(16));
 *     await source.execute("create table t (id int primary key)");
 */

import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { quoteName } from "../../src/postgres/quote.js";
import type { ServerAddress } from "./launch-servers.js";
import { unwatchDatabase, watchDatabase } from "./leaks.js";

export type TestMajor = 12 | 13 | 14 | 15 | 16 | 17 | 18;
/** The major versions that run: 13, 15, 16 and 18, unless PGCOPY_TEST_MAJORS said otherwise. */
export const testMajors = Object.keys(inject("servers")).map(Number) as readonly TestMajor[];

export interface TestServer extends ServerAddress {
  /** Connects over TCP with the superuser's password (scram-sha-256). */
  uri(database?: string): string;
  /** Connects over the unix socket, where no password is asked for. */
  socketUri(database?: string): string;
}

export interface TestDatabase extends AsyncDisposable {
  readonly server: TestServer;
  readonly name: string;
  readonly uri: string;
  /** One statement on a connection of its own; its rows, by column name. */
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
  query<R extends Record<string, unknown> = Record<string, any>>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<R[]>;
  /** A script of any number of statements, on a connection of its own. */
  execute(script: string): Promise<void>;
  /** A connection of its own, for as long as `use` runs. */
  withClient<T>(use: (client: pg.Client) => Promise<T>): Promise<T>;
}

/** The running server of a major version. */
export function server(major: TestMajor): TestServer {
  const address = inject("servers")[major];
  if (address === undefined) throw new Error(`no test server of major version ${major}`);
  return testServer(address);
}

/** A server by its address, with the means to connect to it. */
export function testServer(address: ServerAddress): TestServer {
  const user = encodeURIComponent(address.user);
  const password = encodeURIComponent(address.password);
  const socket = encodeURIComponent(address.socketDirectory);
  return {
    ...address,
    uri: (database = "postgres") =>
      `postgres://${user}:${password}@${address.host}:${address.port}/${encodeURIComponent(database)}`,
    socketUri: (database = "postgres") =>
      `postgres://${user}@${socket}:${address.port}/${encodeURIComponent(database)}`,
  };
}

/** Creates an empty database with a name of its own; disposing of it drops it, with its sessions. */
export async function createDatabase(on: TestServer, prefix = "test"): Promise<TestDatabase> {
  const name = uniqueName(prefix);
  await withClient(on, "postgres", (client) =>
    client.query(`create database ${quoteName(name)} template template0`),
  );
  return databaseOn(on, name);
}

/** A name for a database that nobody else uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(5).toString("hex")}`;
}

/** A database that exists already, or that the code under test will create; disposing of it drops it. */
export function databaseOn(on: TestServer, name: string): TestDatabase {
  watchDatabase(on, name);
  return {
    server: on,
    name,
    uri: on.uri(name),
    query: (sql, values) =>
      withClient(on, name, async (client) => (await client.query(sql, values as unknown[])).rows),
    execute: (script) =>
      withClient(on, name, async (client) => {
        await client.query(script);
      }),
    withClient: (use) => withClient(on, name, use),
    [Symbol.asyncDispose]: () => dropDatabase(on, name),
  };
}

/** Drops a database if it exists, and ends its sessions. */
export async function dropDatabase(on: TestServer, name: string): Promise<void> {
  await unwatchDatabase(on, name);
  await dropSubscriptions(on, name);
  await withClient(on, "postgres", async (client) => {
    if (on.major >= 13) {
      await client.query(`drop database if exists ${quoteName(name)} with (force)`);
      return;
    }
    await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
      [name],
    );
    await client.query(`drop database if exists ${quoteName(name)}`);
  });
}

/** A database with subscriptions can't be dropped, nor a subscription whose slot can't be reached. */
async function dropSubscriptions(on: TestServer, name: string): Promise<void> {
  const subscriptions = await withClient(on, "postgres", async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select s.subname as name from pg_subscription s
       join pg_database d on d.oid = s.subdbid where d.datname = $1`,
      [name],
    );
    return rows.map((row) => quoteName(row.name));
  });
  if (subscriptions.length === 0) return;
  await withClient(on, name, async (client) => {
    for (const subscription of subscriptions) {
      await client.query(`alter subscription ${subscription} disable`);
      await client.query(`alter subscription ${subscription} set (slot_name = none)`);
      await client.query(`drop subscription ${subscription}`);
    }
  });
}

/** A session of a test server, as pg_stat_activity shows it. */
export interface SessionRow {
  readonly pid: number;
  readonly application_name: string;
  readonly state: string | null;
  readonly query: string;
}

/** The sessions in a database whose application_name starts so: an empty list proves that none is left. */
export async function sessionsOf(
  database: TestDatabase,
  applicationNamePrefix = "pgcopy",
): Promise<SessionRow[]> {
  return await withClient(database.server, "postgres", async (client) => {
    const { rows } = await client.query<SessionRow>(
      `select pid, application_name, state, query from pg_stat_activity
       where datname = $1 and starts_with(application_name, $2) order by pid`,
      [database.name, applicationNamePrefix],
    );
    return rows;
  });
}

async function withClient<T>(
  on: TestServer,
  database: string,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    host: on.host,
    port: on.port,
    user: on.user,
    password: on.password,
    database,
    application_name: "test",
  });
  // A test may end this session on purpose; the query in it fails anyway.
  client.on("error", () => {});
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
