/**
 * What pg_dump leaves out of a script without data and without CREATE DATABASE: the database's own
 * properties, which version of an extension is installed, invalid indexes, triggers of constraints
 * that are switched off, and who owns large objects.
 */

import type { Connection } from "../postgres/connection.js";
import { displayName } from "../postgres/quote.js";
import { readDatabaseProperties } from "./database-properties.js";
import { userObjects } from "./user-objects.js";

export interface ExtensionState {
  readonly version: string;
  /** What its server would install. */
  readonly defaultVersion: string | undefined;
}

export interface LargeObjectState {
  readonly owner: string;
  /** As in `pg_largeobject_metadata.lomacl`, sorted; empty for the default. */
  readonly privileges: string;
  readonly comment: string;
}

/** ALTER DATABASE … SET, or ALTER ROLE … IN DATABASE … SET. */
export interface SettingOfDatabase {
  /** Undefined for all roles. */
  readonly role: string | undefined;
  /** `name=value`; it may be a secret. */
  readonly setting: string;
}

/** Of more than so many large objects owners, privileges and comments are not read. */
export const MOST_LARGE_OBJECTS = 100_000;

export interface UnprintedState {
  /** By name: `encoding`, `locale provider`. */
  readonly database: ReadonlyMap<string, string>;
  readonly settings: readonly SettingOfDatabase[];
  readonly extensions: ReadonlyMap<string, ExtensionState>;
  /** Qualified names. */
  readonly invalidIndexes: readonly string[];
  /** By table, the constraints whose triggers don't fire as usual. */
  readonly constraintTriggers: ReadonlyMap<string, string>;
  /** By OID: owner, privileges and comment. Undefined where there are more than `MOST_LARGE_OBJECTS`. */
  readonly largeObjects: ReadonlyMap<string, LargeObjectState> | undefined;
  /** Whether the schema public has the owner and the privileges that its server made it with. */
  readonly usualPublicSchema: boolean;
}

const settingsQuery = `
select case when s.setrole <> 0 then pg_catalog.pg_get_userbyid(s.setrole) end as role, c.setting
from pg_catalog.pg_db_role_setting s
join pg_catalog.pg_database d on d.oid = s.setdatabase and d.datname = pg_catalog.current_database()
cross join lateral unnest(s.setconfig) as c (setting)`;

const extensionsQuery = `
select e.extname as name, e.extversion as version, a.default_version as "defaultVersion"
from pg_catalog.pg_extension e
left join pg_catalog.pg_available_extensions a on a.name = e.extname`;

const invalidIndexesQuery = `
select n.nspname as schema, c.relname as name
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid and c.relkind = 'i'
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where not i.indisvalid and ${userObjects("i.indrelid", "n")}
order by 1, 2`;

/** A foreign key has triggers on both of its tables, and partitions have their own. */
const constraintTriggersQuery = `
select n.nspname as schema, c.relname as name,
       pg_catalog.string_agg(distinct k.conname || ' ' || case t.tgenabled when 'D' then 'disabled' when 'R' then 'on replicas only' else 'always' end,
                             ', ' order by k.conname || ' ' || case t.tgenabled when 'D' then 'disabled' when 'R' then 'on replicas only' else 'always' end) as triggers
from pg_catalog.pg_trigger t
join pg_catalog.pg_constraint k on k.oid = t.tgconstraint
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where t.tgisinternal and t.tgenabled <> 'O' and ${userObjects("c.oid", "n")}
group by n.nspname, c.relname`;

/** From 15 on it belongs to pg_database_owner (6171), and nobody else may create in it. */
const publicSchemaQuery = `
select n.nspowner = case when current_setting('server_version_num')::int >= 150000 then 6171 else 10 end
       and n.nspacl::text = i.initprivs::text as usual
from pg_catalog.pg_namespace n
join pg_catalog.pg_init_privs i on i.objoid = n.oid and i.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
where n.nspname = 'public'`;

const largeObjectsQuery = `
select m.oid::text as oid, pg_catalog.pg_get_userbyid(m.lomowner) as owner,
       coalesce((select pg_catalog.string_agg(a.acl::text, ', ' order by a.acl::text collate "C") from unnest(m.lomacl) as a (acl)), '') as privileges,
       coalesce(d.description, '') as comment
from pg_catalog.pg_largeobject_metadata m
left join pg_catalog.pg_description d on d.objoid = m.oid and d.objsubid = 0
 and d.classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass
limit ${MOST_LARGE_OBJECTS + 1}`;

interface Named extends Record<string, unknown> {
  readonly schema: string;
  readonly name: string;
}

/** Reads it with a handful of queries, however large the database. */
export async function readUnprintedState(connection: Connection): Promise<UnprintedState> {
  const read = <R extends Record<string, unknown>>(sql: string) =>
    connection.query<R>(`reading the ${connection.side}'s catalog`, sql);
  const extensions = await read<{ name: string; version: string; defaultVersion: string | null }>(
    extensionsQuery,
  );
  const invalid = await read<Named>(invalidIndexesQuery);
  const objects = await read<{ oid: string } & LargeObjectState & Record<string, unknown>>(
    largeObjectsQuery,
  );
  const triggers = await read<Named & { triggers: string }>(constraintTriggersQuery);
  return {
    database: await databaseState(connection),
    settings: (await read<{ role: string | null; setting: string }>(settingsQuery)).map(
      ({ role, setting }) => ({ role: role ?? undefined, setting }),
    ),
    extensions: new Map(
      extensions.map(({ name, version, defaultVersion }) => [
        name,
        { version, defaultVersion: defaultVersion ?? undefined },
      ]),
    ),
    invalidIndexes: invalid.map(({ schema, name }) => displayName(schema, name)),
    largeObjects:
      objects.length > MOST_LARGE_OBJECTS
        ? undefined
        : new Map(objects.map(({ oid, ...state }) => [oid, state])),
    usualPublicSchema: (await read<{ usual: boolean }>(publicSchemaQuery))[0]?.usual ?? false,
    constraintTriggers: new Map(
      triggers.map(({ schema, name, triggers: states }) => [displayName(schema, name), states]),
    ),
  };
}

async function databaseState(connection: Connection): Promise<Map<string, string>> {
  const { encoding, collate, ctype, provider, providerLocale, icuRules, owner } =
    await readDatabaseProperties(connection);
  return new Map([
    ["owner", owner],
    ["encoding", encoding],
    ["collation", collate],
    ["character type", ctype],
    ["locale provider", provider],
    ...(providerLocale === undefined ? [] : ([["locale", providerLocale]] as const)),
    ...(icuRules === undefined ? [] : ([["ICU rules", icuRules]] as const)),
  ]);
}
