/** What must be true of the target before anything is changed. Each check names all that it finds. */

import { PgCopyError } from "../errors.js";
import { PG_CLASS, type SourceObject } from "../plan/task.js";
import type { SchemaScript, TocEntry } from "../plan/toc.js";
import type { Connection } from "../postgres/connection.js";
import { quoteName } from "../postgres/quote.js";
import { describeLargeObjects, type LargeObjectRoleUse } from "./check-large-objects.js";

/** An object as `pg_identify_object` names it, on whichever server. */
interface ObjectIdentity extends Record<string, unknown> {
  readonly type: string;
  readonly identity: string;
}

/** An object of the source, with the OIDs that it has there. */
export interface NamedObject extends ObjectIdentity, SourceObject {}

/** An object of the target; the OIDs are those of its catalog and its own. */
export interface ExistingObject extends ObjectIdentity {
  readonly classOid: number;
  readonly oid: number;
  /** The relation that it is a part of, such as the table of an identity sequence; else 0. */
  readonly partOf: number;
}

/** Catalogs whose objects a schema consists of, and the column that holds their schema, if any. */
const objectCatalogs: readonly (readonly [
  catalog: string,
  namespace: string | undefined,
  extra?: string,
])[] = [
  ["pg_class", "relnamespace", "relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'i', 'I')"],
  [
    "pg_type",
    "typnamespace",
    "typtype in ('e', 'd', 'r', 'c') and (typrelid = 0 or (select c.relkind from pg_catalog.pg_class c where c.oid = typrelid) = 'c')",
  ],
  ["pg_proc", "pronamespace"],
  ["pg_operator", "oprnamespace"],
  ["pg_opclass", "opcnamespace"],
  ["pg_opfamily", "opfnamespace"],
  ["pg_collation", "collnamespace"],
  ["pg_conversion", "connamespace"],
  ["pg_ts_config", "cfgnamespace"],
  ["pg_ts_dict", "dictnamespace"],
  ["pg_ts_parser", "prsnamespace"],
  ["pg_ts_template", "tmplnamespace"],
  ["pg_statistic_ext", "stxnamespace"],
  [
    "pg_namespace",
    undefined,
    "nspname !~ '^pg_' and nspname not in ('information_schema', 'public', 'pgcopy_journal')",
  ],
  ["pg_cast", undefined],
  ["pg_transform", undefined],
  ["pg_language", undefined],
  ["pg_foreign_data_wrapper", undefined],
  ["pg_foreign_server", undefined],
  ["pg_event_trigger", undefined],
  ["pg_publication", undefined],
  // Shared by all databases of the server, each of which has its own.
  [
    "pg_subscription",
    undefined,
    "subdbid = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())",
  ],
  ["pg_am", undefined],
  ["pg_extension", undefined],
];

/** pg_identify_object doesn't quote a transform's language. */
const identity = `coalesce(
  (select pg_catalog.format('for %s language %I', pg_catalog.format_type(t.trftype, null), l.lanname)
   from pg_catalog.pg_transform t join pg_catalog.pg_language l on l.oid = t.trflang
   where o.class = 'pg_catalog.pg_transform'::pg_catalog.regclass and t.oid = o.oid), i.identity)`;

