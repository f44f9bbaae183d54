/** What a database holds, object by object: the same list before and after proves that nothing was changed. */

import type { TestDatabase } from "./servers.js";

/** Every object that is not PostgreSQL's own, with its OID: one that was made again has another. */
export async function objectsOf(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ object: string }>(`
    select format('%s %s %s', i.type, i.identity, o.oid) as object
    from (
      select 'pg_class'::regclass::oid as class, oid from pg_class
      union all select 'pg_proc'::regclass::oid, oid from pg_proc
      union all select 'pg_type'::regclass::oid, oid from pg_type
      union all select 'pg_namespace'::regclass::oid, oid from pg_namespace
      union all select 'pg_constraint'::regclass::oid, oid from pg_constraint
      union all select 'pg_rewrite'::regclass::oid, oid from pg_rewrite
      union all select 'pg_trigger'::regclass::oid, oid from pg_trigger
      union all select 'pg_event_trigger'::regclass::oid, oid from pg_event_trigger
    ) as o
    cross join lateral pg_identify_object(o.class, o.oid, 0) as i
    where o.oid >= 16384 and i.identity !~ '^"?pg_(temp|toast_temp)'
    order by 1`);
  return rows.map(({ object }) => object);
}
