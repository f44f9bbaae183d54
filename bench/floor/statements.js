// @ts-check
/**
 * What the floor is made of: the statements of each part, one for each table, index or foreign key
 * of the data set, read from the source's catalog.
 */

/**
 * @typedef {object} Statement
 * @property {string} before what has to be done first, unmeasured; may be empty
 * @property {string} sql what is measured
 *
 * @typedef {"out" | "in" | "indexes" | "foreignKeys" | "analyze"} Part
 */

/** In the order in which they run. @type {readonly Part[]} */
export const parts = ["out", "in", "indexes", "foreignKeys", "analyze"];

/**
 * Binary where it is safe, by a rule of the benchmark's own: every column is of a type that has the
 * same OID and binary form in every database, or an enum, whose values travel as their labels.
 */
const tablesQuery = `
  select c.oid::text as oid, format('%I.%I', n.nspname, c.relname) as name,
    case when bool_and(t.typsend <> 0 and t.typreceive <> 0 and t.typname !~ '^reg' and (t.oid < 16384 or t.typtype = 'e'))
      then 'binary' else 'text' end as format
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_type t on t.oid = a.atttypid
  where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  group by c.oid, n.nspname, c.relname
  order by c.oid`;

/** Those of constraints too: what they cost is their index. */
const indexesQuery = `
  select pg_get_indexdef(i.indexrelid) as sql
  from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  order by i.indexrelid`;

const foreignKeysQuery = `
  select format('alter table %s add constraint %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid)) as sql
  from pg_constraint k where k.contype = 'f' order by k.oid`;

/** Foreign keys before the keys that they refer to, and then what no constraint needs. */
const dropQueries = [
  `select format('alter table %s drop constraint %I', conrelid::regclass, conname) as sql
   from pg_constraint k join pg_namespace n on n.oid = k.connamespace
   where conrelid <> 0 and contype in ('f', 'p', 'u', 'x') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   order by contype <> 'f'`,
  `select format('drop index %s', i.indexrelid::regclass) as sql
   from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
   where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`,
];

/**
 * @param {import("pgcopy").Connection} connection to the source database
 * @param {string} directory where the tables' files are
 * @returns {Promise<Record<Part | "files", Statement[]>>} `files` writes them
 */
export async function readStatements(connection, directory) {
  const tables = await connection.query("listing tables", tablesQuery);
  /** @param {(table: { oid: unknown, name: unknown, format: unknown }) => Statement} statement */
  const each = (statement) =>
    tables.map(({ oid, name, format }) => statement({ oid, name, format }));
  /** @param {string} query */
  const read = async (query) => {
    const rows = await connection.query("reading definitions", query);
    return rows.map(({ sql }) => ({ before: "", sql: String(sql) }));
  };
  return {
    files: each(({ oid, name, format }) => ({
      before: "",
      sql: `copy ${name} to '${directory}/${oid}' (format ${format})`,
    })),
    out: each(({ name, format }) => ({
      before: "",
      sql: `copy ${name} to '/dev/null' (format ${format})`,
    })),
    // FREEZE wants the table to be new or emptied in the same transaction.
    in: each(({ oid, name, format }) => ({
      before: `truncate only ${name}`,
      sql: `copy ${name} from '${directory}/${oid}' (format ${format}, freeze)`,
    })),
    indexes: await read(indexesQuery),
    foreignKeys: await read(foreignKeysQuery),
    analyze: each(({ name }) => ({ before: "", sql: `analyze ${name}` })),
  };
}

/**
 * What leaves tables alone: no keys, no indexes.
 *
 * @param {import("pgcopy").Connection} connection
 * @param {(statements: Statement[]) => Promise<unknown>} run
 */
export async function dropIndexes(connection, run) {
  for (const query of dropQueries) {
    const rows = await connection.query("listing indexes", query);
    await run(rows.map(({ sql }) => ({ before: "", sql: String(sql) })));
  }
}