/** OIDs below 16384 are PostgreSQL's own; members of extensions come and go with them. */
function existingObjectsQuery(target: Connection): string {
  // Below 14 only a superuser may read its column oid.
  const seesSubscriptions =
    target.serverVersion >= 140_000 || target.parameters.get("is_superuser") === "on";
  const catalogs = objectCatalogs.filter(
    ([catalog]) => catalog !== "pg_subscription" || seesSubscriptions,
  );
  const branches = catalogs.map(([catalog, namespace, extra]) => {
    const conditions = ["o.oid >= 16384"];
    if (extra !== undefined) conditions.push(`(${extra})`);
    if (namespace !== undefined) {
      conditions.push(
        `o.${namespace} not in (select n.oid from pg_catalog.pg_namespace n where n.nspname ~ '^pg_(temp|toast)' or n.nspname = 'pgcopy_journal')`,
      );
    }
    return `select 'pg_catalog.${catalog}'::pg_catalog.regclass::oid as class, o.oid from pg_catalog.${catalog} o where ${conditions.join(" and ")}`;
  });
  return `
select i.type, ${identity} as identity, o.class::bigint::float8 as "classOid", o.oid::bigint::float8 as oid,
       coalesce((select x.indrelid from pg_catalog.pg_index x
                 where o.class = 'pg_catalog.pg_class'::pg_catalog.regclass and x.indexrelid = o.oid),
                (select d.refobjid from pg_catalog.pg_depend d
                 where d.classid = o.class and d.objid = o.oid and d.deptype = 'i' and d.refobjid <> o.oid
                 and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass limit 1), 0)::bigint::float8 as "partOf"
from (${branches.join("\n union all ")}) as o
cross join lateral pg_catalog.pg_identify_object(o.class, o.oid, 0) as i
where not exists (select from pg_catalog.pg_depend d where d.classid = o.class and d.objid = o.oid and d.deptype = 'e')`;
}

const identitiesQuery = `
select i.type, ${identity} as identity, o.class::bigint::float8 as "classOid", o.oid::bigint::float8 as oid
from unnest($1::oid[], $2::oid[]) as o (class, oid)
cross join lateral pg_catalog.pg_identify_object(o.class, o.oid, 0) as i
where i.identity is not null
union all
select i.type, i.identity, 'pg_catalog.pg_constraint'::pg_catalog.regclass::oid::bigint::float8, k.oid::bigint::float8
from pg_catalog.pg_constraint k
cross join lateral pg_catalog.pg_identify_object('pg_catalog.pg_class'::pg_catalog.regclass, k.conindid, 0) as i
where k.oid = any ($3::oid[])`;

export interface Conflicts {
  /** What the clone would create, and is there already. */
  readonly objects: readonly ExistingObject[];
  /** Extensions that both ends have: kept, but no loss if something that they live in is dropped. */
  readonly extensions: readonly ExistingObject[];
}

/** The objects that the clone creates, by the names that they have on both ends. */
export async function nameObjects(
  source: Connection,
  entries: readonly TocEntry[],
): Promise<NamedObject[]> {
  const created = entries.filter((entry) => entry.oid !== 0 && isCreated(entry));
  return await source.query<NamedObject>("naming the source's objects", identitiesQuery, [
    created.map((entry) => entry.classOid),
    created.map((entry) => entry.oid),
    // A key's index is made with it, under the same name.
    entries.filter(isKey).map((entry) => entry.oid),
  ]);
}

/** The objects that the target already has of those that the clone would create. */
export async function findConflicts(
  source: Connection,
  target: Connection,
  entries: readonly TocEntry[],
): Promise<Conflicts> {
  const existing = await findExisting(target);
  if (existing.length === 0) return { objects: [], extensions: [] };
  return conflictsOf(existing, await nameObjects(source, entries));
}

/** The objects that the target has of those that are named. */
export async function findNamed(
  target: Connection,
  wanted: readonly ObjectIdentity[],
): Promise<Conflicts> {
  return conflictsOf(await findExisting(target), wanted);
}

async function findExisting(target: Connection): Promise<ExistingObject[]> {
  return await target.query<ExistingObject>(
    "looking at what the target holds",
    existingObjectsQuery(target),
  );
}

function conflictsOf(
  existing: readonly ExistingObject[],
  wanted: readonly ObjectIdentity[],
): Conflicts {
  const names = new Set(wanted.map(nameSpace));
  const known = existing.filter((object) => names.has(nameSpace(object)));
  const oids = new Set(known.map(({ oid }) => oid));
  const both = known.filter(({ partOf }) => !oids.has(partOf));
  return {
    objects: both.filter((object) => object.type !== "extension"),
    extensions: both.filter((object) => object.type === "extension"),
  };
}

function isKey({ statements }: TocEntry): boolean {
  return statements.some((statement) => statement.kind === "key_constraint");
}

