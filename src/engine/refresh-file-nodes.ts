/** A plan that is carried out in a later snapshot: what was rewritten in between is no mistake. */

import type { ClonePlan } from "../plan/clone-plan.js";
import type { Connection } from "../postgres/connection.js";

/** Takes the tables' files to be those that they are now; the plan's own tables are changed. */
export async function refreshFileNodes(source: Connection, { tables }: ClonePlan): Promise<void> {
  const byOid = new Map(tables.map(({ table }) => [table.oid, table]));
  const rows = await source.query<{ oid: number; node: number | null }>(
    "looking at the source's tables",
    `select o.oid::bigint::float8 as oid, pg_catalog.pg_relation_filenode(o.oid)::bigint::float8 as node
     from unnest($1::oid[]) as o (oid)`,
    [[...byOid.keys()]],
  );
  for (const { oid, node } of rows) Object.assign(byOid.get(oid) ?? {}, { fileNode: node });
}
