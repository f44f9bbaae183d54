/**
 * What a database holds besides its schema: its rows, its sequences, and the states of indexes,
 * constraints, triggers and rules that a dump shows only in part. Each as text, under its name.
 */

import type { Connection } from "../../src/postgres/connection.js";
import { quoteName } from "../../src/postgres/quote.js";

export interface Contents {
  /** Ordinary tables and partitions, without their children: number of rows and checksum. */
  readonly tables: ReadonlyMap<string, string>;
  /** The same, or `not populated`. */
  readonly materializedViews: ReadonlyMap<string, string>;
  readonly sequences: ReadonlyMap<string, string>;
  readonly indexes: ReadonlyMap<string, string>;
  readonly constraints: ReadonlyMap<string, string>;
  readonly triggers: ReadonlyMap<string, string>;
  /** The copies of a partitioned table's triggers on its partitions. */
  readonly partitionTriggers: ReadonlyMap<string, string>;
  readonly rules: ReadonlyMap<string, string>;
  /** By OID: length, checksum, owner, privileges, comment, labels. */
  readonly largeObjects: ReadonlyMap<string, string>;
}

const userNamespace = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** Columns by name: where a child table was created again, its columns may come in another order. */
const relationsQuery = `
  select format('%I.%I', n.nspname, c.relname) as name, c.relkind::text as kind,
    c.relispopulated as populated,
    array(select a.attname::text from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      order by a.attname collate "C") as columns
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm', 'S') and ${userNamespace}
  order by 1`;

/** pg_dump leaves out the invalid indexes of ordinary tables: what CREATE INDEX CONCURRENTLY left when it failed. */
const indexesQuery = `
  select format('%I.%I', n.nspname, c.relname) as name,
    concat_ws(' ', pg_catalog.pg_get_indexdef(i.indexrelid),
      case when i.indisvalid then 'valid' else 'invalid' end,
      case when i.indisready then 'ready' end, case when i.indislive then 'live' end,
      case when i.indisclustered then 'clustered' end,
      case when i.indisreplident then 'replica identity' end,
      case when not i.indimmediate then 'deferred' end,
      'of ' || p.inhparent::regclass::text,
      (select string_agg(attname || ' statistics ' || attstattarget, ', ' order by attnum)
       from pg_catalog.pg_attribute where attrelid = i.indexrelid and attstattarget >= 0)) as state
  from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_inherits p on p.inhrelid = i.indexrelid
  where ${userNamespace} and (i.indisvalid or c.relkind = 'I')`;

/**
 * NOT NULL constraints are objects from version 18 on; before it they have no row here. A foreign
 * key to a partitioned table has rows for its partitions, on the same table and with made-up names:
 * which of them there are depends on what was made first.
 */
const constraintsQuery = `
  select format('%s %I', case when k.conrelid <> 0 then k.conrelid::regclass::text
      else k.contypid::regtype::text end, k.conname) as name,
    concat_ws(' ', pg_catalog.pg_get_constraintdef(k.oid),
      case when k.convalidated then 'validated' else 'not validated' end,
      case when k.condeferrable then 'deferrable' end,
      case when k.condeferred then 'deferred' end,
      'index ' || nullif(k.conindid, 0)::regclass::text,
      (select 'of ' || p.conname from pg_catalog.pg_constraint p where p.oid = k.conparentid)) as state
  from pg_catalog.pg_constraint k join pg_catalog.pg_namespace n on n.oid = k.connamespace
  where ${userNamespace} and k.contype not in ('n', 't')
    and not exists (select from pg_catalog.pg_constraint p
      where p.oid = k.conparentid and p.conrelid = k.conrelid)`;

/** By way of JSON, as version 12 has no such column. */
const isCopied = `coalesce(pg_catalog.to_jsonb(t) ->> 'tgparentid', '0') <> '0'`;

const triggersQuery = `
  select format('%s %I', t.tgrelid::regclass, t.tgname) as name,
    t.tgenabled::text || ' ' || pg_catalog.pg_get_triggerdef(t.oid) as state
  from pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where ${userNamespace} and not t.tgisinternal and not ${isCopied}
  union all
  select evtname::text, evtenabled::text || ' ' || evtevent from pg_catalog.pg_event_trigger`;

const partitionTriggersQuery = `
  select format('%s %I', t.tgrelid::regclass, t.tgname) as name, t.tgenabled::text as state
  from pg_catalog.pg_trigger t
  where not t.tgisinternal and ${isCopied}`;

const rulesQuery = `
  select format('%s %I', r.ev_class::regclass, r.rulename) as name,
    r.ev_enabled::text || ' ' || pg_catalog.pg_get_ruledef(r.oid) as state
  from pg_catalog.pg_rewrite r
    join pg_catalog.pg_class c on c.oid = r.ev_class
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where ${userNamespace}`;