/** An identity column's sequence is created by ALTER TABLE, which alone doesn't look like it. */
function isCreated({ classOid, statements }: TocEntry): boolean {
  if (classOid === PG_CLASS && statements.length > 0) return true;
  return statements.some((one) => one.creates || one.kind === "extension");
}

/** `table public.orders`, sorted. */
export function describeObjects(objects: readonly ExistingObject[]): string[] {
  return objects.map(({ type, identity }) => `${type} ${identity}`).sort();
}

/** Relations and types share one name space: a view is in the way of a table of the same name. */
function nameSpace({ type, identity }: ObjectIdentity): string {
  return /^(table|view|materialized view|foreign table|sequence|index|type|composite type)$/.test(
    type,
  )
    ? `relation ${identity}`
    : `${type} ${identity}`;
}

const REPLACE = "choose an empty database, or replace them with --drop-if-exists";

/** What to do about objects in the way, by what is known of where they come from. */
const adviceOnConflicts = {
  unknown: REPLACE,
  "no unfinished run": `there is no unfinished run to resume. One with --dir needs it again; one that was stopped at its very end had finished: pgcopy compare says whether both ends are the same. Otherwise ${REPLACE}`,
} as const;

/**
 * @param origin what is known of where they come from.
 * @throws PgCopyError `target_unfit`, listing what is in the way.
 */
export function refuseConflicts(
  conflicts: readonly ExistingObject[],
  largeObjects: readonly number[] = [],
  origin: keyof typeof adviceOnConflicts = "unknown",
): void {
  const all = conflicts.length + largeObjects.length;
  if (all === 0) return;
  const count = all === 1 ? "1 object" : `${all} objects`;
  throw new PgCopyError(`the target already has ${count} that the clone would create`, {
    code: "target_unfit",
    side: "target",
    items: [...describeObjects(conflicts), ...describeLargeObjects(largeObjects)],
    advice: `nothing was changed; ${adviceOnConflicts[origin]}`,
  });
}

/**
 * Roles that the schema names and the target lacks, each with what needs it: `nora (owner of 3 objects)`.
 *
 * @param created roles that will be there before they are needed.
 */
export async function findMissingRoles(
  target: Connection,
  schema: SchemaScript,
  created: readonly string[],
  ofLargeObjects: readonly LargeObjectRoleUse[],
): Promise<string[]> {
  const uses = new Map<string, { owner: number; acl: number; other: number }>();
  for (const { name, owner, acl } of ofLargeObjects) uses.set(name, { owner, acl, other: 0 });
  for (const statement of schema.entries.flatMap((entry) => entry.statements)) {
    for (const role of statement.roles) {
      const use = uses.get(role) ?? { owner: 0, acl: 0, other: 0 };
      use[statement.kind === "owner" ? "owner" : statement.kind === "acl" ? "acl" : "other"]++;
      uses.set(role, use);
    }
  }
  const rows = await target.query<{ rolname: string }>(
    "reading the target's roles",
    "select rolname::text from pg_catalog.pg_roles",
  );
  for (const role of [...rows.map(({ rolname }) => rolname), ...created]) uses.delete(role);
  return [...uses]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([role, { owner, acl, other }]) => {
      const needs = [
        owner > 0 ? `owner of ${owner} object${owner === 1 ? "" : "s"}` : "",
        acl > 0 ? `named in ${acl} grant${acl === 1 ? "" : "s"}` : "",
        other > 0 ? `named in ${other} other definition${other === 1 ? "" : "s"}` : "",
      ];
      return `${role} (${needs.filter((need) => need !== "").join(", ")})`;
    });
}

/** @throws PgCopyError `target_unfit`, listing them. */
export function refuseMissingRoles(roles: readonly string[]): void {
  if (roles.length === 0) return;
  const count = roles.length === 1 ? "a role" : `${roles.length} roles`;
  throw new PgCopyError(`the target lacks ${count} that the source's objects need`, {
    code: "target_unfit",
    side: "target",
    items: roles,
    statements: roles.map((role) => `create role ${quoteName(role.replace(/ \([^()]*\)$/, ""))}`),
    advice:
      "nothing was changed; let them be created (--roles), create them on the target, or go without them: --no-owner --no-acl",
  });
}
