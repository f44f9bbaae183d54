/** Creating the target database as the source's was created. */

import type { DatabaseProperties } from "../catalog/catalog.js";
import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import { quoteLiteral, quoteName } from "../postgres/quote.js";
import { failpoint } from "../run/failpoints.js";

/** The comment of a database that we created, until it is finished and gets the source's. */
const UNFINISHED = "created by pgcopy for a clone that is not finished";

/** Whether a run that was not finished created the database that the session is in. */
export async function isOurDatabase(target: Connection): Promise<boolean> {
  const rows = await target.query(
    "looking at the target database",
    `select from pg_catalog.pg_database d
     where d.datname = pg_catalog.current_database() and pg_catalog.shobj_description(d.oid, 'pg_database') = $1`,
    [UNFINISHED],
  );
  return rows.length > 0;
}

/**
 * Creates a database with the source's encoding, locale and provider from template0, whose content
 * can't get in the way.
 *
 * @param maintenance a session in another database of the target server.
 * @param options keepOwner: give it the source database's owner, if the target has that role.
 * @throws PgCopyError `target_unfit`, with the server's reason.
 */
export async function createDatabase(
  maintenance: Connection,
  name: string,
  source: DatabaseProperties,
  {
    keepOwner,
    tablespace,
  }: { readonly keepOwner: boolean; readonly tablespace?: string | undefined },
): Promise<void> {
  const owner = keepOwner
    ? ` owner ${quoteName(await ownerOfNewDatabase(maintenance, source))}`
    : "";
  const place = tablespace === undefined ? "" : ` tablespace ${quoteName(tablespace)}`;
  const sql = `create database ${quoteName(name)} template template0${owner}${place} ${localeClause(source, maintenance.serverVersion)}`;
  try {
    await maintenance.execute(`creating database ${name}`, sql);
    await failpoint("database.created", maintenance.signal);
    await maintenance.execute(
      `describing database ${name}`,
      `comment on database ${quoteName(name)} is ${quoteLiteral(UNFINISHED)}`,
    );
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.code !== "task_failed") throw error;
    throw new PgCopyError(
      `database ${name} can't be created on the target: ${error.server?.message ?? error.message}`,
      {
        code: "target_unfit",
        side: "target",
        advice: createAdvice(error.server?.sqlstate, sql),
        ...(error.server === undefined ? {} : { server: error.server }),
        cause: error,
      },
    );
  }
}

function createAdvice(sqlstate: string | undefined, sql: string): string {
  switch (sqlstate) {
    case "42501":
      return "let the target's role create databases, or create the database beforehand";
    case "23505": // two at the same moment: the catalog's unique index
    case "42P04":
      return "another session has just created it: if that is another run of pgcopy, wait for it; else run this again";
    default:
      return `create the database beforehand: ${sql}`;
  }
}

/** The options of CREATE DATABASE, as the target's version spells them. */
function localeClause(source: DatabaseProperties, targetVersion: number): string {
  const parts = [
    `encoding ${quoteLiteral(source.encoding)}`,
    `lc_collate ${quoteLiteral(source.collate)}`,
    `lc_ctype ${quoteLiteral(source.ctype)}`,
  ];
  if (targetVersion >= 150_000) parts.push(`locale_provider ${source.provider}`);
  if (source.providerLocale !== undefined) {
    parts.push(
      `${source.provider === "icu" ? "icu_locale" : "builtin_locale"} ${quoteLiteral(source.providerLocale)}`,
    );
  }
  if (source.icuRules !== undefined) parts.push(`icu_rules ${quoteLiteral(source.icuRules)}`);
  return parts.join(" ");
}

/** The source database's owner, if the target has that role and its own role may make it one; else that role. */
export async function ownerOfNewDatabase(
  maintenance: Connection,
  { owner }: DatabaseProperties,
): Promise<string> {
  // Until version 15 every member of a role could become it.
  const privilege = maintenance.serverVersion >= 160_000 ? "set" : "member";
  const [row] = await maintenance.query<{ owner: string }>(
    "looking up the database's owner",
    `select coalesce((select r.rolname from pg_catalog.pg_roles r
                      where r.rolname = $1 and pg_catalog.pg_has_role(r.oid, $2)
                        and pg_catalog.pg_has_role(r.oid, 'usage')), current_user)::text as owner`,
    [owner, privilege],
  );
  return row?.owner ?? owner;
}
