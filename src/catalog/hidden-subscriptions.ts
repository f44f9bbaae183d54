/** Subscriptions that pg_dump leaves out: it writes them for superusers only. */

import type { Connection } from "../postgres/connection.js";

const doing = "looking for the source's subscriptions";

const subscriptionsQuery = `
select s.subname::text as name
from pg_catalog.pg_subscription s
where s.subdbid = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
order by 1`;

/**
 * Their names; none for a superuser. The connection must be in a transaction: until that ends it would
 * hold a lock on pg_subscription, and DROP SUBSCRIPTION anywhere on the server would wait for it (up to
 * the minor releases that take a weaker lock; 12 has none). Rolling back to a savepoint lets go of it.
 */
export async function readHiddenSubscriptions(connection: Connection): Promise<string[]> {
  if (connection.parameters.get("is_superuser") === "on") return [];
  await connection.execute(doing, "savepoint pgcopy_subscriptions");
  const rows = await connection.query<{ name: string }>(doing, subscriptionsQuery);
  await connection.execute(doing, "rollback to savepoint pgcopy_subscriptions");
  return rows.map(({ name }) => name);
}
