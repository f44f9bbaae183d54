/**
 * Large objects: which there are, how the connected role can read them, and into which ranges of
 * OIDs they fall. There may be ten million of them, so none but the large ones is held by itself.
 */

import type { Connection } from "../postgres/connection.js";
import { largeObjectSizes } from "./large-object-sizes.js";

/** Above this an object is listed by itself, so that it can be cut into parts; in bytes. */
export const LARGE_OBJECT_BYTES = 64 * 1024 * 1024;

/**
 * How their contents can be read. PostgreSQL's documentation, "pg_largeobject": that catalog is not
 * readable by the public; the functions (`lo_get`, …) check the privileges of each object instead.
 *
 * - `chunks`: by the functions, with the catalog to tell where an object has no pages at all;
 * - `functions`: by the functions alone;
 * - `pages`: from the catalog alone (pg_read_all_data, or SELECT on it, opens no object).
 */
export type LargeObjectAccess = "chunks" | "functions" | "pages";

export interface LargeObjectSize {
  readonly oid: number;
  readonly bytes: number;
}

/** Up to a thousand objects with consecutive OIDs, and up to LARGE_OBJECT_BYTES and one object more. */
export interface LargeObjectRange {
  /** Both ends are in it. */
  readonly from: number;
  readonly to: number;
  /** Of those that are not in `large`. */
  readonly count: number;
  readonly bytes: number;
  readonly large: readonly LargeObjectSize[];
}

/** A role that owns large objects, or stands in their privileges. */
export interface LargeObjectRole {
  readonly name: string;
  readonly owns: number;
  /** Objects whose privileges name it, other than those that it owns. */
  readonly named: number;
  /** Whether it granted privileges on objects that it does not own. */
  readonly grants: boolean;
}

export interface LargeObjects {
  readonly count: number;
  readonly access: LargeObjectAccess;
  /** How many the connected role may not read, and the first of them. */
  readonly unreadable: { readonly count: number; readonly oids: readonly number[] };
  readonly roles: readonly LargeObjectRole[];
  /** Of all; empty where some are unreadable, or where they were not asked for. */
  readonly ranges: readonly LargeObjectRange[];
}

/** What the connected role may read by itself, whatever the privileges of each object say. */
export const largeObjectRightsQuery = `
select pg_catalog.has_table_privilege('pg_catalog.pg_largeobject', 'select') as "mayReadPages",
       r.rolsuper or current_setting('lo_compat_privileges')::bool as "mayOpenAll",
       current_setting('block_size')::int / 4 as "pageBytes"
from pg_catalog.pg_roles r
where r.rolname = current_user`;

export interface LargeObjectRights extends Record<string, unknown> {
  readonly mayReadPages: boolean;
  readonly mayOpenAll: boolean;
  /** LOBLKSIZE: a quarter of a block. */
  readonly pageBytes: number;
}

/** Objects with one owner and one list of privileges: few, however many objects there are. */
const groupsQuery = `
select pg_catalog.pg_get_userbyid(g.lomowner)::text as owner, g.count::float8 as count,
       array(select distinct pg_catalog.pg_get_userbyid(a.grantee)::text from pg_catalog.aclexplode(g.lomacl) a
             where a.grantee not in (0, g.lomowner)) as grantees,
       array(select distinct pg_catalog.pg_get_userbyid(a.grantor)::text from pg_catalog.aclexplode(g.lomacl) a
             where a.grantor <> g.lomowner) as grantors,
       exists (select from pg_catalog.aclexplode(coalesce(g.lomacl, pg_catalog.acldefault('L', g.lomowner))) a
               where a.privilege_type = 'SELECT'
                 and case when a.grantee = 0 then true else pg_catalog.pg_has_role(a.grantee, 'usage') end) as readable
from (select m.lomowner, m.lomacl, count(*) as count
      from pg_catalog.pg_largeobject_metadata m group by 1, 2) as g`;

/** The same condition, object by object: asked only where some can't be read. */
const unreadableQuery = `
select m.oid::bigint::float8 as oid
from pg_catalog.pg_largeobject_metadata m
where not exists (
  select from pg_catalog.aclexplode(coalesce(m.lomacl, pg_catalog.acldefault('L', m.lomowner))) a
  where a.privilege_type = 'SELECT'
    and case when a.grantee = 0 then true else pg_catalog.pg_has_role(a.grantee, 'usage') end)
order by m.oid
limit 100`;

