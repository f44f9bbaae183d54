// @ts-check
/**
 * What a database holds, to tell whether a contestant's target is right: every table's rows counted
 * and hashed, and the definitions of every index and constraint. In SQL of its own, so that pgcopy is
 * not judged by the code that is under test.
 *
 * @typedef {object} Contents
 * @property {Map<string, string>} tables rows and checksum of each
 * @property {Map<string, string>} indexes valid ones, and their definitions
 * @property {Map<string, string>} constraints validated ones, and their definitions
 * @property {Map<string, string>} sequences their last values
 */

import { withConnection } from "./databases.js";

const QUERIES_PER_ROUND_TRIP = 100;
const SHOWN_DIFFERENCES = 2;

/** For each table the query that digests it: rows are hashed by themselves, so their order doesn't matter. */
const digestQueries = `
  select format(
      'select %L as name, count(*) || '' rows, checksum '' || coalesce(sum(hashtextextended(row(%s)::text, 0)), 0) as value from only %I.%I',
      n.nspname || '.' || c.relname, string_agg(quote_ident(a.attname), ', ' order by a.attnum), n.nspname, c.relname) as sql
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relkind in ('r', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  group by n.nspname, c.relname
  order by n.nspname, c.relname`;

const indexesQuery = `
  select n.nspname || '.' || c.relname as name, pg_get_indexdef(i.indexrelid) as value
  from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
  where i.indisvalid and n.nspname !~ '^pg_'`;

/** Since PostgreSQL 18 a NOT NULL is a constraint too; before, it is none. */
const constraintsQuery = `
  select conrelid::regclass || '.' || k.conname as name, pg_get_constraintdef(k.oid) as value
  from pg_constraint k join pg_namespace n on n.oid = k.connamespace
  where k.conrelid <> 0 and k.contype <> 'n' and k.convalidated and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

const sequencesQuery = `
  select schemaname || '.' || sequencename as name, coalesce(last_value::text, 'not used') as value from pg_sequences`;

/**
 * @param {import("./servers.js").BenchServer} server
 * @param {string} database
 * @returns {Promise<Contents>}
 */
export async function readContents(server, database) {
  return await withConnection(server, database, async (connection) => {
    /** @param {string} sql */
    const read = async (sql) => {
      const rows = await connection.query("reading what a database holds", sql);
      return rows.map(({ name, value }) => /** @type {const} */ ([String(name), String(value)]));
    };
    const queries = await connection.query("listing tables", digestQueries);
    /** @type {Map<string, string>} */
    const tables = new Map();
    for (let i = 0; i < queries.length; i += QUERIES_PER_ROUND_TRIP) {
      const together = queries.slice(i, i + QUERIES_PER_ROUND_TRIP).map(({ sql }) => String(sql));
      for (const [name, value] of await read(together.join("\nunion all\n"))) {
        tables.set(name, value);
      }
    }
    return {
      tables,
      indexes: new Map(await read(indexesQuery)),
      constraints: new Map(await read(constraintsQuery)),
      sequences: new Map(await read(sequencesQuery)),
    };
  });
}

/**
 * In which ways a target is not what its source is; empty if it is.
 *
 * @param {Contents} source
 * @param {Contents} target
 * @returns {string[]}
 */
export function differences(source, target) {
  const kinds = /** @type {const} */ (["tables", "indexes", "constraints", "sequences"]);
  return kinds.flatMap((kind) => {
    const list = [...source[kind]].flatMap(([name, value]) => {
      const found = target[kind].get(name);
      if (found === value) return [];
      return [`${name}: ${value} on the source, ${found ?? "missing"} on the target`];
    });
    const extra = [...target[kind].keys()].filter((name) => !source[kind].has(name));
    list.push(...extra.map((name) => `${name}: only on the target`));
    if (list.length === 0) return [];
    const shown = list.slice(0, SHOWN_DIFFERENCES).join("; ");
    return [
      `${list.length} of ${source[kind].size} ${kind} differ: ${shown}${list.length > SHOWN_DIFFERENCES ? "; …" : ""}`,
    ];
  });
}
