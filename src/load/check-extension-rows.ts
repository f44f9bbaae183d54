/** Rows of the user's that configuration tables of the target's extensions hold already. */

import type { ExtensionTable } from "../catalog/catalog.js";
import { userRowsOf } from "../catalog/read-extensions.js";
import type { TargetExtensions } from "../plan/fit-extensions.js";
import type { Obstacle } from "../plan/obstacle.js";
import { relationName } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import { displayName } from "../postgres/quote.js";

/**
 * Rows of the user's in configuration tables of extensions that the target has already: they would
 * be replaced.
 */
export async function findPresentRows(
  target: Connection,
  installed: TargetExtensions["installed"],
  tables: readonly ExtensionTable[],
): Promise<Obstacle[]> {
  const wanted = tables.filter(
    ({ kind, unreadable }) => kind === "table" && unreadable === undefined,
  );
  const places = await readableTables(target, installed, wanted);
  if (places.length === 0) return [];
  const questions = places.map(
    ({ table, schema }, n) => `select ${n} as n where exists (select ${userRowsOf(table, schema)})`,
  );
  const rows = await target.query<{ n: number }>(
    "looking at the rows of the target's extensions",
    questions.join("\nunion all "),
  );
  if (rows.length === 0) return [];
  return [
    {
      message: "tables of extensions that the target has already hold rows of their own",
      items: rows.map(({ n }) => {
        const { table } = places[n] as (typeof places)[number];
        return `${relationName(table)} (extension ${displayName(table.extension)})`;
      }),
      advice:
        "replace these rows by the source's with --drop-if-exists, or leave them alone with --skip-extensions",
    },
  ];
}

const doing = "looking at the tables of the target's extensions";

const readableQuery = `
select w.n::int as n, n.nspname::text as schema
from unnest($1::text[], $2::text[]) with ordinality as w (extension, name, n)
join pg_catalog.pg_extension e on e.extname = w.extension
join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.refobjid = e.oid
 and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype = 'e'
join pg_catalog.pg_class c on c.oid = d.objid and c.relname = w.name and c.relkind = 'r'
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select')
  and not (c.relrowsecurity and pg_catalog.row_security_active(c.oid))`;

/** What can't be read can't be replaced either: the task that would do it says so. */
async function readableTables(
  target: Connection,
  installed: TargetExtensions["installed"],
  tables: readonly ExtensionTable[],
): Promise<{ table: ExtensionTable; schema: string }[]> {
  const present = tables.filter(({ extension }) => installed.has(extension));
  if (present.length === 0) return [];
  const rows = await target.query<{ n: number; schema: string }>(doing, readableQuery, [
    present.map(({ extension }) => extension),
    present.map(({ name }) => name),
  ]);
  return rows.map(({ n, schema }) => ({ table: present[n - 1] as ExtensionTable, schema }));
}
