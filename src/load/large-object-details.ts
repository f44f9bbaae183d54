/** What belongs to large objects beside their contents, as the source has it. */

import { type LargeObjectSelection, largeObjectCondition } from "../plan/large-object-rows.js";
import type { Connection } from "../postgres/connection.js";

/** One privilege of an ACL, in the ACL's order. */
export interface LargeObjectPrivilege {
  /** Null for PUBLIC. */
  readonly grantee: string | null;
  readonly grantor: string;
  /** `SELECT` or `UPDATE`. */
  readonly privilege: string;
  readonly grantable: boolean;
}

/** Large objects with the same owner and the same privileges. */
export interface LargeObjectGroup {
  readonly owner: string;
  readonly oids: readonly number[];
  /** Null where nothing was ever granted or revoked: the owner may do all, others nothing. */
  readonly acl: readonly LargeObjectPrivilege[] | null;
}

export interface LargeObjectText {
  readonly oid: number;
  readonly text: string;
  /** Of a security label: whose it is. */
  readonly provider?: string;
}

export interface LargeObjectDetails {
  readonly groups: readonly LargeObjectGroup[];
  readonly comments: readonly LargeObjectText[];
  readonly labels: readonly LargeObjectText[];
}

/** ACLs can be hashed and not sorted, so the groups can't be asked for in order. */
function groupsQuery(condition: string): string {
  return `
select pg_catalog.pg_get_userbyid(g.lomowner)::text as owner, g.oids,
       case when g.lomacl is not null then coalesce((
         select json_agg(json_build_object(
                  'grantee', case when a.grantee <> 0 then pg_catalog.pg_get_userbyid(a.grantee) end,
                  'grantor', pg_catalog.pg_get_userbyid(a.grantor),
                  'privilege', a.privilege_type, 'grantable', a.is_grantable) order by a.n)
         from pg_catalog.aclexplode(g.lomacl) with ordinality
              as a (grantor, grantee, privilege_type, is_grantable, n)), '[]') end as acl
from (select m.lomowner, m.lomacl, array_agg(m.oid::bigint::float8) as oids
      from pg_catalog.pg_largeobject_metadata m where ${condition} group by 1, 2) as g`;
}

/** Comments and labels are those of pg_largeobject, privileges those of pg_largeobject_metadata. */
function commentsQuery(condition: string): string {
  return `
select d.objoid::bigint::float8 as oid, d.description as text
from pg_catalog.pg_description d
where d.classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass and ${condition}
order by 1`;
}

function labelsQuery(condition: string): string {
  return `
select l.objoid::bigint::float8 as oid, l.label as text, l.provider
from pg_catalog.pg_seclabel l
where l.classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass and ${condition}
order by 1, 3`;
}

/** Reads owners, privileges, comments and labels of the selected objects. */
export async function readLargeObjectDetails(
  source: Connection,
  objects: LargeObjectSelection,
): Promise<LargeObjectDetails> {
  const read = <R extends object>(query: (condition: string) => string, column: string) =>
    source.query<R & Record<string, unknown>>(
      "reading the source's large objects",
      query(largeObjectCondition(objects, column)),
    );
  return {
    groups: await read<LargeObjectGroup>(groupsQuery, "m.oid"),
    comments: await read<LargeObjectText>(commentsQuery, "d.objoid"),
    labels: await read<LargeObjectText>(labelsQuery, "l.objoid"),
  };
}
