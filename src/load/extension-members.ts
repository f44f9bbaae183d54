/** Objects of extensions that others depend on: what has to be on the target, with its extension or without. */

import type { Obstacle } from "../plan/obstacle.js";
import type { Connection } from "../postgres/connection.js";
import { displayName } from "../postgres/quote.js";

/** A member of an extension, as pg_identify_object names it. */
export interface UsedMember extends Record<string, unknown> {
  readonly extension: string;
  readonly type: string;
  readonly identity: string;
}

/** Dependents that are members themselves, or parts of one (a default, an index), don't count. */
const usedMembersQuery = `
with members as (
  select d.classid, d.objid, d.refobjid as extension
  from pg_catalog.pg_depend d
  where d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.deptype = 'e' and d.refobjid >= 16384
), used as (
  select distinct m.extension, m.classid, m.objid
  from members m
  join pg_catalog.pg_depend d on d.refclassid = m.classid and d.refobjid = m.objid and d.deptype in ('n', 'a')
  where not exists (select from members o where o.classid = d.classid and o.objid = d.objid)
    and not exists (select from pg_catalog.pg_depend p
                    join members o on o.classid = p.refclassid and o.objid = p.refobjid
                    where p.classid = d.classid and p.objid = d.objid and p.deptype in ('a', 'i', 'P', 'S'))
)
select e.extname::text as extension, i.type, i.identity
from used u
join pg_catalog.pg_extension e on e.oid = u.extension
cross join lateral pg_catalog.pg_identify_object(u.classid, u.objid, 0) as i
order by 1, 2, 3`;

/** Members of the source's extensions that objects outside of them depend on. */
export async function readUsedMembers(source: Connection): Promise<UsedMember[]> {
  return await source.query<UsedMember>("looking at who uses the extensions", usedMembersQuery);
}

/** What has no function that looks a name up counts as there with its extension. */
const missingQuery = `
select m.extension, m.type, m.identity
from unnest($1::text[], $2::text[], $3::text[]) as m (extension, type, identity)
where case m.type
        when 'type' then pg_catalog.to_regtype(m.identity) is null
        when 'function' then pg_catalog.to_regprocedure(m.identity) is null
        when 'operator' then pg_catalog.to_regoperator(m.identity) is null
        when 'table' then pg_catalog.to_regclass(m.identity) is null
        when 'view' then pg_catalog.to_regclass(m.identity) is null
        else not exists (select from pg_catalog.pg_extension e where e.extname = m.extension)
      end`;

/**
 * With --skip-extensions: what of the extensions is used and not on the target.
 *
 * @param inDatabase whether the connection is in the target database; a new one has none of it.
 */
export async function findMissingMembers(
  target: Connection,
  inDatabase: boolean,
  used: readonly UsedMember[],
): Promise<Obstacle[]> {
  if (used.length === 0) return [];
  const columns = (["extension", "type", "identity"] as const).map((key) =>
    used.map((member) => member[key]),
  );
  const missing = inDatabase
    ? await target.query<UsedMember>("looking for what extensions bring", missingQuery, columns)
    : used;
  if (missing.length === 0) return [];
  return [
    {
      message: "the source's objects use extensions' objects that the target doesn't have",
      items: missing.map(
        ({ extension, type, identity }) =>
          `${type} ${identity} (extension ${displayName(extension)})`,
      ),
      advice: inDatabase
        ? "create these extensions in the target's database, or go without --skip-extensions"
        : "create the target's database with these extensions in it, or go without --skip-extensions",
    },
  ];
}
