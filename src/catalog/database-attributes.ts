/** What a database is beside its content, and can be altered later: on either end. */

import type { Connection } from "../postgres/connection.js";
import type { DatabaseProperties } from "./catalog.js";
import { readDatabaseProperties } from "./database-properties.js";
import type { SecurityLabel } from "./roles.js";

/** One entry of the database's privileges. */
export interface DatabaseGrant {
  readonly grantor: string;
  /** Undefined: PUBLIC. */
  readonly grantee: string | undefined;
  readonly privilege: "CONNECT" | "CREATE" | "TEMPORARY";
  readonly grantable: boolean;
}

export interface DatabaseAttributes {
  readonly properties: DatabaseProperties;
  /** -1: no limit. */
  readonly connectionLimit: number;
  readonly template: boolean;
  readonly tablespace: string;
  readonly comment: string | undefined;
  readonly labels: readonly SecurityLabel[];
  /** `name=value`, of ALTER DATABASE … SET. */
  readonly settings: readonly string[];
  /** `name=value`, of ALTER ROLE … IN DATABASE … SET. */
  readonly roleSettings: readonly { readonly role: string; readonly setting: string }[];
  /** The defaults are spelled out where nothing was ever granted or revoked. */
  readonly grants: readonly DatabaseGrant[];
}

const attributesQuery = `
select d.datconnlimit as "connectionLimit", d.datistemplate as template, t.spcname::text as tablespace,
       pg_catalog.shobj_description(d.oid, 'pg_database') as comment,
       coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('provider', l.provider, 'label', l.label) order by l.provider)
                 from pg_catalog.pg_shseclabel l
                 where l.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass and l.objoid = d.oid), '[]') as labels,
       coalesce((select s.setconfig from pg_catalog.pg_db_role_setting s
                 where s.setdatabase = d.oid and s.setrole = 0), '{}') as settings,
       coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('role', r.rolname, 'setting', c.setting) order by r.rolname, c.at)
                 from pg_catalog.pg_db_role_setting s
                 join pg_catalog.pg_roles r on r.oid = s.setrole
                 cross join lateral unnest(s.setconfig) with ordinality as c (setting, at)
                 where s.setdatabase = d.oid), '[]') as "roleSettings",
       coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('grantor', g.rolname, 'grantee', e.rolname,
                   'privilege', a.privilege_type, 'grantable', a.is_grantable) order by g.rolname, e.rolname, a.privilege_type)
                 from pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
                 join pg_catalog.pg_roles g on g.oid = a.grantor
                 left join pg_catalog.pg_roles e on e.oid = a.grantee), '[]') as grants
from pg_catalog.pg_database d
join pg_catalog.pg_tablespace t on t.oid = d.dattablespace
where d.datname = pg_catalog.current_database()`;

/** Reads the connected database's attributes. */
export async function readDatabaseAttributes(connection: Connection): Promise<DatabaseAttributes> {
  const rows = await connection.query("reading the database's attributes", attributesQuery);
  const row = rows[0] as unknown as DatabaseAttributes;
  return {
    ...row,
    properties: await readDatabaseProperties(connection),
    comment: row.comment ?? undefined,
    grants: row.grants.map((grant) => ({ ...grant, grantee: grant.grantee ?? undefined })),
  };
}