/**
 * The length is that of the whole; the pages are hashed without zeros at either end, so that a page of
 * zeros is as good as none.
 */
const largeObjectsQuery = `
  select m.oid::text as name,
    concat_ws(' ', p.length, 'bytes, checksum', p.checksum, 'owner', pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(m.lomowner)),
      'acl ' || m.lomacl::text,
      'comment ' || pg_catalog.quote_literal(d.description),
      'labels ' || (select string_agg(l.provider || ' ' || pg_catalog.quote_literal(l.label), ', ' order by l.provider)
        from pg_catalog.pg_seclabel l where l.classoid = 'pg_catalog.pg_largeobject'::regclass and l.objoid = m.oid)
    ) as state
  from pg_catalog.pg_largeobject_metadata m
    left join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_largeobject'::regclass and d.objoid = m.oid
    cross join lateral (
      select coalesce(max(l.pageno::bigint * 2048 + length(l.data)), 0) as length,
        string_agg(concat_ws(' ', l.pageno, pg_catalog.md5(pg_catalog.btrim(l.data, '\\x00'::bytea))), ', ' order by l.pageno)
          filter (where length(pg_catalog.btrim(l.data, '\\x00'::bytea)) > 0) as pages
      from pg_catalog.pg_largeobject l where l.loid = m.oid) as pages
    cross join lateral (select pages.length, pg_catalog.md5(coalesce(pages.pages, '')) as checksum) as p`;

/** Reads all of it, at one moment. */
export async function readContents(connection: Connection): Promise<Contents> {
  await connection.execute("reading", "begin isolation level repeatable read read only");
  const contents = {
    tables: new Map<string, string>(),
    materializedViews: new Map<string, string>(),
    sequences: new Map<string, string>(),
    indexes: await states(connection, indexesQuery),
    constraints: await states(connection, constraintsQuery),
    triggers: await states(connection, triggersQuery),
    partitionTriggers: await states(connection, partitionTriggersQuery),
    rules: await states(connection, rulesQuery),
    largeObjects: await states(connection, largeObjectsQuery),
  };
  for (const relation of await readRelations(connection)) {
    const kind = { r: contents.tables, m: contents.materializedViews, S: contents.sequences };
    kind[relation.kind].set(relation.name, await contentOf(connection, relation));
  }
  await connection.execute("reading", "commit");
  return contents;
}

interface Relation {
  readonly [column: string]: unknown;
  /** Quoted where SQL needs it. */
  readonly name: string;
  readonly kind: "r" | "m" | "S";
  readonly populated: boolean;
  readonly columns: readonly string[];
}

async function readRelations(connection: Connection): Promise<Relation[]> {
  return await connection.query<Relation>("listing relations", relationsQuery);
}

async function states(connection: Connection, query: string): Promise<Map<string, string>> {
  const rows = await connection.query<{ name: string; state: string }>("reading states", query);
  return new Map(rows.map(({ name, state }) => [name, state]));
}

async function contentOf(connection: Connection, relation: Relation): Promise<string> {
  if (!relation.populated) return "not populated";
  const [row] = await connection.query<{ content: string }>(
    `reading ${relation.name}`,
    relation.kind === "S"
      ? `select concat_ws(' ', last_value, case when is_called then 'called' else 'not called' end) as content from ${relation.name}`
      : checksumQuery(relation),
  );
  return row?.content ?? "nothing";
}

/** The sum of the rows' hashes does not depend on their order, and a row that is there twice counts twice. */
function checksumQuery(relation: Relation): string {
  return `
    select concat(pg_catalog.count(*), ' rows, checksum ',
      coalesce(sum(('x' || pg_catalog.left(hash, 16))::bit(64)::bigint::numeric), 0), ' ',
      coalesce(sum(('x' || pg_catalog.right(hash, 16))::bit(64)::bigint::numeric), 0)) as content
    from (select pg_catalog.md5(${rowText(relation)}) as hash from only ${relation.name} as r) as hashes`;
}

/** A row as its types' output functions print it, which is what COPY does, too; a cast to text may differ (xml). */
function rowText(relation: Relation): string {
  return `row(${relation.columns.map((column) => `r.${quoteName(column)}`).join(", ")})::text`;
}

/** All rows of a table as text, for showing what differs. */
export async function rowsOf(connection: Connection, table: string): Promise<string[]> {
  const relation = (await readRelations(connection)).find(({ name }) => name === table);
  if (relation === undefined) return [];
  const rows = await connection.query<{ content: string }>(
    `reading ${table}`,
    `select ${rowText(relation)} as content from only ${table} as r`,
  );
  return rows.map(({ content }) => content);
}
