/** What of the source's content arrives otherwise than one may think. */

import { userObjects } from "../catalog/user-objects.js";
import { omissions } from "../engine/warnings.js";
import { relationName } from "../plan/task.js";
import type { Check } from "./context.js";
import { found, numberOf } from "./finding.js";

/** In the words in which the clone warns of them. */
export const omitted: Check = ({ content, plan }) =>
  content === undefined || plan === undefined
    ? []
    : omissions(content, plan).map(({ title, items, advice, statements }) =>
        found("warning", "source", title, { items, advice, statements }),
      );

export const unloggedTables: Check = ({ catalog }) => {
  const unlogged = catalog.tables.filter((table) => table.unlogged && !table.rowsElsewhere);
  if (unlogged.length === 0) return [];
  const title = `${numberOf(unlogged.length, "table")} of the source ${unlogged.length === 1 ? "is" : "are"} unlogged`;
  return [
    found("info", "source", title, {
      items: unlogged.map(relationName),
      advice:
        "they arrive unlogged, with their rows: a crash of the target empties them, and its standbys never have them",
    }),
  ];
};

const withoutKeyQuery = `
select n.nspname::text as schema, c.relname::text as name
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and ${userObjects("c.oid", "n")}
  and not exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary)
order by 1, 2`;

export const tablesWithoutKey: Check = async ({ servers, catalog }) => {
  // Those that filters leave out are none of the clone's business.
  const copied = new Set(catalog.tables.map(relationName));
  const all = await servers.source.query<{ schema: string; name: string }>(
    "looking for tables without a primary key",
    withoutKeyQuery,
  );
  const rows = all.filter((table) => copied.has(relationName(table)));
  if (rows.length === 0) return [];
  const title = `${numberOf(rows.length, "table")} of the source ${rows.length === 1 ? "has" : "have"} no primary key`;
  return [
    found("info", "source", title, {
      items: rows.map(relationName),
      advice:
        "they are copied as all others; what needs a key can't work on them: following changes, and naming rows that differ",
    }),
  ];
};

export const foreignTables: Check = ({ catalog }) => {
  const tables = catalog.tables.filter(({ kind }) => kind === "foreign");
  if (tables.length === 0) return [];
  return [
    found(
      "info",
      "source",
      `of ${numberOf(tables.length, "foreign table")} only the definition is copied`,
      {
        items: tables.map(relationName),
        advice:
          "see that the target's server can reach theirs, and set the passwords of user mappings",
      },
    ),
  ];
};

const libraryFunctionsQuery = `
select p.oid::pg_catalog.regprocedure::text || ': ' || p.probin as item
from pg_catalog.pg_proc p
join pg_catalog.pg_language l on l.oid = p.prolang and l.lanname = 'c'
where p.oid >= 16384
  and not exists (select from pg_catalog.pg_depend e where e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                  and e.objid = p.oid and e.deptype = 'e')
order by 1`;

/** Created without looking at the library, they fail only when they are called. */
export const libraryFunctions: Check = async ({ servers }) => {
  const rows = await servers.source.query<{ item: string }>(
    "looking for functions in C",
    libraryFunctionsQuery,
  );
  if (rows.length === 0) return [];
  return [
    found(
      "warning",
      "source",
      `${numberOf(rows.length, "function")} outside of extensions ${rows.length === 1 ? "is" : "are"} written in C`,
      {
        items: rows.map(({ item }) => item),
        advice: "put their libraries on the target's server: nobody looks for them before a call",
      },
    ),
  ];
};
