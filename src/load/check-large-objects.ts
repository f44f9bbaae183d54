/** What must be true of the target before large objects are copied to it. */

import type { LargeObjects } from "../catalog/large-objects.js";
import { PgCopyError } from "../errors.js";
import { type LargeObjectSelection, largeObjectCondition } from "../plan/large-object-rows.js";
import type { Connection } from "../postgres/connection.js";
import type { LargeObjectOwnership } from "./large-object-statements.js";

/** So many OIDs are compared at a time. */
const OIDS_PER_QUERY = 100_000;
/** So many objects are named; there may be millions. */
const NAMED = 100;
/** lo_unlink takes a lock slot for each until the transaction ends: see large-object-statements.ts. */
const DROPS_PER_TRANSACTION = 250;

const existingQuery = `
select coalesce(array_agg(o.oid), '{}') as oids
from (select m.oid::bigint::float8 as oid from pg_catalog.pg_largeobject_metadata m
      where m.oid > $1::oid order by m.oid limit ${OIDS_PER_QUERY}) as o`;

const sharedQuery = `
select coalesce(array_agg(m.oid::bigint::float8 order by m.oid), '{}') as oids
from pg_catalog.pg_largeobject_metadata m where m.oid = any ($1::oid[])`;

/** OIDs of large objects that are to be copied, and that the target has given to one already. */
export async function findTakenLargeObjects(
  source: Connection,
  target: Connection,
  { ranges }: LargeObjects,
): Promise<number[]> {
  const taken: number[] = [];
  if (ranges.length === 0) return taken;
  for (let after = 0; ; ) {
    const [existing] = await target.query<{ oids: number[] }>(
      "looking at the target's large objects",
      existingQuery,
      [after],
    );
    const last = existing?.oids.at(-1);
    if (existing === undefined || last === undefined) return taken;
    const [shared] = await source.query<{ oids: number[] }>(
      "comparing the large objects of both ends",
      sharedQuery,
      [existing.oids],
    );
    for (const oid of shared?.oids ?? []) taken.push(oid);
    after = last;
  }
}

/** `large object 16401`; the first hundred of many. */
export function describeLargeObjects(oids: readonly number[], count = oids.length): string[] {
  const named = oids.slice(0, NAMED).map((oid) => `large object ${oid}`);
  const more = count - named.length;
  return more === 0 ? named : [...named, `and ${more} more large object${more === 1 ? "" : "s"}`];
}

const foreignQuery = `
select m.oid::bigint::float8 as oid
from pg_catalog.pg_largeobject_metadata m
where m.oid = any ($1::oid[]) and not pg_catalog.pg_has_role(m.lomowner, 'usage')
  and not current_setting('lo_compat_privileges')::bool
order by m.oid`;

/**
 * Refuses to replace large objects of others.
 *
 * @throws PgCopyError `target_unfit`, naming them.
 */
export async function refuseForeignLargeObjects(
  target: Connection,
  oids: readonly number[],
): Promise<void> {
  if (oids.length === 0) return;
  const rows = await target.query<{ oid: number }>(
    "looking whose the target's large objects are",
    foreignQuery,
    [oids],
  );
  if (rows.length === 0) return;
  throw new PgCopyError("the target's role may not replace large objects of others", {
    code: "target_unfit",
    side: "target",
    items: describeLargeObjects(rows.map(({ oid }) => oid)),
    advice: "nothing was changed; connect as their owner or a superuser, or use another database",
  });
}

/** Removes them, in many transactions. */
export async function dropLargeObjects(target: Connection, oids: readonly number[]): Promise<void> {
  for (let i = 0; i < oids.length; i += DROPS_PER_TRANSACTION) {
    await target.query(
      "dropping the target's large objects",
      "select count(pg_catalog.lo_unlink(o.oid)) from unnest($1::oid[]) as o (oid)",
      [oids.slice(i, i + DROPS_PER_TRANSACTION)],
    );
  }
}

/** What large objects need a role of the target for. */
export interface LargeObjectRoleUse {
  readonly name: string;
  readonly owner: number;
  readonly acl: number;
  /** Whether statements have to be run as this role. */
  readonly become: boolean;
}

/** The roles that the target needs for them. */
export function largeObjectRoles(
  { roles }: LargeObjects,
  { noOwner, noAcl }: LargeObjectOwnership,
): LargeObjectRoleUse[] {
  return roles
    .map(({ name, owns, named, grants }) => {
      const owner = noOwner ? 0 : owns;
      return { name, owner, acl: noAcl ? 0 : named, become: owner > 0 || (!noAcl && grants) };
    })
    .filter(({ owner, acl }) => owner > 0 || acl > 0);
}

/** OIDs of the target's large objects that are in any of the selections. */
export async function findLargeObjects(
  target: Connection,
  selections: readonly LargeObjectSelection[],
): Promise<number[]> {
  if (selections.length === 0) return [];
  const conditions = selections.map((one) => `(${largeObjectCondition(one, "m.oid")})`);
  const rows = await target.query<{ oid: number }>(
    "looking for the run's large objects",
    `select m.oid::bigint::float8 as oid from pg_catalog.pg_largeobject_metadata m
     where ${conditions.join(" or ")} order by m.oid`,
  );
  return rows.map(({ oid }) => oid);
}

/** Those of the OIDs that the source has given to a large object, too: others of the target are somebody else's. */
export async function largeObjectsOnSource(
  source: Connection,
  oids: readonly number[],
): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < oids.length; i += OIDS_PER_QUERY) {
    const [row] = await source.query<{ oids: number[] }>(
      "comparing the large objects of both ends",
      sharedQuery,
      [oids.slice(i, i + OIDS_PER_QUERY)],
    );
    for (const oid of row?.oids ?? []) found.push(oid);
  }
  return found;
}
