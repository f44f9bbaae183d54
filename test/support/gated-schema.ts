/**
 * A database with gates: on its clone, a COPY, an index build or the making of tables can be held up
 * for as long as a test wants, or made to fail. The gates are functions that behave otherwise only
 * where settings of the database say so, so that source and target have the same schema.
 */

import type pg from "pg";
import type { TestDatabase } from "./servers.js";
import { until } from "./waiting.js";

/** The advisory lock that whoever meets a closed gate waits for. */
export const GATE_LOCK = 4711;

export const WIDE_ROWS = 3_000;
export const SMALL_TABLES = ["public.small_1", "public.small_2", "public.small_3"];
/** 30 MB on the wire, more than all buffers between the two servers hold, and little on the disk. */
const WIDE_TEXT = 10_000;

const rowGate = `
    create function row_gate(n int) returns boolean immutable language plpgsql as $$
    begin
      if n::text = current_setting('gate.row', true) then
        perform pg_catalog.pg_advisory_lock_shared(${GATE_LOCK});
      end if;
      if n::text = current_setting('gate.bad_row', true) then
        raise exception 'row % is not welcome here', n using detail = 'It came at a bad time.';
      end if;
      return true;
    end $$;`;

/** Creates the tables, with their rows and indexes, in an empty database. */
export async function createGatedSchema(database: TestDatabase): Promise<void> {
  await database.execute(`
    ${rowGate}
    create function index_gate(n int) returns int immutable language plpgsql as $$
    begin
      if current_setting('gate.index', true) = 'closed' then
        perform pg_catalog.pg_advisory_lock_shared(${GATE_LOCK});
      end if;
      return n;
    end $$;
    create table wide (id int not null, payload text not null, check (row_gate(id)));
    insert into wide select n, repeat('x', ${WIDE_TEXT}) from generate_series(1, ${WIDE_ROWS}) n;
    alter table wide add primary key (id);
    create sequence numbers start 7;
    ${SMALL_TABLES.map(
      (table) => `
        create table ${table} (id int primary key, word text);
        insert into ${table} select n, 'word ' || n from generate_series(1, 100) n;`,
    ).join("")}
    create index gated_idx on small_1 (index_gate(id));`);
}

/** So many that they are copied in batches: `many_1` holds 1001 to 1050, `many_2` 2001 to 2050, … */
export const MANY_TABLES = 24;

/** Creates many small tables, each with a gate, in an empty database. */
export async function createManySmallTables(database: TestDatabase): Promise<void> {
  const tables = Array.from({ length: MANY_TABLES }, (_, index) => {
    const [name, first] = [`many_${index + 1}`, (index + 1) * 1000];
    return `
      create table ${name} (id int primary key, word text, check (row_gate(id)));
      insert into ${name} select ${first} + n, 'word ' || n from generate_series(1, 50) n;
      create index ${name}_word_idx on ${name} (word);`;
  });
  await database.execute(rowGate + tables.join(""));
}

/** What a clone meets in the target: `row` and `index` wait, `bad_row` fails. */
export type Gate = "row" | "index" | "bad_row";

/** Closed gates of a database; disposing of it opens them. */
export interface ClosedGates extends AsyncDisposable {
  /** Waits until a session of pgcopy stands before a gate; its process id. */
  untilReached(): Promise<number>;
  /** Lets all of them pass. */
  open(): Promise<void>;
}

/** Closes gates of the target for all sessions that begin from now on. */
export async function closeGates(
  target: TestDatabase,
  settings: Partial<Record<Gate, string>>,
): Promise<ClosedGates> {
  for (const [gate, value] of Object.entries(settings)) {
    await target.execute(`alter database ${target.name} set gate.${gate} = '${value}'`);
  }
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let closed: (client: pg.Client) => void = () => {};
  const isClosed = new Promise<pg.Client>((resolve) => {
    closed = resolve;
  });
  const holding = target.withClient(async (client) => {
    await client.query(`select pg_advisory_lock(${GATE_LOCK})`);
    closed(client);
    await opened;
  });
  await isClosed;
  const openAll = async () => {
    open();
    await holding;
  };
  return {
    untilReached: () => until("a session stands before the gate", () => waiting(target)),
    open: openAll,
    [Symbol.asyncDispose]: async () => {
      await target.execute(`alter database ${target.name} reset all`);
      await openAll();
    },
  };
}

/** Whoever makes a table in the target's schema public waits. */
export async function closeTableGate(target: TestDatabase): Promise<ClosedGates> {
  await target.execute(`
    create schema waiting;
    create function waiting.when_a_table_comes() returns event_trigger language plpgsql as $$
    begin
      if exists (select from pg_event_trigger_ddl_commands() where schema_name = 'public') then
        perform pg_advisory_lock_shared(${GATE_LOCK});
      end if;
    end $$;
    create event trigger when_a_table_comes on ddl_command_end when tag in ('CREATE TABLE')
      execute function waiting.when_a_table_comes()`);
  const gates = await closeGates(target, {});
  return {
    ...gates,
    [Symbol.asyncDispose]: async () => {
      await gates[Symbol.asyncDispose]();
      await target.execute(`
        drop event trigger if exists when_a_table_comes;
        drop schema if exists waiting cascade`);
    },
  };
}

async function waiting(target: TestDatabase): Promise<number | undefined> {
  const [row] = await target.query<{ pid: number }>(
    `select pid from pg_stat_activity where datname = current_database()
     and wait_event_type = 'Lock' and wait_event = 'advisory' and application_name like 'pgcopy%'`,
  );
  return row?.pid;
}
