/** A journal's plan is SQL that will be run: nobody else's is believed. */

import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import { displayName } from "../postgres/quote.js";
import { JOURNAL_SCHEMA } from "./journal.js";

const ownersQuery = `
select distinct pg_catalog.pg_get_userbyid(o.owner)::text as owner
from (select n.oid, n.nspowner as owner from pg_catalog.pg_namespace n where n.nspname = $1
      union all
      select n.oid, c.relowner from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relkind <> 'i') as o
where pg_catalog.pg_get_userbyid(o.owner) <> current_user`;

/** @throws PgCopyError `target_unfit` if another role owns the journal, or could have written it. */
export async function refuseForeignJournal(target: Connection): Promise<void> {
  const rows = await target.query<{ owner: string }>("looking whose the journal is", ownersQuery, [
    JOURNAL_SCHEMA,
  ]);
  if (rows.length === 0) return;
  const owners = rows.map(({ owner }) => displayName(owner)).join(", ");
  throw new PgCopyError(`the journal on the target belongs to another role: ${owners}`, {
    code: "target_unfit",
    side: "target",
    advice: `a journal's plan is run as it stands, so only its owner may resume it: connect to the target as ${owners}`,
  });
}
