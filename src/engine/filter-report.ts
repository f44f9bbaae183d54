/** What filters do to a copy, in PostgreSQL's own names of objects: for the report, and told before the run. */

import type { Catalog } from "../catalog/catalog.js";
import { classOf, type ObjectKey, objectKey, oidOf } from "../catalog/read-source-objects.js";
import type { Selection } from "../plan/selection.js";
import { PG_CLASS, PG_CONSTRAINT } from "../plan/system-catalogs.js";
import type { Connection } from "../postgres/connection.js";
import type { Run } from "./run.js";

/** An object, and the one on whose account it is left out or copied. */
export interface FilteredObject {
  /** As PostgreSQL describes it: `view public.open_orders`, `default value for column id of table public.a`. */
  readonly object: string;
  readonly because: string;
}

export interface FilterReport {
  /** What filters exclude by name. */
  readonly leftOut: readonly string[];
  /** What goes with it: it needs `because`, which is left out. */
  readonly leftOutToo: readonly FilteredObject[];
  /** What no filter includes, but `because` needs. */
  readonly cameAlong: readonly FilteredObject[];
  /** Tables that arrive without their rows, materialized views that are not filled. */
  readonly withoutRows: readonly string[];
}

/** PostgreSQL says of a domain's constraint only its name. */
const descriptionsQuery = `
select pg_catalog.pg_describe_object(o.class, o.oid, 0)
       || coalesce((select ' of domain ' || k.contypid::pg_catalog.regtype::text from pg_catalog.pg_constraint k
                    where o.class = 'pg_catalog.pg_constraint'::pg_catalog.regclass and k.oid = o.oid and k.contypid <> 0), '')
       as description
from unnest($1::oid[], $2::oid[]) with ordinality as o (class, oid, n)
order by o.n`;

/** Names all that is to be told of a selection. */
export async function describeSelection(
  connection: Connection,
  catalog: Catalog,
  selection: Selection,
): Promise<FilterReport> {
  const { asked, leftOutToo, cameAlong, emptyTables, unfilledViews } = selection;
  const withoutRows = [...emptyTables, ...unfilledViews].map((oid) => objectKey(PG_CLASS, oid));
  const reasons = [...leftOutToo, ...cameAlong];
  const keys = [
    ...new Set([
      ...asked,
      ...withoutRows,
      ...reasons.flatMap(({ object, because }) => [object, because]),
    ]),
  ];
  const rows = await connection.query<{ description: string }>(
    "naming what the filters leave out",
    descriptionsQuery,
    [keys.map(classOf), keys.map(oidOf)],
  );
  const foreignKeys = new Set(
    catalog.constraints
      .filter(({ referencedTableOid }) => referencedTableOid !== undefined)
      .map(({ oid }) => objectKey(PG_CONSTRAINT, oid)),
  );
  const names = new Map(keys.map((key, i) => [key, rows[i]?.description ?? ""]));
  const nameOf = (key: ObjectKey): string => {
    const name = names.get(key) ?? "";
    return foreignKeys.has(key) ? name.replace(/^constraint/, "foreign key") : name;
  };
  const named = (list: typeof reasons): FilteredObject[] =>
    list
      .map(({ object, because }) => ({ object: nameOf(object), because: nameOf(because) }))
      .sort((a, b) => (a.object < b.object ? -1 : 1));
  return {
    leftOut: asked.map(nameOf).sort(),
    leftOutToo: named([...leftOutToo]),
    cameAlong: named([...cameAlong]),
    withoutRows: withoutRows.map(nameOf).sort(),
  };
}

/** Objects that a line of the output names before it only counts the rest; the report has them all. */
const NAMED = 20;

/** Says it before the run: as a warning what goes without having been named, else as a fact. */
export function tellOfFilters(report: FilterReport, run: Run): void {
  const { leftOut, leftOutToo, cameAlong, withoutRows } = report;
  if (leftOut.length > 0) run.info(`the filters leave out ${listed(leftOut)}`);
  if (leftOutToo.length > 0) {
    const objects = leftOutToo.map(({ object, because }) => `${object} (needs ${because})`);
    // Not among the report's warnings: it has a section of its own.
    run.tell({
      type: "notice",
      level: "warning",
      message: `left out, too, as it can't be without what is left out: ${listed(objects)}`,
    });
  }
  if (cameAlong.length > 0) {
    const objects = cameAlong.map(({ object, because }) => `${object} (for ${because})`);
    run.info(`copied as well, as what is included needs it: ${listed(objects)}`);
  }
  if (withoutRows.length > 0) run.info(`copied without rows: ${listed(withoutRows)}`);
}

function listed(objects: readonly string[]): string {
  const more = objects.length - NAMED;
  const shown = objects.slice(0, NAMED).join(", ");
  return more > 0 ? `${shown} and ${more} more (the report lists all)` : shown;
}
