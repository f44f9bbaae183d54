/** How a database was created: what another CREATE DATABASE needs to make one like it. */

import type { Connection } from "../postgres/connection.js";
import type { DatabaseProperties } from "./catalog.js";

/** The catalog's columns changed names: the provider came in 15, one locale column for all in 17. */
function databaseQuery(serverVersion: number): string {
  const provider = serverVersion >= 150_000 ? "d.datlocprovider" : "'c'";
  const locale =
    serverVersion >= 170_000
      ? "d.datlocale"
      : serverVersion >= 150_000
        ? "d.daticulocale"
        : "null::text";
  const rules = serverVersion >= 160_000 ? "d.daticurules" : "null::text";
  return `
select d.datname as name, pg_catalog.pg_get_userbyid(d.datdba) as owner,
       pg_catalog.pg_encoding_to_char(d.encoding) as encoding, d.datcollate as collate, d.datctype as ctype,
       case ${provider} when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end as provider,
       ${locale} as "providerLocale", ${rules} as "icuRules", nullif(t.spcname, 'pg_default') as tablespace
from pg_catalog.pg_database d
join pg_catalog.pg_tablespace t on t.oid = d.dattablespace
where d.datname = pg_catalog.current_database()`;
}

/** Reads the connected database's properties. */
export async function readDatabaseProperties(connection: Connection): Promise<DatabaseProperties> {
  const rows = await connection.query(
    "reading the database's properties",
    databaseQuery(connection.serverVersion),
  );
  const row = rows[0] as Record<string, string | null>;
  return {
    ...(row as unknown as DatabaseProperties),
    providerLocale: row.providerLocale ?? undefined,
    icuRules: row.icuRules ?? undefined,
    tablespace: row.tablespace ?? undefined,
  };
}