interface Group extends Record<string, unknown> {
  readonly owner: string;
  readonly count: number;
  readonly grantees: readonly string[];
  readonly grantors: readonly string[];
  readonly readable: boolean;
}

/**
 * Reads what is known of the large objects, in a fixed number of queries. Without `ranges` they are
 * only counted.
 */
export async function readLargeObjects(
  connection: Connection,
  options: { readonly ranges: boolean },
): Promise<LargeObjects> {
  const doing = "reading the source's large objects";
  const groups = await connection.query<Group>(doing, groupsQuery);
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  const none: LargeObjects = {
    count,
    access: "chunks",
    unreadable: { count: 0, oids: [] },
    roles: [],
    ranges: [],
  };
  if (count === 0 || !options.ranges) return none;
  const [rights] = await connection.query<LargeObjectRights>(doing, largeObjectRightsQuery);
  const closed = rights?.mayOpenAll === true ? [] : groups.filter((group) => !group.readable);
  const access = accessWith(rights?.mayReadPages === true, closed.length === 0);
  const roles = rolesOf(groups);
  if (access !== undefined) {
    return { ...none, access, roles, ranges: await readRanges(connection, access) };
  }
  const first = await connection.query<{ oid: number }>(doing, unreadableQuery);
  const unreadable = {
    count: closed.reduce((sum, group) => sum + group.count, 0),
    oids: first.map(({ oid }) => oid),
  };
  return { ...none, roles, unreadable };
}

/** Undefined where there is no way. */
export function accessWith(
  mayReadPages: boolean,
  mayOpenAll: boolean,
): LargeObjectAccess | undefined {
  if (mayOpenAll) return mayReadPages ? "chunks" : "functions";
  return mayReadPages ? "pages" : undefined;
}

function rolesOf(groups: readonly Group[]): LargeObjectRole[] {
  const roles = new Map<string, LargeObjectRole>();
  const add = (name: string, owns: number, named: number, grants: boolean) => {
    const role = roles.get(name) ?? { name, owns: 0, named: 0, grants: false };
    roles.set(name, {
      name,
      owns: role.owns + owns,
      named: role.named + named,
      grants: role.grants || grants,
    });
  };
  for (const { owner, count, grantees, grantors } of groups) {
    add(owner, count, 0, false);
    for (const name of new Set([...grantees, ...grantors]))
      if (name !== owner) add(name, 0, count, grantors.includes(name));
  }
  return [...roles.values()];
}

/**
 * Both numbers grow with the OID, so objects that share them are neighbours. The large ones don't
 * count: each is in the range around it, but by itself.
 */
function rangesQuery(access: LargeObjectAccess): string {
  const isLarge = `o.bytes > ${LARGE_OBJECT_BYTES}`;
  return `
select min(n.oid)::bigint::float8 as "from", max(n.oid)::bigint::float8 as "to",
       (count(*) filter (where not n.large))::float8 as count,
       coalesce(sum(n.bytes) filter (where not n.large), 0)::float8 as bytes,
       coalesce(array_agg(n.oid::bigint::float8) filter (where n.large), '{}') as "largeOids",
       coalesce(array_agg(n.bytes::float8) filter (where n.large), '{}') as "largeBytes"
from (select o.oid, o.bytes, ${isLarge} as large,
             (row_number() over byoid - 1) / 1000 as thousand,
             (sum(case when ${isLarge} then 0 else o.bytes end) over byoid)::bigint / ${LARGE_OBJECT_BYTES} as share
      from (${largeObjectSizes(access)}) as o
      window byoid as (order by o.oid rows between unbounded preceding and current row)) as n
group by n.thousand, n.share
order by 1`;
}

interface RangeRow extends Record<string, unknown>, Omit<LargeObjectRange, "large"> {
  readonly largeOids: readonly number[];
  readonly largeBytes: readonly number[];
}

async function readRanges(
  connection: Connection,
  access: LargeObjectAccess,
): Promise<LargeObjectRange[]> {
  const rows = await connection.query<RangeRow>(
    "reading the sizes of the source's large objects",
    rangesQuery(access),
  );
  return rows.map(({ from, to, count, bytes, largeOids, largeBytes }) => ({
    from,
    to,
    count,
    bytes,
    large: largeOids.map((oid, i) => ({ oid, bytes: largeBytes[i] ?? 0 })),
  }));
}
