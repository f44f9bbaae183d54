/** Tablespaces are of the server, not of the database: the target's has to have them beforehand. */

import { PgCopyError } from "../errors.js";
import type { SchemaScript } from "../plan/toc.js";
import type { Connection } from "../postgres/connection.js";
import { quoteName } from "../postgres/quote.js";

const tablespacesQuery = `
select w.name, t.oid is not null as exists, current_user::text as role
from unnest($1::text[]) as w (name)
left join pg_catalog.pg_tablespace t on t.spcname = w.name
where t.oid is null or not pg_catalog.has_tablespace_privilege(t.oid, 'create')
order by 1`;

/**
 * Refuses a schema whose objects are in tablespaces that the target lacks, or that are closed to its
 * role.
 *
 * @throws PgCopyError `target_unfit`, naming them.
 */
export async function refuseMissingTablespaces(
  target: Connection,
  { entries }: SchemaScript,
): Promise<void> {
  const uses = new Map<string, number>();
  for (const { settings, statements } of entries) {
    const name = settings.default_tablespace;
    const creates = statements.some((one) => one.creates || one.kind === "key_constraint");
    if (name === undefined || !creates) continue;
    uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  if (uses.size === 0) return;
  const rows = await target.query<{ name: string; exists: boolean; role: string }>(
    "looking for the source's tablespaces on the target",
    tablespacesQuery,
    [[...uses.keys()]],
  );
  if (rows.length === 0) return;
  const count = rows.length === 1 ? "a tablespace" : `${rows.length} tablespaces`;
  throw new PgCopyError(`the target lacks ${count} that the source's objects are in`, {
    code: "target_unfit",
    side: "target",
    items: rows.map(({ name, exists }) => {
      const used = uses.get(name) ?? 0;
      const missing = exists ? "no create privilege on it" : "missing";
      return `${name} (${missing}; ${used} object${used === 1 ? "" : "s"})`;
    }),
    statements: rows.map(({ name, exists, role }) =>
      exists
        ? `grant create on tablespace ${quoteName(name)} to ${quoteName(role)}`
        : `create tablespace ${quoteName(name)} location '/an/empty/directory/on/the/target'`,
    ),
    advice: "nothing was changed; make them on the target's server, or open them to its role",
  });
}
