/**
 * What a test has left behind: on the servers in the databases that it made, and in its own process.
 * Test files run side by side on the same servers, so only what is a file's own is looked at.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import pg from "pg";
import type { ServerAddress } from "./launch-servers.js";

/** Sessions take a moment to go from pg_stat_activity, and sockets to close. */
const PATIENCE_MS = 3_000;
const POLL_MS = 10;

interface Watched {
  readonly address: ServerAddress;
  readonly databases: Set<string>;
  client: Promise<pg.Client> | undefined;
}

const servers = new Map<number, Watched>();
/** Found when a database was dropped, with all that was in it. */
const found: string[] = [];

/** A database of this test file: until it is dropped nothing of pgcopy may be left in it after a test. */
export function watchDatabase(address: ServerAddress, name: string): void {
  // Other test files work there, too.
  if (name === "postgres" || name === "template1") return;
  const known = servers.get(address.port);
  if (known !== undefined) known.databases.add(name);
  else servers.set(address.port, { address, databases: new Set([name]), client: undefined });
}

/** To be called before it is dropped, which would end its sessions. */
export async function unwatchDatabase(
  { port }: ServerAddress,
  name: string,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const watched = servers.get(port);
  if (!watched?.databases.has(name)) return;
  found.push(...(await untilNone(() => leftOn(watched, [name]), patienceMs)));
  watched.databases.delete(name);
}

/** What is left on the servers, in words; waits a moment for it to go. */
export async function leftOnServers(patienceMs = PATIENCE_MS): Promise<string[]> {
  const all = [...servers.values()].filter(({ databases }) => databases.size > 0);
  const left = await untilNone(
    async () => (await Promise.all(all.map((one) => leftOn(one, [...one.databases])))).flat(),
    patienceMs,
  );
  return [...found.splice(0), ...left];
}

const leftQuery = `
select format('on %s in %s: session %s, %s, %s: %s', current_setting('port'), datname, pid, application_name, state, left(query, 100)) as what
from pg_stat_activity where ($1::text[] is null or datname = any($1)) and application_name like 'pgcopy%'
union all
select format('on %s in %s: prepared transaction %s', current_setting('port'), database, gid)
from pg_prepared_xacts where ($1::text[] is null or database = any($1))
union all
select format('on %s in %s: replication slot %s', current_setting('port'), database, slot_name)
from pg_replication_slots where ($1::text[] is null or database = any($1)) and slot_name like 'pgcopy%'`;

/** What is left in any database, when all tests are over. */
export async function leftAtTheEnd(addresses: readonly ServerAddress[]): Promise<string[]> {
  for (const address of addresses)
    servers.set(address.port, { address, databases: new Set(), client: undefined });
  const left = await untilNone(async () =>
    (await Promise.all([...servers.values()].map((one) => leftOn(one)))).flat(),
  );
  await endLeakChecks();
  return left;
}

/** A server that a test has stopped has nothing left. */
async function leftOn(watched: Watched, names?: readonly string[]): Promise<string[]> {
  try {
    watched.client ??= open(watched);
    const client = await watched.client;
    const { rows } = await client.query<{ what: string }>(leftQuery, [names ?? null]);
    return rows.map(({ what }) => what);
  } catch {
    watched.client = undefined;
    return [];
  }
}

/** One connection for the whole file. */
async function open(watched: Watched): Promise<pg.Client> {
  const { host, port, user, password } = watched.address;
  const client = new pg.Client({
    ...{ host, port, user, password, database: "postgres" },
    application_name: "leak check",
  });
  client.on("error", () => {
    watched.client = undefined;
  });
  await client.connect();
  return client;
}

/** Closes the connections. */
export async function endLeakChecks(): Promise<void> {
  const clients = [...servers.values()].map(async ({ client }) => (await client)?.end());
  await Promise.allSettled(clients);
  servers.clear();
}

/** What a process has: how often each of its resources, by name. */
export type Holdings = ReadonlyMap<string, number>;

/** What Vitest opens and closes by itself is not among them. */
const resources = ["TCPSocketWrap", "TCPServerWrap", "PipeWrap", "ProcessWrap"];

/** Sockets, children and temporary files of this process now. */
export function holdings(): Holdings {
  const counts = new Map<string, number>();
  const add = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const name of process.getActiveResourcesInfo()) if (resources.includes(name)) add(name);
  const sockets = counts.get("TCPSocketWrap") ?? 0;
  if (sockets > 0) counts.set("TCPSocketWrap", sockets - ownSockets());
  for (const child of children()) add(`child process ${child}`);
  for (const file of readdirSync(tmpdir())) add(`${tmpdir()}/${file}`);
  return counts;
}

/** What there is more of than before, in words; waits a moment for it to go. */
export async function leftInProcess(before: Holdings, patienceMs = PATIENCE_MS): Promise<string[]> {
  return await untilNone(
    async () =>
      [...holdings()].flatMap(([name, count]) => {
        const more = count - (before.get(name) ?? 0);
        return more > 0 ? [more === 1 ? name : `${name}: ${more} more`] : [];
      }),
    patienceMs,
  );
}

function ownSockets(): number {
  return [...servers.values()].filter(({ client }) => client !== undefined).length;
}

/** Where the system tells: those of Linux. */
function children(): string[] {
  const path = `/proc/${process.pid}/task/${process.pid}/children`;
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split(" ")
    .filter((pid) => pid !== "")
    .map((pid) => `${pid} ${commandOf(pid)}`);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").slice(0, 100);
  } catch {
    return "(gone)";
  }
}

async function untilNone(
  look: () => Promise<string[]>,
  patienceMs = PATIENCE_MS,
): Promise<string[]> {
  const began = performance.now();
  for (;;) {
    const left = await look();
    if (left.length === 0 || performance.now() - began > patienceMs) return left;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
