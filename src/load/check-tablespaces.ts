/** Tablespaces are the cluster's, and their directories the machine's: they are looked for, never made. */

import type { Obstacle } from "../plan/obstacle.js";
import type { Connection } from "../postgres/connection.js";
import { displayName, quoteName } from "../postgres/quote.js";

const tablespacesQuery = `
select w.name, t.oid is not null as "exists", current_user::text as role
from unnest($1::text[]) as w (name)
left join pg_catalog.pg_tablespace t on t.spcname = w.name
where t.oid is null or not (pg_catalog.has_tablespace_privilege(t.oid, 'create')
  or t.oid = (select d.dattablespace from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()))
order by 1`;

/** Those that are missing, or closed to the role. @param needed each with what would be put into it. */
export async function findMissingTablespaces(
  target: Connection,
  needed: ReadonlyMap<string, string>,
): Promise<Obstacle[]> {
  if (needed.size === 0) return [];
  const rows = await target.query<{ name: string; exists: boolean; role: string }>(
    "looking for tablespaces",
    tablespacesQuery,
    [[...needed.keys()]],
  );
  if (rows.length === 0) return [];
  return [
    {
      message: "the target doesn't have tablespaces that the source's objects are in",
      items: rows.map(({ name, exists }) => {
        const closed = exists ? ": the role may not create objects in it" : "";
        return `${displayName(name)} (${needed.get(name)})${closed}`;
      }),
      statements: rows.map(({ name, exists, role }) =>
        exists
          ? `grant create on tablespace ${quoteName(name)} to ${quoteName(role)}`
          : `create tablespace ${quoteName(name)} location '/an/empty/directory/on/the/target'`,
      ),
      advice:
        "create them on the target and grant create on them to the role, or put everything into the default tablespace with --no-tablespaces",
    },
  ];
}
