/**
 * The roles of a cluster. They belong to no database, so they are read from the shared catalogs of
 * whichever one is connected to; the same reader serves both ends.
 */

import type { Connection } from "../postgres/connection.js";

/** What CREATE ROLE and ALTER ROLE take as keywords. */
export interface RoleAttributes {
  readonly superuser: boolean;
  readonly inherit: boolean;
  readonly createRole: boolean;
  readonly createDatabase: boolean;
  readonly login: boolean;
  readonly replication: boolean;
  readonly bypassRowSecurity: boolean;
  /** -1: no limit. */
  readonly connectionLimit: number;
  /** A timestamp in UTC, whatever the server's time zone; undefined: for ever. */
  readonly validUntil: string | undefined;
}

/** A security label of a role or a database. */
export interface SecurityLabel {
  readonly provider: string;
  readonly label: string;
}

export interface Role extends RoleAttributes {
  readonly oid: number;
  readonly name: string;
  /** As pg_authid stores it: a hash. Must never be in a message. Undefined also where it was not asked for. */
  readonly password: string | undefined;
  readonly comment: string | undefined;
  /** `name=value`, of ALTER ROLE … SET for all databases. */
  readonly settings: readonly string[];
  readonly labels: readonly SecurityLabel[];
}

/** `member` is in `role`. */
export interface Membership {
  readonly role: string;
  readonly member: string;
  /** Who granted it, where the server keeps track of that: PostgreSQL 16 and newer. */
  readonly grantor: string | undefined;
  readonly admin: boolean;
  /** PostgreSQL 16 and newer; undefined on older servers, where the member's own attribute decides. */
  readonly inherit: boolean | undefined;
  /** Whether SET ROLE is allowed; undefined before PostgreSQL 16, where it always is. */
  readonly set: boolean | undefined;
}

export interface Roles {
  readonly serverVersion: number;
  /** All of them, in the order of their making. */
  readonly roles: readonly Role[];
  readonly memberships: readonly Membership[];
  /** The name of the role that the session acts as. */
  readonly current: string;
  /** `name=value`, of ALTER ROLE ALL SET. */
  readonly settingsOfAll: readonly string[];
}

/** initdb's superuser, whatever its name: PostgreSQL's BOOTSTRAP_SUPERUSERID. */
export const BOOTSTRAP_SUPERUSER = 10;

/** Whether it came with the server: pg_monitor and the like, and initdb's superuser. */
export function isPredefined({ oid, name }: Pick<Role, "oid" | "name">): boolean {
  return oid === BOOTSTRAP_SUPERUSER || name.startsWith("pg_");
}

/** pg_roles shows what pg_authid holds, but for the passwords, to everybody. */
function rolesQuery(withPasswords: boolean): string {
  const catalog = withPasswords ? "pg_authid" : "pg_roles";
  return `
select r.oid::bigint::float8 as oid, r.rolname::text as name, r.rolsuper as superuser, r.rolinherit as inherit,
       r.rolcreaterole as "createRole", r.rolcreatedb as "createDatabase", r.rolcanlogin as login,
       r.rolreplication as replication, r.rolbypassrls as "bypassRowSecurity",
       r.rolconnlimit as "connectionLimit", case when isfinite(r.rolvaliduntil) then (r.rolvaliduntil at time zone 'UTC')::text || '+00'
         else r.rolvaliduntil::text end as "validUntil",
       ${withPasswords ? "r.rolpassword" : "null::text"} as password,
       pg_catalog.shobj_description(r.oid, 'pg_authid') as comment,
       coalesce((select s.setconfig from pg_catalog.pg_db_role_setting s
                 where s.setrole = r.oid and s.setdatabase = 0), '{}') as settings,
       coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('provider', l.provider, 'label', l.label) order by l.provider)
                 from pg_catalog.pg_shseclabel l
                 where l.classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass and l.objoid = r.oid), '[]') as labels
from pg_catalog.${catalog} r
order by r.oid`;
}

/** Before PostgreSQL 16 a grantor is kept, too, but not kept true: he may be long gone. */
function membershipsQuery(serverVersion: number): string {
  const tracked = serverVersion >= 160_000;
  return `
select r.rolname::text as role, m.rolname::text as member, ${tracked ? "g.rolname::text" : "null::text"} as grantor,
       a.admin_option as admin, ${tracked ? "a.inherit_option" : "null::bool"} as inherit,
       ${tracked ? "a.set_option" : "null::bool"} as set
from pg_catalog.pg_auth_members a
join pg_catalog.pg_roles r on r.oid = a.roleid
join pg_catalog.pg_roles m on m.oid = a.member
left join pg_catalog.pg_roles g on g.oid = a.grantor
order by a.roleid, a.member, a.grantor`;
}

const othersQuery = `
select current_user::text as current,
       coalesce((select s.setconfig from pg_catalog.pg_db_role_setting s
                 where s.setrole = 0 and s.setdatabase = 0), '{}') as "settingsOfAll"`;

const mayReadPasswordsQuery =
  "select pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'select') as may";

const attempted = "reading the roles";

/** Whether the session's role may read the hashes: a superuser may, and nobody on a managed service. */
export async function mayReadPasswords(connection: Connection): Promise<boolean> {
  const [row] = await connection.query<{ may: boolean }>(attempted, mayReadPasswordsQuery);
  return row?.may === true;
}

/**
 * Reads all roles with their memberships: three queries, however many there are.
 *
 * @param withPasswords needs what `mayReadPasswords` asks for.
 */
export async function readRoles(connection: Connection, withPasswords: boolean): Promise<Roles> {
  const { serverVersion } = connection;
  const roles = await connection.query(attempted, rolesQuery(withPasswords));
  const memberships = await connection.query(attempted, membershipsQuery(serverVersion));
  const [others] = await connection.query(attempted, othersQuery);
  return {
    serverVersion,
    roles: roles.map(withoutNulls) as unknown as Role[],
    memberships: memberships.map(withoutNulls) as unknown as Membership[],
    ...(others as Pick<Roles, "current" | "settingsOfAll">),
  };
}

function withoutNulls(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? undefined]));
}
