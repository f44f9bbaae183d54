/**
 * Whether the target's role may give each object to its owner, and that owner may own it there. A
 * superuser may all of it; to anybody else PostgreSQL puts three conditions, and pgcopy a fourth: it
 * goes on working on what it has given away.
 */

import type { SchemaScript } from "../plan/toc.js";
import type { Connection } from "../postgres/connection.js";
import { displayName, quoteName } from "../postgres/quote.js";
import type { LargeObjectRoleUse } from "./check-large-objects.js";
import { unfitTarget } from "./unfit-target.js";

const unassignableQuery = `
select r.rolname::text as owner, r.rolsuper as superuser, current_user::text as role
from pg_catalog.pg_roles r
where r.rolname = any($1::text[])
  and not (pg_catalog.pg_has_role(r.oid, $2) and pg_catalog.pg_has_role(r.oid, 'usage'))
order by 1`;

/**
 * Refuses owners whom the target's role can't make owners, or whose objects it could then not fill:
 * since PostgreSQL 16 a membership may come with neither (that of a role in those that it created
 * does), before that the role itself may be NOINHERIT.
 *
 * @param ofLargeObjects roles that large objects are made as.
 * @throws PgCopyError `target_unfit`, naming all of them.
 */
export async function refuseUnassignableOwners(
  target: Connection,
  { entries }: SchemaScript,
  ofLargeObjects: readonly LargeObjectRoleUse[],
): Promise<void> {
  const become = ofLargeObjects.filter((role) => role.become).map(({ name }) => name);
  const owners = entries
    .flatMap((entry) => entry.statements)
    .flatMap((statement) => (statement.kind === "owner" ? statement.roles : []));
  // Until version 15 every member of a role could become it.
  const hasOptions = target.serverVersion >= 160_000;
  const rows = await target.query<{ owner: string; superuser: boolean; role: string }>(
    "looking up whom the target's role may make an owner",
    unassignableQuery,
    [[...new Set([...owners, ...become])], hasOptions ? "set" : "member"],
  );
  if (rows.length === 0) return;
  const whom = rows.length === 1 ? "a role that owns" : `${rows.length} roles that own`;
  const options = hasOptions ? " with inherit true, set true" : "";
  throw unfitTarget(`the target's role may not give objects to ${whom} them on the source`, {
    items: rows.map(({ owner }) => owner),
    // Nobody should become a superuser for a copy.
    statements: rows
      .filter(({ superuser }) => !superuser)
      .map(({ owner, role }) => `grant ${quoteName(owner)} to ${quoteName(role)}${options}`),
    advice:
      "nothing was changed; connect as a superuser or as a member of them that inherits their privileges, or leave all objects to the target's role with --no-owner",
  });
}

/** `created`: a schema that the clone makes. What pg_identify_object says is quoted where it has to be. */
const ownedQuery = `
select distinct coalesce(n.nspname::text, (parse_ident(i.schema))[1]) as schema, o.owner,
       n.oid is not null as "isSchema", o.created
from unnest($1::oid[], $2::oid[], $3::text[], $4::bool[]) as o (class, oid, owner, created)
cross join lateral pg_catalog.pg_identify_object(o.class, o.oid, 0) as i
left join pg_catalog.pg_namespace n on n.oid = o.oid and o.class = 'pg_catalog.pg_namespace'::pg_catalog.regclass
where n.oid is not null or i.schema is not null`;

interface OwnedRow extends Record<string, unknown> {
  readonly schema: string;
  readonly owner: string;
  readonly isSchema: boolean;
  readonly created: boolean;
}

/**
 * In a schema that the clone makes nobody may create but its owner, since privileges come last; one
 * that is there already says itself who may.
 */
const strangersQuery = `
select s.schema, s.owner, s."schemaOwner" is null as exists
from unnest($1::text[], $2::text[], $3::text[]) as s (schema, owner, "schemaOwner")
join pg_catalog.pg_roles r on r.rolname = s.owner
left join pg_catalog.pg_namespace n on n.nspname = s.schema
left join pg_catalog.pg_roles h on h.rolname = s."schemaOwner"
where current_setting('is_superuser') <> 'on'
  and case when h.oid is not null then not pg_catalog.pg_has_role(r.oid, h.oid, 'usage')
           else not pg_catalog.has_schema_privilege(r.oid, n.oid, 'create') end
order by 1, 2`;

