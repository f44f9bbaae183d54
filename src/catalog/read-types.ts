/** The types of all columns, with the types that they are made of. */

import type { Connection } from "../postgres/connection.js";
import type { ColumnType } from "./catalog.js";
import { userObjects, withNumbers } from "./user-objects.js";

const typesQuery = `
with recursive used as (
  select distinct t.atttypid as oid
  from pg_catalog.pg_attribute t
  join pg_catalog.pg_class c on c.oid = t.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and t.attnum > 0 and not t.attisdropped
    and ${userObjects("c.oid", "n")}
  union
  select part.oid
  from used u
  join pg_catalog.pg_type y on y.oid = u.oid
  cross join lateral (values (case when y.typcategory = 'A' then y.typelem else 0 end), (y.typbasetype)) as part (oid)
  where part.oid <> 0
)
select y.oid::bigint as oid, pg_catalog.format_type(y.oid, null) as name, y.typtype as kind,
       (case when y.typcategory = 'A' then y.typelem else 0 end)::bigint as "elementOid",
       y.typbasetype::bigint as "baseOid", e.extname as extension,
       y.typsend <> 0 and y.typreceive <> 0 as "hasBinaryForm"
from used u
join pg_catalog.pg_type y on y.oid = u.oid
left join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
 and d.objid = y.oid and d.deptype = 'e'
left join pg_catalog.pg_extension e on e.oid = d.refobjid`;

/** Reads the types by OID; see `ColumnType`. */
export async function readColumnTypes(connection: Connection): Promise<Map<number, ColumnType>> {
  const rows = await connection.query("reading the source's types", typesQuery);
  const types = rows.map((row) => withNumbers(row) as unknown as ColumnType);
  return new Map(types.map((type) => [type.oid, type]));
}
