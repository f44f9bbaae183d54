/** Whether the target's server would make the database that a clone needs, asked before anything is changed. */

import type { DatabaseProperties } from "../catalog/catalog.js";
import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import { quoteName } from "../postgres/quote.js";
import { refuseUnknownLocale } from "./check-locales.js";

const mayCreateQuery = `
select r.rolsuper or r.rolcreatedb as may, r.rolname::text as role
from pg_catalog.pg_roles r where r.rolname = current_user`;

/**
 * Refuses what CREATE DATABASE would.
 *
 * @param maintenance a session in another database of the target's server.
 * @param name the database that is to be created.
 * @throws PgCopyError `target_unfit`: the role may create none, or the server doesn't know the locale.
 */
export async function refuseNewDatabase(
  maintenance: Connection,
  name: string,
  source: DatabaseProperties,
): Promise<void> {
  const [row] = await maintenance.query<{ may: boolean; role: string }>(
    "looking up whether the target's role may create databases",
    mayCreateQuery,
  );
  if (row?.may === false) throw forbidden(name, row.role);
  refuseUnknownProvider(maintenance, source);
  await refuseUnknownLocale(maintenance, source);
}

function forbidden(name: string, role: string): PgCopyError {
  return new PgCopyError(`the target's role may not create the database ${name}`, {
    code: "target_unfit",
    side: "target",
    advice: "nothing was changed; let it create databases, or create this one beforehand",
    statements: [
      `alter role ${quoteName(role)} createdb`,
      `create database ${quoteName(name)} owner ${quoteName(role)} template template0`,
    ],
  });
}

/** The target's version may have no such locales for databases. */
function refuseUnknownProvider(target: Connection, source: DatabaseProperties): void {
  const needed = { libc: 0, icu: 150_000, builtin: 170_000 }[source.provider];
  if (target.serverVersion >= needed) return;
  throw new PgCopyError(
    `the source database's locale comes from ${source.provider}, which the target's version doesn't know for databases`,
    {
      code: "target_unfit",
      side: "target",
      advice: `nothing was changed; create the target database beforehand with another locale, or use PostgreSQL ${needed / 10_000} or newer`,
    },
  );
}