/**
 * Refuses owners who may not own what they own in that schema of the target: without a superuser's
 * rights ALTER … OWNER TO wants the new owner to have CREATE on the object's schema.
 *
 * @param newDatabaseOwner who will own the target database, if the clone makes it.
 * @throws PgCopyError `target_unfit`, naming the owners and schemas.
 */
export async function refuseOwnersWithoutSchema(
  source: Connection,
  target: Connection,
  { entries }: SchemaScript,
  newDatabaseOwner?: string,
): Promise<void> {
  const given = entries.flatMap(({ classOid, oid, statements }) => {
    const created = statements.some(({ kind, creates }) => kind === "schema" && creates);
    return statements
      .filter(({ kind }) => kind === "owner" && oid !== 0)
      .flatMap(({ roles }) => roles.map((owner) => ({ classOid, oid, owner, created })));
  });
  if (given.length === 0) return;
  const rows = await source.query<OwnedRow>(
    "looking up whose objects are in which schema",
    ownedQuery,
    [
      given.map(({ classOid }) => classOid),
      given.map(({ oid }) => oid),
      given.map(({ owner }) => owner),
      given.map(({ created }) => created),
    ],
  );
  const strangers = await findStrangers(target, rows, newDatabaseOwner);
  if (strangers.length === 0) return;
  throw unfitTarget(
    "owners may not own their objects on the target: they lack create on the schemas",
    {
      items: strangers.map(
        ({ schema, owner }) => `${displayName(owner)} in schema ${displayName(schema)}`,
      ),
      statements: strangers
        .filter(({ exists }) => exists)
        .map(
          ({ schema, owner }) =>
            `grant create on schema ${quoteName(schema)} to ${quoteName(owner)}`,
        ),
      advice:
        "nothing was changed; grant it on schemas that exist, connect to the target as a superuser, or leave all objects to the target's role with --no-owner",
    },
  );
}

async function findStrangers(
  target: Connection,
  rows: readonly OwnedRow[],
  newDatabaseOwner: string | undefined,
) {
  const schemaOwners = new Map(
    rows.filter(({ created }) => created).map(({ schema, owner }) => [schema, owner]),
  );
  // Of a new database schema public belongs to the database's owner; before 15 it is open to all.
  const isOpen = newDatabaseOwner !== undefined && target.serverVersion < 150_000;
  if (newDatabaseOwner !== undefined) schemaOwners.set("public", newDatabaseOwner);
  const owned = rows.filter(
    ({ schema, isSchema }) => !isSchema && !(isOpen && schema === "public"),
  );
  return await target.query<{ schema: string; owner: string; exists: boolean }>(
    "looking up who may own objects in which schema",
    strangersQuery,
    [
      owned.map(({ schema }) => schema),
      owned.map(({ owner }) => owner),
      owned.map(({ schema }) => schemaOwners.get(schema) ?? null),
    ],
  );
}

/** The OID of the catalog of schemas. */
const PG_NAMESPACE = 2615;

const publicSchemaQuery = `
select current_setting('is_superuser') = 'on' as superuser,
       exists (select from pg_catalog.pg_namespace n
               where n.nspname = 'public' and pg_catalog.pg_has_role(n.nspowner, 'usage')) as owns`;

/**
 * Refuses to change the owner or the comment of schema public where it belongs to somebody else. On
 * PostgreSQL 15 and newer whoever owns the database owns it.
 *
 * @param isNew whether the clone makes the database.
 * @throws PgCopyError `target_unfit`.
 */
export async function refuseForeignPublicSchema(
  target: Connection,
  { entries }: SchemaScript,
  isNew: boolean,
): Promise<void> {
  const changing = entries.flatMap(({ classOid, statements }) => {
    const makes = statements.some(({ kind }) => kind === "schema");
    return statements.filter(
      ({ kind, sql }) =>
        (kind === "owner" && classOid === PG_NAMESPACE && !makes) ||
        (kind === "comment" && /^comment on schema public is\b/i.test(sql)),
    );
  });
  if (changing.length === 0) return;
  const [row] = await target.query<{ superuser: boolean; owns: boolean }>(
    "looking up who owns schema public",
    publicSchemaQuery,
  );
  const owns = isNew ? target.serverVersion >= 150_000 : row?.owns === true;
  if (owns || row?.superuser === true) return;
  throw unfitTarget("schema public of the target belongs to another role, and would be changed", {
    items: changing.map(({ sql }) => sql),
    statements: [],
    advice:
      "nothing was changed; make the target's role its owner (alter schema public owner to …), leave owners out with --no-owner, or drop the comment on the source",
  });
}
